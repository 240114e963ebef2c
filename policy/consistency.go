package policy

import "slices"

// changed says which side of an ordering an update has changed.
type changed uint8

const (
	changedFirst changed = 1 << iota
	changedThen
)

// flagsFor are an action's flags as an ordering sees them. For clones and
// groups they follow from what is inside, on the node in question.
func flagsFor(a *action, n *node) actFlag {
	if a.r == nil {
		return a.flags
	}
	flags := a.r.actionFlags(a, nil)
	if n == nil || !a.r.isClone() {
		return flags
	}
	runnable := flags&actRunnable != 0
	flags = a.r.actionFlags(a, n)
	if runnable {
		flags |= actRunnable
	}
	return flags
}

// updateOrderings makes then consistent with its inputs, and follows every
// change to what it affects in turn. An action that is consistent already is
// settled until something that matters to it changes.
func (p *plan) updateOrderings(then *action) {
	if then.settled {
		return
	}
	then.disturbed = then.is(actRequiresAny)
	var ch changed
	last := then.flags
	if then.is(actRequiresAny) {
		then.runnableBefore = 0
		then.requiredBefore = max(then.requiredBefore, 1)
		then.clear(actRunnable)
	}
	for i := len(then.before) - 1; i >= 0; i-- {
		in := then.before[i]
		ch &^= changedFirst
		ch |= p.updateInput(in, then)
		if ch&changedFirst != 0 {
			then.disturbed = true
			first := in.a
			if first.r != nil && then.r != nil && first.r != then.r && !then.r.inside(first.r) {
				first = stageFor(first)
			}
			for j := len(first.after) - 1; j >= 0; j-- {
				p.updateOrderings(first.after[j].a)
			}
			p.updateOrderings(first)
		}
	}
	if then.is(actRequiresAny) {
		if last == then.flags {
			ch &^= changedThen
		} else {
			ch |= changedThen
		}
	}
	if ch&changedThen != 0 {
		then.disturbed = true
		if last&actRunnable != 0 && !then.is(actRunnable) {
			p.blockDependents(then)
		}
		p.updateOrderings(then)
		for j := len(then.after) - 1; j >= 0; j-- {
			p.updateOrderings(then.after[j].a)
		}
	}
	then.settled = !then.disturbed
}

func (p *plan) updateInput(in *link, then *action) changed {
	first := in.a
	firstNode, thenNode := first.n, then.n
	if first.r != nil && first.r.variant == group && first.task == "start" {
		firstNode = nodeOf(first.r.where())
	}
	if then.r != nil && then.r.variant == group && then.task == "start" {
		thenNode = nodeOf(then.r.where())
	}
	if in.flags.has(ordSameNode) && firstNode != nil && thenNode != nil && firstNode != thenNode {
		in.flags = 0
		return 0
	}
	if first.r != nil && in.flags.has(ordCancelsFirst) && !then.is(actOptional) {
		first.set(actOptional)
		if first.task == "reload-agent" {
			first.r.reload = false
		}
	}
	if first.r != nil && then.r != nil && first.r != then.r && !then.r.inside(first.r) {
		first = stageFor(first)
	}
	if first != in.a {
		if p.link(first, then, in.flags) {
			in.flags = 0
			return changedThen
		}
		return 0
	}
	return p.updateByFlags(first, then, flagsFor(first, thenNode), flagsFor(then, firstNode), in)
}

func nodeOf(pl *place) *node {
	if pl == nil {
		return nil
	}
	return pl.node
}

// updateByFlags applies each meaning of an ordering in turn.
func (p *plan) updateByFlags(first, then *action, ff, tf actFlag, in *link) changed {
	var ch changed
	n := then.n
	if in.flags.has(ordImpliesThenOnNode) {
		in.flags = in.flags&^ordImpliesThenOnNode | ordImpliesThen
		n = first.n
	}
	update := func(r *resource, flags, filter actFlag, kind ordFlag) {
		if r != nil {
			ch |= r.updateOrdered(first, then, n, flags, filter, kind)
		}
	}
	if in.flags.has(ordImpliesThen) {
		if then.r != nil {
			update(then.r, ff&actOptional, actOptional, ordImpliesThen)
		} else if ff&actOptional == 0 && then.is(actOptional) {
			then.clear(actOptional)
			ch |= changedThen
		}
	}
	if in.flags.has(ordRestart) {
		update(then.r, ff, actOptional|actRunnable, ordRestart)
	}
	if in.flags.has(ordImpliesFirst) {
		if first.r != nil {
			update(first.r, ff, actOptional, ordImpliesFirst)
		} else if ff&actOptional == 0 && first.is(actRunnable) {
			first.clear(actRunnable)
			ch |= changedFirst
		}
	}
	if in.flags.has(ordPromotedImpliesFirst) {
		update(then.r, ff&actOptional, actOptional, ordPromotedImpliesFirst)
	}
	if in.flags.has(ordOneOrMore) {
		if then.r != nil {
			update(then.r, ff, actRunnable, ordOneOrMore)
		} else if ff&actRunnable != 0 {
			then.runnableBefore++
			if then.runnableBefore >= then.requiredBefore && !then.is(actRunnable) {
				then.set(actRunnable)
				ch |= changedThen
			}
		}
	}
	if in.flags.has(ordProbe) && then.r != nil {
		if ff&actRunnable == 0 && len(first.r.running) > 0 {
			in.flags = 0
		} else {
			update(then.r, ff, actRunnable, ordRunnableFirst)
		}
	}
	if in.flags.has(ordRunnableFirst) {
		if then.r != nil {
			update(then.r, ff, actRunnable, ordRunnableFirst)
		} else if ff&actRunnable == 0 && then.is(actRunnable) {
			then.clear(actRunnable)
			ch |= changedThen
		}
	}
	for _, m := range [...]struct {
		kind   ordFlag
		filter actFlag
	}{{ordMigratableFirst, actOptional}, {ordPseudoFirst, actOptional}, {ordOptional, actRunnable}, {ordAsymmetric, actRunnable}} {
		if in.flags.has(m.kind) {
			update(then.r, ff, m.filter, m.kind)
		}
	}
	return ch | p.updatePrinting(first, then, ff, tf, in)
}

func (p *plan) updatePrinting(first, then *action, ff, tf actFlag, in *link) changed {
	if first.is(actRunnable) && in.flags.has(ordThenPrinted) && ff&actOptional == 0 {
		then.set(actPrintAlways)
	}
	if in.flags.has(ordFirstPrinted) && tf&actOptional == 0 {
		first.set(actPrintAlways)
	}
	// What must wait for a stop that will never happen cannot run.
	if in.flags&(ordImpliesThen|ordImpliesFirst|ordRestart) != 0 && first.r != nil && !first.r.managed &&
		first.r.blocked && !first.is(actRunnable) && first.task == "stop" && then.is(actRunnable) {
		then.clear(actRunnable)
		then.becauseOf(first, actRunnable)
		return changedThen
	}
	return 0
}

// dropFlag clears a flag of a because of other, and remembers the reason.
func dropFlag(a *action, flag actFlag, other *action) {
	if !a.is(flag) {
		return
	}
	a.clear(flag)
	if a.r != other.r {
		a.explainAs(reasonFrom(other, flag), flag == actMigratable)
		a.becauseOf(other, flag)
	}
}

func reasonFrom(other *action, flag actFlag) string {
	word := "unrunnable "
	if flag == actOptional {
		word = "required "
	}
	if other.r != nil {
		word += other.r.id + " "
	}
	return word + other.task
}

// updateOrdered applies one meaning of an ordering to two actions; groups and
// clones pass it on to what is in them.
func (r *resource) updateOrdered(first, then *action, n *node, flags, filter actFlag, kind ordFlag) changed {
	if !kind.matters(flags) && !interleaves(first, then) {
		return 0
	}
	switch r.variant {
	case group:
		return r.p.updateGroupOrdered(first, then, n, flags, filter, kind)
	case clone, bundle:
		return r.p.updateCloneOrdered(first, then, n, flags, filter, kind)
	}
	return r.p.updatePair(first, then, flags, filter, kind)
}

// matters: an ordering of this one kind can change flags, given those of first.
// Most do not, because most of a cluster is as it should be.
func (f ordFlag) matters(first actFlag) bool {
	switch f {
	case ordOptional, ordOneOrMore:
		return false
	case ordImpliesThen:
		return first&actOptional == 0
	case ordImpliesFirst:
		return first&actOptional == 0 || first&actMigratable != 0
	case ordRunnableFirst:
		return first&actRunnable == 0
	}
	return true
}

func (p *plan) updatePair(first, then *action, flags, filter actFlag, kind ordFlag) changed {
	firstWas, thenWas := first.flags, then.flags
	filtersOptional, filtersRunnable := filter&actOptional != 0, filter&actRunnable != 0
	if kind.has(ordAsymmetric) {
		asymmetric(first, then)
	}
	if kind.has(ordImpliesFirst) && thenWas&actOptional == 0 {
		if filtersOptional && flags&actOptional == 0 && firstWas&actOptional != 0 {
			dropFlag(first, actOptional, then)
		}
		if flags&actMigratable != 0 && !then.is(actMigratable) {
			dropFlag(first, actMigratable, then)
		}
	}
	if kind.has(ordPromotedImpliesFirst) && then.r != nil && then.r.role == rolePromoted && filtersOptional && !then.is(actOptional) {
		dropFlag(first, actOptional, then)
		if first.is(actMigratable) && !then.is(actMigratable) {
			dropFlag(first, actMigratable, then)
		}
	}
	if kind.has(ordMigratableFirst) && filtersOptional {
		if !then.is(actMigratable | actRunnable) {
			dropFlag(first, actRunnable, then)
		}
		if !then.is(actOptional) {
			dropFlag(first, actOptional, then)
		}
	}
	if kind.has(ordPseudoFirst) && filtersOptional && !first.is(actRunnable) {
		dropFlag(then, actMigratable, first)
		then.clear(actPseudo)
	}
	if kind.has(ordRunnableFirst) && filtersRunnable && then.is(actRunnable) && flags&actRunnable == 0 {
		dropFlag(then, actRunnable, first)
		dropFlag(then, actMigratable, first)
	}
	if kind.has(ordImpliesThen) && filtersOptional && then.is(actOptional) && flags&actOptional == 0 && !first.is(actMigratable) {
		dropFlag(then, actOptional, first)
	}
	if kind.has(ordRestart) {
		restart(first, then, filter)
	}
	var ch changed
	if thenWas != then.flags {
		ch |= changedThen
		if then.r != nil && then.r.parent != nil {
			p.updateOrderings(then)
		}
	}
	if firstWas != first.flags {
		ch |= changedFirst
	}
	return ch
}

// asymmetric: then cannot run without first, unless it is in that state already.
func asymmetric(first, then *action) {
	r := then.r
	if r == nil {
		return
	}
	now := r.state(true)
	if now == roleStopped && then.task == "stop" {
		return
	}
	if now >= roleStarted && then.is(actOptional) && then.n != nil && len(r.running) == 1 && then.n == r.running[0] && then.task == "start" {
		return
	}
	if !first.is(actRunnable) {
		dropFlag(then, actOptional, first)
		dropFlag(then, actRunnable, first)
	}
}

// restart couples the stop of a resource (first) with its start (then).
func restart(first, then *action, filter actFlag) {
	applies := filter&actOptional != 0 && !then.is(actOptional) ||
		filter&actRunnable != 0 && !then.is(actRunnable) && then.r.managed && first.r == then.r
	if !applies {
		return
	}
	if first.is(actRunnable) || !then.is(actOptional) {
		dropFlag(first, actOptional, then)
	}
	if !then.is(actMigratable) {
		dropFlag(first, actMigratable, then)
	}
	if !first.is(actOptional) && !first.is(actRunnable) {
		dropFlag(then, actRunnable, first)
	}
}

// blockDependents keeps what must be with a resource that cannot start (or be
// promoted) from starting without it.
func (p *plan) blockDependents(a *action) {
	if a.is(actRunnable) || a.r == nil || a.task != "start" && a.task != "promote" {
		return
	}
	r := a.r.top()
	if r.parent != nil {
		r = r.parent
	}
	if len(r.withThis) == 0 {
		return
	}
	for _, c := range r.children {
		if b := c.newestAction(a.task, nil); b == nil || b.is(actRunnable) {
			return
		}
	}
	for _, c := range slices.Clone(r.withThis) {
		if c.score < infinity || a.task == "promote" && c.primaryRole != rolePromoted {
			continue
		}
		task := "start"
		if c.dependentRole == rolePromoted {
			task = "promote"
		}
		p.blockTask(c.dependent, task, a.r, c)
	}
}

func (p *plan) blockTask(r *resource, task string, why *resource, c *colocation) {
	for _, a := range slices.Backward(r.actions) {
		if a.is(actRunnable) && a.task == task {
			a.clear(actRunnable)
			a.explainAs("colocation with "+why.id, false)
			a.because(Reason{Kind: ReasonColocation, ID: c.id, Resource: why.id, Score: c.score, Than: c.score})
			p.blockDependents(a)
			p.updateOrderings(a)
		}
	}
	for _, child := range r.children {
		p.blockTask(child, task, why, c)
	}
}
