package policy

import "slices"

// ordFlag is what an ordering means besides "first, then".
type ordFlag uint32

const (
	// ordOptional is pure order: nothing is implied.
	ordOptional ordFlag = 1 << iota
	// ordUnlessMigrating applies only if first is not replaced by a migration.
	ordUnlessMigrating
	// ordImpliesFirst: if then is required, so is first.
	ordImpliesFirst
	// ordImpliesThen: if first is required, so is then.
	ordImpliesThen
	// ordPromotedImpliesFirst: as ordImpliesFirst while then's resource is promoted.
	ordPromotedImpliesFirst
	// ordMigratableFirst: first runs only if then can, and is required with it.
	ordMigratableFirst
	// ordRunnableFirst: then needs first to be runnable.
	ordRunnableFirst
	// ordPseudoFirst: then stays pseudo only while first is runnable.
	ordPseudoFirst
	// ordImpliesThenOnNode: ordImpliesThen on the node of first.
	ordImpliesThenOnNode
	// ordRestart: a required then makes first required (stop before start).
	ordRestart
	// ordSerialize: never at the same time.
	ordSerialize
	// ordSameNode: only if both are on one node.
	ordSameNode
	// ordFirstPrinted and ordThenPrinted put pseudo actions into the graph.
	ordFirstPrinted
	ordThenPrinted
	// ordAsymmetric: then cannot run unless first can, but not vice versa.
	ordAsymmetric
	// ordLoad frees a node's capacity before it is used.
	ordLoad
	// ordOneOrMore: one runnable first is enough.
	ordOneOrMore
	// ordApart is between resources that must not share a node.
	ordApart
	// ordPreserve keeps orderings within containers.
	ordPreserve
	// ordCancelsFirst: a required then makes first optional.
	ordCancelsFirst
	// ordProbe: as ordRunnableFirst, unless first cannot run because its
	// resource is to stop.
	ordProbe
)

func (f ordFlag) has(g ordFlag) bool { return f&g == g }

// link is an input of an action.
type link struct {
	a       *action
	flags   ordFlag
	inGraph bool
}

// ordering is an order between two actions, each given as such or as a task
// of a resource that may not be scheduled yet.
type ordering struct {
	first, then         *resource
	firstA, thenA       *action
	firstTask, thenTask string
	flags               ordFlag
}

// manyLinks is from how many on links are found through an index.
const manyLinks = 16

// link orders two actions. It reports whether that was new.
func (p *plan) link(first, then *action, flags ordFlag) bool {
	if flags == 0 || first == nil || then == nil || first.ordersBefore(then)&flags != 0 {
		return false
	}
	ends := p.linkSlab.take()
	*ends = [2]link{{a: then, flags: flags}, {a: first, flags: flags}}
	p.appendLink(&first.after, &ends[0])
	p.appendLink(&then.before, &ends[1])
	then.settled, then.disturbed = false, true
	if first.afterIndex != nil {
		first.afterIndex[then] |= flags
	} else if len(first.after) == manyLinks {
		first.afterIndex = make(map[*action]ordFlag, 2*manyLinks)
		for _, l := range first.after {
			first.afterIndex[l.a] |= l.flags
		}
	}
	return true
}

func (p *plan) appendLink(list *[]*link, l *link) {
	if *list == nil {
		// Few actions have more links on one side.
		*list = p.listSlab.list(4)
	}
	*list = append(*list, l)
}

// ordersBefore are the flags of the links from a to then.
func (a *action) ordersBefore(then *action) ordFlag {
	if a.afterIndex != nil {
		return a.afterIndex[then]
	}
	var flags ordFlag
	for _, l := range a.after {
		if l.a == then {
			flags |= l.flags
		}
	}
	return flags
}

// orderKeys orders operations by name, whenever they come to be.
func (p *plan) orderKeys(first *resource, firstTask string, then *resource, thenTask string, flags ordFlag) {
	p.addOrdering(ordering{first: first, firstTask: firstTask, then: then, thenTask: thenTask, flags: flags})
}

// orderAction orders an action before an operation by name.
func (p *plan) orderAction(first *action, then *resource, thenTask string, flags ordFlag) {
	p.addOrdering(ordering{first: first.r, firstA: first, then: then, thenTask: thenTask, flags: flags})
}

// orderBefore orders an operation by name before an action.
func (p *plan) orderBefore(first *resource, firstTask string, then *action, flags ordFlag) {
	p.addOrdering(ordering{first: first, firstTask: firstTask, then: then.r, thenA: then, flags: flags})
}

// orderActions orders two actions when orderings are applied, not at once.
func (p *plan) orderActions(first, then *action, flags ordFlag) {
	p.addOrdering(ordering{first: first.r, firstA: first, then: then.r, thenA: then, flags: flags})
}

func (p *plan) addOrdering(o ordering) {
	p.orderings = append(p.orderings, o)
	p.orderMigrations(&o)
}

// firstDoes is the task of what comes first, thenDoes of what follows.
func (o *ordering) firstDoes() string {
	if o.firstA != nil {
		return o.firstA.task
	}
	return o.firstTask
}

func (o *ordering) thenDoes() string {
	if o.thenA != nil {
		return o.thenA.task
	}
	return o.thenTask
}

// applyOrderings is the last decision: orderings become links, then every
// action's flags are made consistent with its inputs.
func (p *plan) applyOrderings() {
	for i := range p.orderings {
		o := &p.orderings[i]
		switch {
		case o.first != nil:
			p.applyFrom(o)
		case o.then != nil:
			p.applyTo(o.firstA, o.then, o)
		default:
			p.link(o.firstA, o.thenA, o.flags)
		}
	}
	for _, a := range slices.Backward(p.actions) {
		p.blockDependents(a)
	}
	p.orderProbes()
	for _, a := range slices.Backward(p.actions) {
		p.updateOrderings(a)
	}
	p.dropInvalidOrderings()
}

// applyFrom links all that o.first means. An operation that was not scheduled
// is created as optional: its flags still matter to what follows it.
func (p *plan) applyFrom(o *ordering) {
	r := o.first
	var list []*action
	if o.firstA != nil {
		list = []*action{o.firstA}
	} else {
		list = r.findActions(o.firstTask, 0, nil)
	}
	if len(list) == 0 && o.firstTask == "lrm_delete" {
		// What holds for the history's deletion holds for a clean-up, which
		// deletes it as well: neither is done where a probe is.
		list = r.findActions("delete", 0, nil)
	}
	if len(list) == 0 && r != o.then {
		now := r.state(true)
		if !(now == roleStopped && o.firstTask == "stop" || now == roleUnpromoted && o.firstTask == "demote") {
			list = []*action{p.newAction(r, o.firstTask, 0, nil, true)}
		}
	}
	then := o.then
	if then == nil {
		if o.thenA == nil {
			return
		}
		then = o.thenA.r
	}
	for _, first := range list {
		if then == nil {
			p.link(first, o.thenA, o.flags)
		} else {
			p.applyTo(first, then, o)
		}
	}
}

func (p *plan) applyTo(first *action, r *resource, o *ordering) {
	flags := o.flags
	var list []*action
	if o.thenA != nil {
		list = []*action{o.thenA}
	} else {
		list = r.findActions(o.thenTask, 0, nil)
	}
	if first != nil && first.r == r && first.is(actDangling) {
		flags &^= ordImpliesThen
	}
	if first == nil && !flags.has(ordImpliesThen) {
		return
	}
	for _, then := range list {
		if first != nil {
			p.link(first, then, flags)
		} else {
			then.clear(actRunnable)
		}
	}
}

// dropInvalidOrderings removes what would contradict itself: a guest ordered
// after what runs inside of it, load orderings that close a loop.
func (p *plan) dropInvalidOrderings() {
	for _, a := range slices.Backward(p.actions) {
		for _, in := range slices.Backward(a.before) {
			hostsInput := in.a.r != nil && a.r != nil && len(a.r.fillers) > 0 && in.a.n != nil &&
				in.a.n.remote != nil && in.a.n.remote.container == a.r
			if !in.flags.has(ordPreserve) && hostsInput ||
				in.flags == ordLoad && a.r != nil && a.task == "migrate_to" && p.hasLoop(a, a, in) {
				in.flags = 0
			}
		}
	}
}

// hasLoop: following the inputs from in leads back to start.
func (p *plan) hasLoop(start, a *action, in *link) bool {
	if in.a.visiting || !p.inputCounts(a, in) {
		return false
	}
	if in.a == start {
		return true
	}
	in.a.visiting = true
	defer func() { in.a.visiting = false }()
	for _, next := range slices.Backward(in.a.before) {
		if p.hasLoop(start, in.a, next) {
			return true
		}
	}
	return false
}
