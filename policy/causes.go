package policy

// causeOf says why an action is needed. It is never empty.
func (p *plan) causeOf(a *action) string {
	if a.cause != "" {
		return a.cause
	}
	if a.r == nil {
		return firstText(a.reason, a.task+" is needed on "+nameOf(a.n))
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
		return r.id + " moves from " + a.meta["migrate_source"] + " to " + a.meta["migrate_target"] + ": " + r.moveWhy(r.p.nodeByName[a.meta["migrate_source"]])
	case "promote":
		return r.id + " is the fittest instance to be promoted on " + nameOf(a.n)
	case "demote":
		return r.id + " is not to be promoted on " + nameOf(a.n) + " any more: " + firstText(a.reason, r.lastWhy())
	case "notify":
		return "instances are told what happens to the others"
	}
	return firstText(a.reason, a.task+" of "+r.id+" is needed: "+r.lastWhy())
}

func nameOf(n *node) string {
	if n == nil {
		return "no node"
	}
	return n.name
}

func (r *resource) monitorCause(a *action) string {
	if a.isRecurring() {
		return "monitor configured for " + r.id
	}
	return "the state of " + r.id + " on " + nameOf(a.n) + " is unknown"
}

func (r *resource) startCause(a *action) string {
	switch {
	case a.reason != "":
		return r.id + " is started anew: " + a.reason
	case r.failed:
		return r.id + " failed and is recovered on " + nameOf(a.n)
	case len(r.running) > 0 && r.allocated != nil && !r.runsOn(r.allocated.node):
		return r.id + " moves to " + nameOf(a.n) + ": " + r.moveWhy(r.current())
	case len(r.running) > 0:
		return r.id + " is restarted: " + r.lastWhy()
	}
	return r.id + " is to run, and " + nameOf(a.n) + " is the best node for it"
}

func (r *resource) stopCause(a *action) string {
	switch {
	case r.failed:
		return r.id + " failed on " + nameOf(a.n)
	case r.orphan:
		return r.id + " is not in the configuration any more"
	case r.disabled() && r.next == roleStopped:
		return "target-role of " + r.id + " is " + r.meta["target-role"]
	case a.n != nil && a.n.standby:
		return "node " + a.n.name + " is in standby"
	case r.allocated == nil:
		return r.id + " may run on no usable node: " + firstText(a.reason, r.lastWhy())
	case a.n != r.allocated.node:
		return r.id + " moves to " + r.allocated.name + ": " + firstText(a.reason, r.moveWhy(a.n))
	}
	return r.id + " is restarted: " + firstText(a.reason, r.lastWhy())
}

// moveWhy says why r leaves a node: because of the node, if that cannot keep
// anything, else because of what was decided about r.
func (r *resource) moveWhy(from *node) string {
	switch {
	case from == nil:
	case from.unclean:
		return "node " + from.name + " is unclean: " + firstText(from.why, "its state is unknown")
	case from.shutdown:
		return "node " + from.name + " is shutting down"
	case from.standbyOnFail:
		return "node " + from.name + " is in standby after a failure"
	case from.standby:
		return "node " + from.name + " is in standby"
	case !from.online:
		return "node " + from.name + " is offline"
	}
	return r.lastWhy()
}

// lastWhy is what was decided last, and so decided most.
func (r *resource) lastWhy() string {
	if len(r.why) > 0 {
		return r.why[len(r.why)-1]
	}
	if r.allocated != nil {
		return r.allocated.name + " has the best score (" + r.allocated.score.String() + ")"
	}
	return "no constraint says more"
}
