package policy

import "slices"

// causeOf says why an action is needed. Its text is never empty.
func (p *plan) causeOf(a *action) Reason {
	switch {
	case a.why != nil:
		return *a.why
	case a.r == nil:
		return p.clusterCause(a)
	}
	r := a.r
	switch a.task {
	case "monitor":
		return r.monitorCause(a)
	case "start":
		return r.startCause(a)
	case "stop":
		return r.stopCause(a)
	case "migrate_to", "migrate_from":
		return r.moveCause(p.nodeByName[a.said("migrate_source")])
	case "promote":
		return r.promoteCause(a)
	case "demote":
		return r.demoteCause(a)
	case "notify":
		return Reason{Kind: ReasonNotify, ID: r.top().id}
	}
	if a.whyAction != nil {
		return p.becauseOrdered(a)
	}
	if a.isRecurring() {
		return Reason{Kind: ReasonMonitor, Subject: r.id}
	}
	return Reason{Kind: ReasonCluster, Action: a.task, Node: nameOf(a.n), Detail: a.reason}
}

// clusterCause is the cause of what belongs to no resource.
func (p *plan) clusterCause(a *action) Reason {
	switch {
	case a.task == "stonith" && a.n.isGuest():
		return Reason{Kind: ReasonGuestFence, Node: a.n.name, Resource: a.n.remote.container.id}
	case a.task == "stonith" && a.said("stonith_action") == "on":
		return Reason{Kind: ReasonUnfencing, Node: a.n.name, Detail: firstText(a.reason, "resources that start or stop there require it")}
	case a.task == "stonith":
		return Reason{Kind: ReasonFencing, Node: a.n.name, Detail: firstText(a.n.why, a.reason)}
	case a.task == "probe_again":
		return Reason{Kind: ReasonProbeAgain, Node: a.n.name}
	}
	return Reason{Kind: ReasonCluster, Action: a.task, Node: nameOf(a.n), Detail: a.reason}
}

func nameOf(n *node) string {
	if n == nil {
		return "no node"
	}
	return n.name
}

func (r *resource) monitorCause(a *action) Reason {
	switch {
	case a.is(actReschedule) && a.isRecurring():
		return Reason{Kind: ReasonParameters}
	case a.isRecurring():
		return Reason{Kind: ReasonMonitor, Subject: r.id}
	}
	return Reason{Kind: ReasonUnknown, Node: nameOf(a.n)}
}

func (r *resource) startCause(a *action) Reason {
	now := r.current()
	switch {
	case now != nil && r.allocated != nil && !r.runsOn(r.allocated.node):
		return r.moveCause(now)
	case now != nil:
		return r.restartCause(a)
	}
	return Reason{Kind: ReasonWanted, Node: nameOf(a.n)}
}

func (r *resource) stopCause(a *action) Reason {
	switch {
	case r.orphan:
		return r.orphaned()
	case a.n == nil:
		return r.restartCause(a)
	case len(r.running) > 1 && r.activeCount() > 1 && (r.allocated == nil || !r.runsOn(r.allocated.node) || a.n != r.allocated.node || !r.failed):
		return Reason{Kind: ReasonMultiple, Detail: nodeNames(r.running), Value: firstText(r.meta["multiple-active"], "stop_start")}
	case r.allocated == nil, a.n != r.allocated.node:
		return r.moveCause(a.n)
	}
	return r.restartCause(a)
}

// moveCause says why r leaves a node: what keeps it from staying there.
func (r *resource) moveCause(from *node) Reason {
	if from != nil {
		if r.failed {
			if op := r.p.lastFailed(r, from); op != nil {
				return recovering(failureReason(op, from))
			}
		}
		if why := r.against(from); len(why) > 0 && (why[0].Kind != ReasonCloneMax || r.allocated == nil) {
			return why[0]
		}
		if why := r.outweighed(from); len(why) > 0 {
			return why[0]
		}
		for _, a := range r.actions {
			if a.whyAction != nil && (a.task == "stop" || a.task == "start") {
				return r.p.becauseOrdered(a)
			}
		}
	}
	if r.allocated == nil {
		return Reason{Kind: ReasonCluster, Detail: "no node can take it"}
	}
	return Reason{Kind: ReasonWanted, Node: r.allocated.name}
}

func recovering(why Reason) Reason {
	why.Kind = ReasonRecover
	return why
}

// restartCause says why r goes down and comes up again where it is, or cannot:
// whatever one of the actions that this takes was needed for in the first place.
func (r *resource) restartCause(a *action) Reason {
	p := r.p
	if r.failed || r.mustStop || slices.ContainsFunc(r.fillers, func(f *resource) bool { return f.failed }) {
		if why, ok := r.recoveryCause(); ok {
			return why
		}
	}
	changes := slices.DeleteFunc(append([]*action{a}, r.actions...), func(b *action) bool {
		return b.task != "start" && b.task != "stop" && b.task != "demote" && b.task != "promote"
	})
	for _, b := range changes {
		if b.why != nil && !b.is(actOptional) {
			why := *b.why
			if why.Kind == ReasonFenced && a.task != b.task {
				why.Action = a.task
			}
			return why
		}
	}
	for _, b := range changes {
		if b.task == "start" {
			if why, blocked := p.whyBlocked(b); blocked {
				return why
			}
		}
	}
	for _, b := range changes {
		if b.whyAction != nil {
			return p.becauseOrdered(b)
		}
	}
	if r.failed {
		return recovering(Reason{Node: nameOf(r.current())})
	}
	return Reason{Kind: ReasonWanted, Node: nameOf(nodeOf(r.allocated))}
}

// recoveryCause is the failure, of r or of what lives in it, that r is
// recovered from.
func (r *resource) recoveryCause() (Reason, bool) {
	for _, q := range append([]*resource{r}, r.fillers...) {
		for _, n := range append([]*node{r.current()}, r.running...) {
			if op := r.p.lastFailed(q, n); op != nil && n != nil {
				why := recovering(failureReason(op, n))
				why.Subject = r.ifOther(q)
				return why, true
			}
		}
	}
	for i := range r.notes {
		if r.notes[i].why.Kind == ReasonGuestLost {
			return r.notes[i].why, true
		}
	}
	return Reason{}, false
}

// isProbe: a finds out whether a resource is active.
func (a *action) isProbe() bool { return a.task == "monitor" && !a.isRecurring() }

func (r *resource) promoteCause(a *action) Reason {
	s := r.sortIndex
	if s >= infinity {
		s = r.priority
	}
	return Reason{Kind: ReasonPromotion, Node: nameOf(a.n), Score: s, Value: "best"}
}

func (r *resource) demoteCause(a *action) Reason {
	switch {
	case r.failed:
		return r.restartCause(a)
	case r.allocated == nil || a.n != r.allocated.node:
		return r.moveCause(a.n)
	case r.next == rolePromoted:
		return r.restartCause(a)
	}
	if top := r.top(); top.promotable && a.n != nil {
		if why := r.roleWhy(top, a.n); len(why) > 0 && why[0].Value != "best" {
			return why[0]
		}
	}
	return Reason{Kind: ReasonRole, Node: nameOf(a.n)}
}

// becauseOrdered is the cause of an action that another one made necessary or
// impossible. Behind the stages of groups and clones it finds what is meant.
func (p *plan) becauseOrdered(a *action) Reason { return p.becauseOf(a, a.whyAction, a.whyFlag, true) }

// becauseOf is becauseOrdered for the action other, which dropped a flag of a.
func (p *plan) becauseOf(a, other *action, dropped actFlag, deep bool) Reason {
	for depth := 0; depth < 10 && other.is(actPseudo) && other.whyAction != nil; depth++ {
		other = other.whyAction
	}
	if other.task == "stonith" {
		return p.causeOf(other)
	}
	why := Reason{Kind: ReasonOrder, Action: firstText(doing(other.task), other.task)}
	if dropped != actOptional {
		why.Kind = ReasonBlockedBy
	}
	if i := slices.IndexFunc(other.before, func(l *link) bool { return l.a.r != nil && !l.a.is(actRunnable) }); other.r == nil && i >= 0 {
		other = other.before[i].a
		why.Action = other.task
	}
	if other.r != nil {
		why.Resource = other.r.id
		if a.r == nil || a.r.outermost() != other.r.outermost() {
			why.ID = p.orderID(a.r, other.r)
		}
	}
	if dropped == actOptional && other.restarts() {
		why.Action = "restart"
	}
	why.Name, why.Other = tieOf(a, other)
	if other.isProbe() {
		why.Action = "probe"
	}
	if other.n != nil && (dropped == actOptional || other.isProbe()) {
		why.Node = other.n.name
	}
	if dropped != actOptional && deep {
		why.Detail = p.rootOf(other.root())
	}
	return why
}

// restarts: what a belongs to goes down and comes up again on the same node.
func (a *action) restarts() bool {
	if a.r == nil || a.n == nil || a.task != "start" && a.task != "stop" || !a.r.runsOn(a.n) {
		return false
	}
	for _, task := range [...]string{"start", "stop"} {
		if list := a.r.exactActions(task, 0, a.n); len(list) == 0 || list[0].is(actOptional) {
			return false
		}
	}
	return true
}

// tieOf is what ties two actions together where no constraint does: that the one
// lives inside of the other, itself or by the node it is on, or their group.
func tieOf(a, other *action) (kind, name string) {
	switch {
	case a.r == nil || other.r == nil:
	case a.r.container == other.r:
		return "inside", ""
	case a.n != nil && a.n.isGuest() && a.n.remote.container == other.r:
		return "host", a.n.name
	case a.r.parent != nil && a.r.parent.variant == group && a.r.parent == other.r.parent:
		return "group", a.r.parent.id
	}
	return "", ""
}

// orderID is the ordering constraint between two resources or what is around
// them, "" if there is none: then it follows from what they are.
func (p *plan) orderID(a, b *resource) string {
	around := func(r *resource) []string {
		var ids []string
		for ; r != nil; r = r.parent {
			ids = append(ids, r.id, r.xmlID)
		}
		return ids
	}
	as, bs := around(a), around(b)
	for i := range p.cib.Config.Orders {
		c := &p.cib.Config.Orders[i]
		names := p.named(c.First, c.Then)
		for j := range c.Sets {
			names = append(names, p.named(c.Sets[j].Refs...)...)
		}
		in := func(ids []string) bool {
			return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(names, id) })
		}
		if in(as) && in(bs) {
			return c.ID
		}
	}
	return ""
}

// named are ids and what is behind those that are tags or templates.
func (p *plan) named(ids ...string) []string {
	out := slices.Clone(ids)
	for _, id := range ids {
		if refs, ok := p.tagged(id); ok {
			out = append(out, refs...)
		}
	}
	return out
}
