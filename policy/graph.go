package policy

import (
	"slices"
	"strings"
)

// buildGraph chooses what becomes part of the transition, resource by
// resource, then what belongs to none.
func (p *plan) buildGraph() {
	if len(p.held) > 0 {
		p.holdBack()
	}
	for _, r := range p.resources {
		p.addResourceActions(r)
	}
	p.addMaintenanceUpdate()
	for i := len(p.actions) - 1; i >= 0; i-- {
		p.tellWhatHoldsUp(p.actions[i])
		p.addToGraph(p.actions[i])
	}
	p.leaveOutStuck()
}

// tellWhatHoldsUp says which resource keeps a node from leaving: one that would
// have to stop there and cannot.
func (p *plan) tellWhatHoldsUp(a *action) {
	r, n := a.r, a.n
	if r == nil || n == nil || !n.shutdown || r.maintenance || a.task != "stop" || a.flags&(actOptional|actRunnable) != 0 ||
		!p.options.haveQuorum && p.options.quorum != quorumIgnore {
		return
	}
	task, state := "shut down", "unmanaged"
	if n.unclean {
		task = "fence"
	}
	if r.managed {
		state = "blocked"
	}
	if r.failed {
		state += " and failed"
	}
	p.fault("Cannot %s %s because of %s, which is %s", task, n.label(), r.id, state)
}

// leaveOutStuck takes out of the graph what would wait for an action that is not
// in it, such as the stop of a blocked resource, and all that waits for that in
// turn: it must not run before, and there is no after.
func (p *plan) leaveOutStuck() {
	stuck := func(in *link) bool { return in.inGraph && !in.a.is(actInGraph) }
	for before := -1; before != len(p.graph); {
		before = len(p.graph)
		p.graph = slices.DeleteFunc(p.graph, func(a *action) bool {
			if !slices.ContainsFunc(a.before, stuck) {
				return false
			}
			a.clear(actInGraph)
			return true
		})
	}
}

func (p *plan) addResourceActions(r *resource) {
	switch r.variant {
	case bundle:
		p.addBundleActions(r)
		return
	case clone:
		for i := len(r.actions) - 1; i >= 0; i-- {
			r.actionFlags(r.actions[i], nil)
		}
		p.createNotices(r)
		for _, c := range r.children {
			p.addResourceActions(c)
		}
	}
	for i := len(r.actions) - 1; i >= 0; i-- {
		p.addToGraph(r.actions[i])
	}
	for _, c := range r.children {
		p.addResourceActions(c)
	}
}

// addMaintenanceUpdate tells remote nodes that their maintenance mode changed.
func (p *plan) addMaintenanceUpdate() {
	for _, n := range p.nodes {
		if n.kind == remoteNode && n.maintenance != n.remoteMaintenance {
			p.pseudo("maintenance_nodes").set(actPrintAlways)
			return
		}
	}
}

// holdBack takes everything about held resources, and what depends on it, out
// of the graph.
func (p *plan) holdBack() {
	var stop func(a *action)
	stop = func(a *action) {
		if a.is(actHeld) {
			return
		}
		var waiting []*action
		for _, l := range a.after {
			if !l.a.is(actOptional) && p.inputOf(a, l.a) {
				waiting = append(waiting, l.a)
			}
		}
		a.set(actHeld)
		for _, b := range waiting {
			stop(b)
		}
	}
	for _, a := range p.actions {
		if a.r != nil && (p.held[a.r.id] || p.held[a.r.xmlID]) {
			stop(a)
		}
	}
}

// inputOf: then really waits for first.
func (p *plan) inputOf(first, then *action) bool {
	for _, in := range then.before {
		if in.a == first && p.belongs(first) && p.inputCounts(then, in) {
			return true
		}
	}
	return false
}

// belongs decides whether an action is part of the transition.
func (p *plan) belongs(a *action) bool {
	if a.is(actHeld) || !a.is(actRunnable) || a.is(actOptional) && !a.is(actPrintAlways) {
		return false
	}
	if a.r != nil && !a.r.managed && a.task != "monitor" {
		if a.settings.intervalMS == 0 {
			return false
		}
	}
	if a.is(actPseudo) || a.task == "stonith" || a.task == "do_shutdown" {
		return true
	}
	switch {
	case a.n == nil:
		return false
	case a.is(actOnDC), a.n.isGuest() && !a.n.remoteReset:
		return true
	}
	return a.n.online && !a.n.unclean
}

// inputCounts decides whether an action has to wait for an input.
func (p *plan) inputCounts(a *action, in *link) bool {
	if in.inGraph {
		return true
	}
	b := in.a
	const passive = ordFirstPrinted | ordThenPrinted | ordOptional
	runnable, isStop := b.is(actRunnable), strings.HasSuffix(b.key, "_stop_0")
	switch {
	case in.flags == 0,
		!runnable && in.flags&^passive == 0,
		!runnable && in.flags.has(ordOneOrMore),
		!runnable && in.flags.has(ordMigratableFirst),
		in.flags.has(ordUnlessMigrating) && b.is(actMigratable),
		in.flags == ordOptional && b.is(actMigratable) && isStop:
		return false
	case in.flags == ordLoad:
		at := a.n
		if a.r != nil && a.task == "migrate_to" {
			at = nodeOf(a.r.allocated)
			if b.n == nil || b.n != at {
				in.flags = 0
				return false
			}
			return true
		}
		if b.n == nil || at == nil || b.n != at || b.is(actOptional) {
			in.flags = 0
			return false
		}
		return true
	case in.flags == ordApart:
		if b.n != nil && a.n != nil && b.n != a.n || b.is(actOptional) {
			in.flags = 0
			return false
		}
		return true
	case b.r != nil && b.r != a.r && b.r.failed && !b.r.managed && isStop && a.r.isClone():
		return false
	case b.is(actOptional) && b.flags&(actPrintAlways|actInGraph) == 0 && !p.belongs(b):
		return false
	}
	return true
}

// mergeInputs makes one input of several from the same action.
func mergeInputs(a *action) {
	if a.is(actDedup) {
		return
	}
	a.flags |= actDedup // no flag that others depend on
	slices.Reverse(a.before)
	slices.SortStableFunc(a.before, func(x, y *link) int { return x.a.id - y.a.id })
	out := a.before[:0]
	for _, in := range a.before {
		if n := len(out); n > 0 && out[n-1].a == in.a {
			out[n-1].flags |= in.flags
			continue
		}
		out = append(out, in)
	}
	a.before = out
}

func (p *plan) addToGraph(a *action) {
	mergeInputs(a)
	if a.is(actInGraph) || !p.belongs(a) {
		return
	}
	a.set(actInGraph)
	p.graph = append(p.graph, a)
	for _, in := range a.before {
		if p.inputCounts(a, in) && !in.a.is(actHeld) {
			in.inGraph = true
		}
	}
}

// transition puts the answer together.
func (p *plan) transition() *Transition {
	p.listChanges()
	p.buildGraph()
	t := p.view()
	raw := p.options.raw
	t.BatchLimit = int(leadingInt(raw["batch-limit"]))
	t.MigrationLimit = int(leadingInt(raw["migration-limit"]))
	t.ClusterDelay = duration(raw["cluster-delay"])
	t.FencingTimeout = duration(raw["stonith-timeout"])
	t.StartFailureFatal = p.options.startFatal
	t.Options = raw
	t.Changes = p.changes
	t.Scores = p.scores
	for _, a := range p.graph {
		t.Actions = append(t.Actions, p.export(a))
	}
	for i := len(p.actions) - 1; i >= 0 && p.in.Considered; i-- {
		if a := p.actions[i]; !a.is(actInGraph) {
			t.Considered = append(t.Considered, p.export(a))
		}
	}
	p.fillNext(t.Resources)
	return t
}

// export describes an action for executors and writers.
func (p *plan) export(a *action) *Action {
	out := &Action{
		ID: a.id, Kind: p.kindOf(a), Key: a.key, Task: a.task, Reason: a.reason,
		TargetRC: a.targetRC,
		CanFail:  isTrue(a.said("can_fail")),
	}
	prio := a.priority
	if a.r != nil {
		prio = max(prio, a.r.priority)
	}
	out.Priority = int(max(0, prio))
	if a.n != nil && (out.Kind != Pseudo || a.task == "stonith") {
		out.Node = a.n.name
	}
	if a.task == "stonith" {
		out.Task = a.said("stonith_action")
	}
	for _, in := range a.before {
		if in.inGraph {
			out.Inputs = append(out.Inputs, in.a.id)
		}
	}
	slices.Sort(out.Inputs)
	out.Inputs = slices.Compact(out.Inputs)
	p.render(a, out)
	if out.Kind == ResourceOp && a.n != nil {
		p.describeOperation(a, out)
	}
	if out.Kind != Pseudo {
		if a.is(actInGraph) {
			why := p.causeOf(a)
			out.Why, out.Cause = &why, why.String()
		}
		if out.Operation != nil {
			out.Operation.Cause = out.Cause
		}
	}
	return out
}

func (p *plan) kindOf(a *action) ActionKind {
	switch {
	case a.task == "stonith":
		if a.is(actPseudo) {
			return Pseudo
		}
		return FenceOp
	case a.task == "do_shutdown", a.task == "clear_failcount", a.task == "lrm_delete":
		return ClusterOp
	case a.is(actPseudo):
		return Pseudo
	case a.r == nil:
		return ClusterOp
	}
	return ResourceOp
}
