package policy

// listChanges says what will happen to nodes and resources.
func (p *plan) listChanges() {
	for i := len(p.actions) - 1; i >= 0; i-- {
		a := p.actions[i]
		if a.r != nil || a.is(actOptional) || a.n == nil || a.reason == "" {
			// A clean shutdown was asked for: the reference does not list it.
			continue
		}
		c := Change{Node: a.n.name, Container: a.n.container(), Reason: a.reason}
		switch a.task {
		case "do_shutdown":
			c.Verb = "Shutdown"
		case "stonith":
			c.Verb = "Fence (" + a.said("stonith_action") + ")"
		default:
			continue
		}
		p.changes = append(p.changes, c)
	}
	for _, r := range p.resources {
		p.listResourceChanges(r)
	}
}

func (p *plan) listResourceChanges(r *resource) {
	if r.variant == bundle {
		for _, c := range r.bundle.replicas {
			for _, part := range c.parts() {
				p.listResourceChanges(part)
			}
		}
		return
	}
	if len(r.children) > 0 {
		for _, c := range r.children {
			p.listResourceChanges(c)
		}
		return
	}
	var current *node
	if len(r.running) > 0 {
		current = r.current()
		if r.role == roleStopped {
			// The stop after a migration is all that is left of it.
			r.role = roleStarted
		}
	}
	next := nodeOf(r.allocated)
	if !r.managed || current == nil && (next == nil || r.orphan) {
		return
	}
	first := func(task string, n *node) *action {
		if list := r.findActions(task, 0, n); len(list) > 0 {
			return list[0]
		}
		return nil
	}
	var ch changeMaker
	ch.p, ch.r, ch.current, ch.next = p, r, current, next
	ch.moving = current != nil && next != nil && current != next
	ch.start = first("start", next)
	var stopNode *node
	if ch.start != nil && ch.start.is(actRunnable) {
		stopNode = current
	}
	ch.stop = first("stop", stopNode)
	if ch.stop == nil && r.stopUnexpected {
		ch.stop = first("stop", nil)
	}
	ch.promote, ch.demote = first("promote", next), first("demote", next)
	if r.role == r.next {
		ch.from = first("migrate_from", next)
		ch.sameRole()
	} else {
		ch.newRole()
	}
}

// changeMaker finds the verb for what happens to one resource.
type changeMaker struct {
	p                                  *plan
	r                                  *resource
	current, next                      *node
	moving                             bool
	start, stop, promote, demote, from *action
}

func (c *changeMaker) add(verb string, from, to *node, a, source *action) {
	if a == nil {
		return
	}
	if source == nil {
		source = a
	}
	ch := Change{Verb: verb, Resource: c.r.id, Role: roleNames[c.r.role], NextRole: roleNames[c.r.next],
		Reason: source.reason, Blocked: !a.is(actRunnable)}
	if from != nil {
		ch.From = from.name
	}
	if to != nil {
		ch.To = to.name
	}
	c.p.changes = append(c.p.changes, ch)
}

func withReason(a, other *action) *action {
	if a != nil && a.reason != "" {
		return a
	}
	return other
}

func (c *changeMaker) sameRole() {
	r := c.r
	switch {
	case c.next == nil:
	case c.from != nil && c.current != nil && c.from.is(actRunnable):
		c.add("Migrate", c.current, c.next, c.start, nil)
	case r.reload:
		c.add("Reload", c.current, c.next, c.start, nil)
	case c.start == nil || c.start.is(actOptional):
		if c.demote != nil && c.promote != nil && !c.demote.is(actOptional) && !c.promote.is(actOptional) {
			c.add("Re-promote", c.current, c.next, c.promote, c.demote)
		}
	case !c.start.is(actRunnable):
		c.add("Stop", c.current, nil, c.stop, withReason(c.stop, c.start))
	case c.moving && c.current != nil:
		verb := "Move"
		if r.failed {
			verb = "Recover"
		}
		c.add(verb, c.current, c.next, c.stop, nil)
	case r.failed:
		c.add("Recover", c.current, nil, c.stop, nil)
	default:
		c.add("Restart", c.current, c.next, c.start, nil)
	}
}

func (c *changeMaker) newRole() {
	r := c.r
	switch {
	case c.stop != nil && (r.next == roleStopped || c.start != nil && !c.start.is(actRunnable)):
		for _, n := range r.running {
			var stop *action
			if list := r.findActions("stop", 0, n); len(list) > 0 {
				stop = list[0]
			}
			c.add("Stop", n, nil, stop, withReason(stop, c.start))
		}
	case c.stop != nil && r.failed && r.mustStop:
		c.add("Recover", c.current, c.next, c.stop, c.start)
	case c.moving:
		c.add("Move", c.current, c.next, c.stop, nil)
	case r.reload:
		c.add("Reload", c.current, c.next, c.start, nil)
	case c.stop != nil && !c.stop.is(actOptional):
		c.add("Restart", c.current, c.next, c.start, nil)
	case r.role == rolePromoted:
		c.add("Demote", c.current, c.next, c.demote, nil)
	case r.next == rolePromoted:
		c.add("Promote", c.current, c.next, c.promote, nil)
	case r.role == roleStopped && r.next > roleStopped:
		c.add("Start", c.current, c.next, c.start, nil)
	}
}
