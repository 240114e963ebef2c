package policy

import "slices"

// nextStep is the role on the way from one role to another.
var nextStep = [5][5]role{
	roleUnknown:    {roleUnknown, roleStopped, roleStopped, roleStopped, roleStopped},
	roleStopped:    {roleStopped, roleStopped, roleStarted, roleUnpromoted, roleUnpromoted},
	roleStarted:    {roleStopped, roleStopped, roleStarted, roleUnpromoted, rolePromoted},
	roleUnpromoted: {roleStopped, roleStopped, roleStopped, roleUnpromoted, rolePromoted},
	rolePromoted:   {roleStopped, roleUnpromoted, roleUnpromoted, roleUnpromoted, rolePromoted},
}

// step schedules what leads from one role to the next; it reports whether
// there is anything that does.
func (r *resource) step(from, to role, n *node, optional bool) bool {
	switch {
	case from == roleUnknown:
		if to == roleStopped {
			r.stopEverywhere(optional)
		}
	case to == roleUnknown:
	case from == to || from == roleStarted && to == roleUnpromoted:
		return false
	case from == rolePromoted:
		r.demoteEverywhere(optional)
	case to == roleStopped || from == roleUnpromoted && to == roleStarted:
		r.stopEverywhere(optional)
	case to == rolePromoted && from != roleStopped:
		r.promoteOn(n, optional)
	case from == roleStopped && to != rolePromoted:
		r.startIt(n, optional)
	}
	return true
}

// createActions schedules what brings r from where and what it is to where and
// what it is to be.
func (r *resource) createActions() {
	switch r.variant {
	case group:
		r.createGroupActions()
		return
	case clone:
		r.createCloneActions()
		return
	case bundle:
		r.createBundleActions()
		return
	}
	if r.next == roleUnknown {
		r.next = roleStarted
		if r.allocated == nil {
			r.next = roleStopped
		}
	}
	current, all, clean := r.activeOn()
	r.stopDangling()
	moving := current != nil && r.allocated != nil && current != r.allocated.node && r.next >= roleStarted
	needStop, migrate := moving, moving && r.canMigrate(current)
	multiple := false
	switch {
	case r.partialSource != nil && r.partialTarget != nil && migrate && all == 2 &&
		current == r.partialSource && r.allocated.node == r.partialTarget:
		// A migration is half done and can go on.
	case r.partialSource != nil || r.partialTarget != nil:
		needStop, migrate = true, false
		r.partialSource, r.partialTarget = nil, nil
	case r.needsFencing:
		multiple = all > 1
	default:
		multiple = clean > 1
	}
	needStop = r.settleMultiple(multiple, all) || needStop
	if r.startPending {
		r.startOn(nodeOf(r.allocated), true).set(actPrintAlways)
	}
	needPromote := false
	switch {
	case moving:
	case r.failed:
		needStop = needStop || r.mustStop
		needPromote = !r.mustStop && r.next == rolePromoted
	case r.blocked:
		needStop = true
	case r.role > roleStarted && current != nil && r.allocated != nil:
		needStop = !r.startOn(r.allocated.node, true).is(actOptional) || needStop
	}
	r.restartActions(current, needStop, needPromote)
	for at := r.role; at != r.next; {
		to := nextStep[at][r.next]
		if !r.step(at, to, nodeOf(r.allocated), false) {
			break
		}
		at = to
	}
	r.createRecurring()
	if migrate {
		r.createMigration(current)
	}
}

// stopDangling schedules the last step of migrations that went no further.
func (r *resource) stopDangling() {
	for _, n := range r.dangling {
		stop := r.stopOn(n, false)
		stop.set(actDangling)
		stop.because(Reason{Kind: ReasonMigration, Node: n.name})
		if r.p.options.removeStop {
			r.cleanup(n, false)
		}
	}
}

// settleMultiple decides what being active on several nodes means. It reports
// whether r must be stopped for it.
func (r *resource) settleMultiple(multiple bool, count int) bool {
	r.stopUnexpected = r.stopUnexpected && multiple
	if !multiple {
		return false
	}
	r.p.fault("%s resource %s might be active on %d nodes", r.class, r.id, count)
	switch r.multiple {
	case recoverStopStart:
		return true
	case recoverStopUnexpected:
		r.stopUnexpected = true
		return true
	}
	return false
}

// restartActions schedules going down and up again; unless needed they are
// optional, there for orderings that may need them.
func (r *resource) restartActions(current *node, needStop, needPromote bool) {
	r.restarting = true
	defer func() { r.restarting = false }()
	at := r.role
	for at != roleStopped {
		to := nextStep[at][roleStopped]
		if !r.step(at, to, current, !needStop) {
			break
		}
		at = to
	}
	for r.role <= r.next && at != r.role && !r.blocked {
		to := nextStep[at][r.role]
		required := needStop || to == rolePromoted && needPromote
		if !r.step(at, to, nodeOf(r.allocated), !required) {
			break
		}
		at = to
	}
}

// expectedOn: r is active more than once, and here is where it may stay.
func (r *resource) expectedOn(n *node) bool {
	return r.stopUnexpected && r.restarting && r.next > roleStopped && r.allocated != nil && r.allocated.node == n
}

func (r *resource) stopEverywhere(optional bool) {
	p := r.p
	for _, n := range slices.Clone(r.running) {
		if r.expectedOn(n) {
			continue
		}
		if r.partialTarget != nil {
			if n == r.partialTarget && r.allocated != nil && r.allocated.node == n {
				continue
			}
			optional = false
		}
		stop := r.stopOn(n, optional)
		if r.allocated == nil {
			stop.explainAs("node availability", true)
		} else if r.restarting && r.stopUnexpected {
			stop.explainAs("being multiply active", true)
		}
		if !r.managed {
			stop.clear(actRunnable)
		}
		if p.options.removeStop {
			r.cleanup(n, optional)
		}
		if r.needsUnfencing {
			p.link(stop, p.fenceAction(n, "on", true, "", false), ordImpliesFirst)
		}
	}
}

func (r *resource) startIt(n *node, optional bool) {
	start := r.startOn(n, true)
	r.p.orderUnfencing(r, n, start, ordImpliesThen)
	if start.is(actRunnable) && !optional {
		start.clear(actOptional)
	}
	if r.expectedOn(n) {
		start.set(actPseudo)
	}
}

func (r *resource) promoteOn(n *node, optional bool) {
	for _, start := range r.exactActions("start", 0, n) {
		if !start.is(actRunnable) {
			for _, a := range r.exactActions("promote", 0, n) {
				a.clear(actRunnable)
			}
			return
		}
	}
	promote := r.p.newAction(r, "promote", 0, n, optional)
	if r.expectedOn(n) {
		promote.set(actPseudo)
	}
}

func (r *resource) demoteEverywhere(optional bool) {
	for _, n := range slices.Clone(r.running) {
		if !r.expectedOn(n) {
			r.demoteOn(n, optional)
		}
	}
}

// cleanup forgets what r did on n, between its stop and its next start.
func (r *resource) cleanup(n *node, optional bool) {
	if r.failed || n.unclean || !n.online {
		return
	}
	flags := ordOptional
	if optional {
		flags = ordImpliesThen
	}
	a := r.p.newAction(r, "delete", 0, n, optional)
	a.because(Reason{Kind: ReasonHistory, Node: n.name, Detail: "it is of a resource that is gone or was changed"})
	r.p.orderKeys(r, "stop", r, "delete", flags)
	r.p.orderKeys(r, "delete", r, "start", flags)
}

// internalConstraints are the orders and colocations that follow from what a
// resource is.
func (p *plan) internalConstraints() {
	for _, r := range p.resources {
		r.internalConstraints()
	}
}

func (r *resource) internalConstraints() {
	switch r.variant {
	case group:
		r.constrainGroup()
		return
	case clone:
		r.constrainClone()
		return
	case bundle:
		r.constrainBundle()
		return
	}
	if !r.managed {
		return
	}
	p := r.p
	p.orderKeys(r, "stop", r, "start", ordOptional|ordImpliesThen|ordRestart)
	if r.top().promotable || r.role > roleUnpromoted {
		p.orderKeys(r, "demote", r, "stop", ordPromotedImpliesFirst)
		p.orderKeys(r, "start", r, "promote", ordRunnableFirst)
	}
	p.orderKeys(r, "lrm_delete", r, "monitor", ordSameNode|ordCancelsFirst)
	if !r.fenceDevice && p.unfencing && r.needsUnfencing {
		for _, n := range p.nodes {
			if r.allowed.get(n) != nil {
				p.orderRestartUnfencing(r, n)
			}
		}
	}
	if len(r.utilization) > 0 && p.options.placement != "default" {
		p.orderLoad(r)
	}
	if r.container != nil {
		r.constrainToContainer()
	}
	if r.isRemote || r.fenceDevice {
		r.avoidRemoteNodes()
	}
}

func (r *resource) avoidRemoteNodes() {
	for _, pl := range r.allowed.list() {
		if pl.remote != nil {
			pl.score = minusInfinity
		}
	}
}

// constrainToContainer keeps r with the resource it lives in: on the guest
// node that this brings, or else on its node.
func (r *resource) constrainToContainer() {
	p, c := r.p, r.container
	var remote *resource
	switch {
	case r.isRemote:
		if !r.allowRemoteRemote {
			c.avoidRemoteNodes()
		}
		p.orderKeys(c, "monitor", r, "stop", ordOptional)
	case c.isRemote:
		remote = c
	default:
		remote = guestConnection(c)
	}
	if remote != nil {
		for _, pl := range r.allowed.list() {
			if pl.remote != remote {
				pl.score = minusInfinity
			}
		}
		return
	}
	p.orderKeys(c, "start", r, "start", ordImpliesThen|ordRunnableFirst)
	p.orderKeys(r, "stop", c, "stop", ordImpliesFirst)
	s := infinity
	if r.allowRemoteRemote {
		s = 10000
	}
	p.addColocation(&colocation{id: "resource-with-container", dependent: r, primary: c, score: s, influence: true})
}

// guestConnection is the connection resource of the guest node in r, if any.
func guestConnection(r *resource) *resource {
	for _, f := range r.fillers {
		if f.isRemote {
			return f
		}
	}
	return nil
}
