package policy

// assignGroup assigns the members in order. What the group is colocated with
// becomes the business of its first member, what is colocated with the group
// that of its last.
func (r *resource) assignGroup(prefer *place) *place {
	if !r.provisional {
		return r.allocated
	}
	if r.assigning {
		return nil
	}
	if len(r.children) == 0 {
		r.provisional = false
		return nil
	}
	r.assigning = true
	first := r.children[0]
	r.role = first.role
	r.expandColocations()
	r.p.showScores("pcmk__group_assign", r)
	var taken *place
	for _, m := range r.children {
		pl := m.assign(prefer)
		if taken == nil {
			taken = pl
		}
	}
	r.next = first.next
	r.assigning, r.provisional = false, false
	if !r.group.colocated {
		return nil
	}
	return taken
}

func (r *resource) expandColocations() {
	first, last := r.children[0], r.children[len(r.children)-1]
	for _, c := range r.thisWith {
		first.addThisWith(c)
	}
	unmanaged := !first.managed
	for _, m := range r.children[1:] {
		if unmanaged {
			// The members before it may not pass on where they should be.
			for _, c := range r.thisWith {
				if c.score == infinity {
					m.addThisWith(c)
				}
			}
		} else if !m.managed {
			unmanaged = true
		}
	}
	for _, c := range r.withThis {
		last.addWithThis(c)
	}
	r.thisWith, r.withThis = nil, nil
}

func (r *resource) createGroupActions() {
	for _, m := range r.children {
		m.createActions()
	}
	for _, task := range [...]string{"start", "running", "stop", "stopped"} {
		r.pseudo(task, true, true)
	}
	if isTrue(r.meta["promotable"]) {
		for _, task := range [...]string{"demote", "demoted", "promote", "promoted"} {
			r.pseudo(task, true, true)
		}
	}
}

// groupColocation is the id of what keeps the members of a group together.
const groupColocation = "group:internal_colocation"

// constrainGroup orders and colocates the members among themselves.
func (r *resource) constrainGroup() {
	p := r.p
	p.orderKeys(r, "stop", r, "stopped", ordRunnableFirst)
	p.orderKeys(r, "stopped", r, "start", ordOptional)
	p.orderKeys(r, "start", r, "running", ordRunnableFirst)
	promotable := r.top().promotable
	var previous, lastActive *resource
	for _, m := range r.children {
		r.constrainMember(m, previous, promotable)
		if len(m.running) > 0 {
			if r.group.ordered && previous != nil && len(previous.running) == 0 && lastActive != nil && len(lastActive.running) > 0 {
				p.orderKeys(m, "stop", lastActive, "stop", ordOptional)
			}
			lastActive = m
		}
		previous = m
	}
}

func (r *resource) constrainMember(m, previous *resource, promotable bool) {
	p := r.p
	m.internalConstraints()
	down, downDone := ordFirstPrinted, ordThenPrinted
	if previous == nil {
		if r.group.ordered {
			down |= ordOptional
			downDone = ordImpliesThen
		}
	} else if r.group.colocated {
		p.addColocation(&colocation{id: groupColocation, dependent: m, primary: previous, score: infinity, influence: m.critical})
	}
	const up = ordRunnableFirst | ordImpliesThen | ordThenPrinted
	if promotable {
		p.orderKeys(r, "demote", m, "demote", down)
		p.orderKeys(m, "demote", r, "demoted", downDone)
		p.orderKeys(m, "promote", r, "promoted", up)
		p.orderKeys(r, "promote", m, "promote", ordFirstPrinted)
	}
	p.orderKeys(r, "stop", m, "stop", down)
	p.orderKeys(m, "stop", r, "stopped", downDone)
	p.orderKeys(r, "start", m, "start", ordFirstPrinted)
	p.orderKeys(m, "start", r, "running", up)
	switch {
	case !r.group.ordered:
		p.orderKeys(r, "start", m, "start", ordImpliesThen|ordRunnableFirst|ordFirstPrinted)
		if promotable {
			p.orderKeys(r, "promote", m, "promote", ordImpliesThen|ordRunnableFirst|ordFirstPrinted)
		}
	case previous != nil:
		p.orderKeys(previous, "start", m, "start", ordImpliesThen|ordRunnableFirst)
		p.orderKeys(m, "stop", previous, "stop", ordOptional|ordRestart)
		if promotable {
			p.orderKeys(previous, "promote", m, "promote", ordImpliesThen|ordRunnableFirst)
			p.orderKeys(m, "demote", previous, "demote", ordOptional)
		}
	}
}

// atomicTask is the task of a primitive that a stage of a group or clone is
// about: stop for stopped.
func (r *resource) atomicTask(task string) string {
	if t := doing(task); t != "" && r.variant == primitive {
		return t
	}
	return task
}

// knownTask: the tasks that collective actions know; others have no members.
func knownTask(task string) string {
	switch task {
	case "start", "running", "stop", "stopped", "promote", "promoted", "demote", "demoted", "notify", "notified", "monitor":
		return task
	}
	return "no_action"
}

// actionFlags are an action's flags; those of a group's or clone's action
// follow from the actions in it (on n, if given).
func (r *resource) actionFlags(a *action, n *node) actFlag {
	switch r.variant {
	case group:
		return r.groupFlags(a, n)
	case clone:
		return r.cloneFlags(a, n)
	case bundle:
		return r.bundleFlags(a, n)
	}
	return a.flags
}

func (r *resource) groupFlags(a *action, n *node) actFlag {
	flags := actOptional | actRunnable | actPseudo
	known := knownTask(a.task)
	for _, m := range r.children {
		task := m.atomicTask(known)
		b := m.newestAction(task, n)
		if b == nil {
			if task != "stop" && task != "demote" {
				flags &^= actRunnable
			}
			continue
		}
		mf := m.actionFlags(b, n)
		if flags&actOptional != 0 && mf&actOptional == 0 {
			flags &^= actOptional
			a.clear(actOptional)
		}
		if task != a.task && flags&actRunnable != 0 && mf&actRunnable == 0 {
			flags &^= actRunnable
			a.clear(actRunnable)
		}
	}
	return flags
}

func (p *plan) updateGroupOrdered(first, then *action, n *node, flags, filter actFlag, kind ordFlag) changed {
	ch := p.updatePair(first, then, flags, filter, kind)
	for _, m := range then.r.children {
		if b := m.newestAction(then.task, n); b != nil {
			ch |= m.updateOrdered(first, b, n, flags, filter, kind)
		}
	}
	return ch
}
