package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// actFlag is what an action is and what has been decided about it.
type actFlag uint32

const (
	actPseudo actFlag = 1 << iota
	actRunnable
	actOptional
	actPrintAlways
	actMigratable // a migration may take its place
	actInGraph
	actDangling
	actRequiresAny
	actReschedule
	actDedup
	actOnDC
	actNodeAttrs
	actHeld
)

// needs is what must be certain before an action may run.
type needs uint8

const (
	needsNothing needs = iota
	needsQuorum
	needsFencing
)

// action is a node of the graph while it is being built.
type action struct {
	id         int
	r          *resource
	n          *node
	key, task  string
	name       opName // of key
	cancelTask string
	flags      actFlag
	settings   opSettings
	extra      map[string]string
	needs      needs
	onFail     onFail
	failRole   role
	priority   cib.Score
	reason     string
	// targetRC is the exit code that means success, if one is expected.
	targetRC  cib.RC
	expecting bool
	// why is the cause, if one is known before the graph is built; or else
	// what changed a flag of it: dropped, because of another action.
	why       *Reason
	whyAction *action
	whyFlag   actFlag

	before, after []*link
	// afterIndex finds what is already ordered after this action.
	afterIndex map[*action]ordFlag
	// requiredBefore of the inputs must be runnable (actRequiresAny).
	requiredBefore, runnableBefore int
	tracking                       int
	visiting                       bool
	// settled: it agrees with its inputs. disturbed: what matters to it has
	// changed since this was last looked at.
	settled, disturbed bool
	// staged are the flags of a clone's pseudo action: first those without
	// regard to nodes, then by node index. stageKey names what others wait for
	// in its place.
	staged   []stagedFlags
	stageKey string
}

func (a *action) is(f actFlag) bool { return a.flags&f == f }

func (a *action) set(f actFlag) {
	if a.flags&f != f {
		a.flags |= f
		a.changed()
	}
}

func (a *action) clear(f actFlag) {
	if a.flags&f != 0 {
		a.flags &^= f
		a.changed()
	}
}

// bind gives a its node.
func (a *action) bind(n *node) {
	a.n = n
	a.changed()
}

// said is what has been said of a under a name, by configuration or by say.
func (a *action) said(name string) string { return a.settings.said(name) }

// say notes something that who carries a out needs to know.
func (a *action) say(name, value string) { a.settings.all()[name] = value }

// expect sets the exit code that means success.
func (a *action) expect(rc cib.RC) { a.targetRC, a.expecting = rc, true }

// explainAs sets the short reason unless there is one; overwrite replaces it.
func (a *action) explainAs(reason string, overwrite bool) {
	if a.reason == "" || overwrite {
		a.reason = reason
	}
}

// because sets the cause, unless there is one.
func (a *action) because(why Reason) {
	if a.why == nil && a.whyAction == nil {
		a.why = &why
	}
}

// becauseOf makes another action the cause, unless there is one: its state made
// this one required (actOptional dropped) or, which counts more, impossible
// (actRunnable dropped).
func (a *action) becauseOf(other *action, dropped actFlag) {
	if a.why == nil && (a.whyAction == nil || dropped == actRunnable && a.whyFlag != actRunnable) {
		a.whyAction, a.whyFlag = other, dropped
	}
}

// newAction finds or creates an operation of r on n; n may be nil when the
// node is not known yet. optional says that nothing needs it so far.
func (p *plan) newAction(r *resource, task string, intervalMS int64, n *node, optional bool) *action {
	var a *action
	if list := r.findActions(task, intervalMS, n); len(list) > 0 {
		a = list[0]
	} else {
		a = p.addAction(r, opKey(r.id, task, intervalMS), opName{task, intervalMS}, task, n, optional)
	}
	return p.considerAction(a, optional)
}

// customAction is newAction by key, which may say more than the task.
func (p *plan) customAction(r *resource, key, task string, n *node, optional bool) *action {
	var a *action
	if r == nil {
		a = p.singletons[key]
	} else if list := r.actionsByKey(key, n); len(list) > 0 {
		a = list[0]
	}
	if a == nil {
		var name opName
		if r != nil {
			name = opNameOf(r.id, key)
		}
		a = p.addAction(r, key, name, task, n, optional)
	}
	return p.considerAction(a, optional)
}

// considerAction decides anew what is known of an action that is asked for.
func (p *plan) considerAction(a *action, optional bool) *action {
	r := a.r
	switch {
	case r != nil && a.n != nil && !a.is(actPseudo) && !r.managed && a.settings.intervalMS == 0:
		a.set(actOptional)
	case !optional:
		a.clear(actOptional)
	}
	if r == nil {
		return a
	}
	if a.n != nil && !a.is(actNodeAttrs) && a.settings.spec != nil {
		a.set(actNodeAttrs)
		a.extra = a.settings.ownParams(a.n)
	}
	p.updateRunnable(a)
	return a
}

func (p *plan) addAction(r *resource, key string, name opName, task string, n *node, optional bool) *action {
	a := p.actionSlab.take()
	a.id, a.r, a.n, a.key, a.name, a.task, a.flags = len(p.actions)+1, r, n, key, name, task, actRunnable
	if task == "lrm_delete" {
		a.set(actOnDC)
	}
	if optional {
		a.set(actOptional)
	}
	p.actions = append(p.actions, a)
	if r == nil {
		p.singletons[key] = a
		return a
	}
	r.tasks |= taskBit(key[:max(0, strings.LastIndexByte(key, '_'))])
	ms := name.intervalMS
	if ms < 0 {
		_, _, ms, _ = splitKey(key)
	}
	t := r.opTraits(task, ms, key)
	a.settings, a.needs, a.onFail, a.failRole = t.opSettings, t.needs, t.onFail, t.failRole
	r.actions = append(r.actions, a)
	a.changed()
	return a
}

// actionsByKey finds actions of r, oldest first. With a node, those not bound
// to one yet are bound to it.
func (r *resource) actionsByKey(key string, n *node) []*action {
	return r.actionsNamed(opNameOf(r.id, key), n)
}

func (r *resource) actionsNamed(name opName, n *node) []*action {
	var out []*action
	for i, a := range r.actions {
		if a.name != name {
			continue
		}
		if n != nil && a.n == nil {
			a.bind(n)
		}
		switch {
		case n != nil && a.n != n:
		case out == nil:
			// Mostly there is just this one; more are added to a copy.
			out = r.actions[i : i+1 : i+1]
		default:
			out = append(out, a)
		}
	}
	return out
}

// taskSet tells which tasks a resource has no action of; several tasks may share
// a bit. Most questions are about actions that are not there.
type taskSet uint64

// taskBit is the bit of a task, or of a key without its interval: that of the
// last word.
func taskBit(task string) taskSet {
	word := task[strings.LastIndexByte(task, '_')+1:]
	if word == "" {
		return ^taskSet(0)
	}
	return 1 << ((uint(len(word)) + uint(word[0]) + uint(word[len(word)-1])*7) % 64)
}

// findActions is actionsByKey by task.
func (r *resource) findActions(task string, intervalMS int64, n *node) []*action {
	if r.tasks&taskBit(task) == 0 {
		return nil
	}
	return r.actionsNamed(opName{task, intervalMS}, n)
}

// exactActions finds actions by task that are bound to n already.
func (r *resource) exactActions(task string, intervalMS int64, n *node) []*action {
	if r.tasks&taskBit(task) == 0 {
		return nil
	}
	var out []*action
	for i, a := range r.actions {
		switch {
		case n == nil || a.n != n || a.name != opName{task, intervalMS}:
		case out == nil:
			out = r.actions[i : i+1 : i+1]
		default:
			out = append(out, a)
		}
	}
	return out
}

// newestAction is the last action of r with this task, on n if n is given.
func (r *resource) newestAction(task string, n *node) *action {
	for i := len(r.actions) - 1; i >= 0; i-- {
		if a := r.actions[i]; a.task == task && (n == nil || a.n == n) {
			return a
		}
	}
	return nil
}

func (r *resource) newestByKey(key string) *action {
	for i := len(r.actions) - 1; i >= 0; i-- {
		if r.actions[i].key == key {
			return r.actions[i]
		}
	}
	return nil
}

// pseudo finds or creates an action that only orders others.
func (p *plan) pseudo(name string) *action {
	if a := p.singletons[name]; a != nil {
		return a
	}
	a := p.customAction(nil, name, name, nil, true)
	a.set(actPseudo | actRunnable)
	return a
}

func (r *resource) pseudo(task string, optional, runnable bool) *action {
	a := r.p.newAction(r, task, 0, nil, optional)
	a.set(actPseudo)
	if runnable {
		a.set(actRunnable)
	}
	return a
}

// updateRunnable decides whether an operation can run at all: on an online
// node that is no longer joining, and with quorum where that is needed.
func (p *plan) updateRunnable(a *action) {
	if a.is(actPseudo) {
		return
	}
	r, n := a.r, a.n
	switch {
	case n == nil:
		a.clear(actRunnable)
	case !a.is(actOnDC) && !n.online && (!n.isGuest() || n.remoteReset):
		a.clear(actRunnable)
		if r.managed && a.task == "stop" && !n.unclean {
			p.fenceNode(n, "stop is unrunnable", false)
		}
	case !a.is(actOnDC) && n.pending:
		a.clear(actRunnable)
	case a.needs == needsNothing:
		a.reason = ""
		if n.isGuest() && !p.canFence(n) {
			a.clear(actRunnable)
		} else {
			a.set(actRunnable)
		}
	default:
		p.applyQuorum(a)
	}
}

func (p *plan) applyQuorum(a *action) {
	r := a.r
	policy := p.options.quorum
	if p.options.haveQuorum {
		policy = quorumIgnore
	} else if policy == quorumDemote {
		policy = quorumStop
		if r.role == rolePromoted || r.role == roleUnpromoted {
			r.next = min(r.next, roleUnpromoted)
			policy = quorumIgnore
		}
	}
	switch policy {
	case quorumStop:
		a.clear(actRunnable)
		a.explainAs("no quorum", true)
	case quorumFreeze:
		if !r.isActive(true) || r.next > r.role {
			a.clear(actRunnable)
			a.explainAs("quorum freeze", true)
		}
	default:
		a.set(actRunnable)
	}
}

func (r *resource) startOn(n *node, optional bool) *action {
	return r.p.newAction(r, "start", 0, n, optional)
}

func (r *resource) stopOn(n *node, optional bool) *action {
	return r.p.newAction(r, "stop", 0, n, optional)
}

func (r *resource) demoteOn(n *node, optional bool) *action {
	return r.p.newAction(r, "demote", 0, n, optional)
}
