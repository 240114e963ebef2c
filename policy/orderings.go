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

// ordering is an order between two actions that may not exist yet.
type ordering struct {
	first, then       *resource
	firstA, thenA     *action
	firstKey, thenKey string
	flags             ordFlag
}

// link orders two actions. It reports whether that was new.
func (p *plan) link(first, then *action, flags ordFlag) bool {
	if flags == 0 || first == nil || then == nil || first.afterIndex[then]&flags != 0 {
		return false
	}
	if first.afterIndex == nil {
		first.afterIndex = map[*action]ordFlag{}
	}
	first.afterIndex[then] |= flags
	first.after = append(first.after, &link{a: then, flags: flags})
	then.before = append(then.before, &link{a: first, flags: flags})
	return true
}

// orderKeys orders operations by name, whenever they come to be.
func (p *plan) orderKeys(first *resource, firstTask string, then *resource, thenTask string, flags ordFlag) {
	p.addOrdering(&ordering{
		first: first, firstKey: opKey(first.id, firstTask, 0),
		then: then, thenKey: opKey(then.id, thenTask, 0), flags: flags,
	})
}

// orderAction orders an action before an operation by name.
func (p *plan) orderAction(first *action, then *resource, thenTask string, flags ordFlag) {
	p.addOrdering(&ordering{first: first.r, firstA: first, firstKey: first.key,
		then: then, thenKey: opKey(then.id, thenTask, 0), flags: flags})
}

// orderBefore orders an operation by name before an action.
func (p *plan) orderBefore(first *resource, firstTask string, then *action, flags ordFlag) {
	p.addOrdering(&ordering{first: first, firstKey: opKey(first.id, firstTask, 0),
		then: then.r, thenA: then, thenKey: then.key, flags: flags})
}

// orderActions orders two actions when orderings are applied, not at once.
func (p *plan) orderActions(first, then *action, flags ordFlag) {
	p.addOrdering(&ordering{first: first.r, firstA: first, firstKey: first.key,
		then: then.r, thenA: then, thenKey: then.key, flags: flags})
}

func (p *plan) addOrdering(o *ordering) {
	p.orderings = append(p.orderings, o)
	p.orderMigrations(o)
}

// applyOrderings is the last decision: orderings become links, then every
// action's flags are made consistent with its inputs.
func (p *plan) applyOrderings() {
	for _, o := range p.orderings {
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

// actionsFor finds the actions that a key of an ordering means; the key may
// name the resource by another of its names.
func (r *resource) actionsFor(key string) []*action {
	if list := r.actionsByKey(key, nil); len(list) > 0 {
		return list
	}
	if _, task, ms, ok := splitKey(key); ok {
		return r.findActions(task, ms, nil)
	}
	return nil
}

// applyFrom links all that o.first means. An operation that was not scheduled
// is created as optional: its flags still matter to what follows it.
func (p *plan) applyFrom(o *ordering) {
	r := o.first
	var list []*action
	if o.firstA != nil {
		list = []*action{o.firstA}
	} else {
		list = r.actionsFor(o.firstKey)
	}
	if len(list) == 0 && r != o.then {
		_, task, ms, _ := splitKey(o.firstKey)
		now := r.state(true)
		if !(now == roleStopped && task == "stop" || now == roleUnpromoted && task == "demote") {
			list = []*action{p.customAction(r, opKey(r.id, task, ms), task, nil, true)}
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
		list = r.actionsFor(o.thenKey)
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
