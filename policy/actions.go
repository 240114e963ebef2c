package policy

import (
	"strconv"
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
	cancelTask string
	flags      actFlag
	meta       map[string]string
	extra      map[string]string
	spec       *cib.OpSpec
	needs      needs
	onFail     onFail
	failRole   role
	priority   cib.Score
	reason     string
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

// opTraits is what configuration says of an operation.
type opTraits struct {
	spec     *cib.OpSpec
	meta     map[string]string
	extra    map[string]string
	needs    needs
	onFail   onFail
	failRole role
}

// opSpec finds the configured operation of this name and interval.
func (r *resource) opSpec(task string, intervalMS int64, disabledToo bool) *cib.OpSpec {
	find := func(name string, ms int64) *cib.OpSpec {
		for _, s := range r.ops {
			if s.Name == name && (disabledToo || !isFalse(opAttr(s, "enabled"))) && millisOr0(s.Interval) == ms {
				return s
			}
		}
		return nil
	}
	if s := find(task, intervalMS); s != nil {
		return s
	}
	switch task {
	case "migrate_to", "migrate_from":
		return find("migrate", 0)
	case "notify", "notified":
		return find("notify", 0)
	}
	return nil
}

// fastestMonitor is the enabled monitor with the shortest interval.
func (r *resource) fastestMonitor() *cib.OpSpec {
	var best *cib.OpSpec
	var bestMS int64
	for _, s := range r.ops {
		if s.Name != "monitor" || isFalse(opAttr(s, "enabled")) {
			continue
		}
		if ms := millisOr0(s.Interval); ms != 0 && (best == nil || ms < bestMS) {
			best, bestMS = s, ms
		}
	}
	return best
}

// opTraits gathers an operation's meta-attributes and what follows from them.
// key is the name to look it up by; n matters for instance attributes of the
// operation that depend on node attributes (nil: none are read).
func (r *resource) opTraits(task string, intervalMS int64, key string, n *node) opTraits {
	t := opTraits{meta: map[string]string{}}
	if _, keyTask, keyMS, ok := splitKey(key); ok {
		t.spec = r.opSpec(keyTask, keyMS, true)
	}
	ctx := ruleContext{rsc: r, op: &opContext{name: task, intervalMS: intervalMS}}
	r.p.applySets(r.p.cib.Config.OpDefaults, ctx, t.meta, "", false)
	probe := task == "monitor" && intervalMS == 0
	if probe {
		if m := r.fastestMonitor(); m != nil && m.Timeout != "" {
			t.meta["timeout"] = m.Timeout
		}
	}
	if t.spec != nil {
		r.p.applySets(t.spec.Meta, ctx, t.meta, "", true)
		t.meta["name"] = t.spec.Name
		if t.spec.Timeout != "" {
			t.meta["timeout"] = t.spec.Timeout
		}
		for _, nv := range t.spec.Attrs {
			t.meta[nv.Name] = nv.Value
		}
		if n != nil {
			t.extra = r.p.ownParams(t.spec, n)
		}
	}
	delete(t.meta, "id")
	delete(t.meta, "interval")
	if intervalMS > 0 {
		t.meta["interval"] = strconv.FormatInt(intervalMS, 10)
	}
	if r.fenceDevice && (task == "start" || probe) {
		if v, ok := r.params(n)["pcmk_monitor_timeout"]; ok {
			t.meta["timeout"] = v
		}
	}
	ms, ok := millis(t.meta["timeout"])
	if !ok {
		ms = 20000
	}
	t.meta["timeout"] = strconv.FormatInt(ms, 10)
	t.needs = r.needsFor(task)
	r.applyOnFail(&t, task, intervalMS)
	r.p.startDelay(&t, intervalMS)
	return t
}

// ownParams are the parameters that an operation has on n besides those of its
// resource; nil for none, as with most.
func (p *plan) ownParams(s *cib.OpSpec, n *node) map[string]string {
	if len(s.Params) == 0 {
		return nil
	}
	out := map[string]string{}
	p.applySets(s.Params, ruleContext{attrs: n.attrs}, out, "", false)
	return out
}

func (r *resource) needsFor(task string) needs {
	switch {
	case task != "start" && task != "promote":
	case r.needsFencing:
		return needsFencing
	case r.needsQuorum:
		return needsQuorum
	}
	return needsNothing
}

// onFailText is the configured on-fail where it is valid for the operation.
func (r *resource) onFailText(t *opTraits, task string) string {
	value := t.meta["on-fail"]
	switch {
	case task == "stop":
		switch strings.ToLower(value) {
		case "standby", "demote", "stop":
			r.p.fault("Resetting 'on-fail' for %s stop action to default value because '%s' is not allowed for stop", r.id, value)
			return ""
		}
	case task == "demote" && value == "":
		// A failed demotion is like a failed monitor of the promoted role.
		for _, s := range r.ops {
			v := opAttr(s, "on-fail")
			if v != "" && !strings.EqualFold(v, "demote") && !isFalse(opAttr(s, "enabled")) && s.Name == "monitor" &&
				parseRole(opAttr(s, "role")) == rolePromoted && millisOr0(s.Interval) != 0 {
				return v
			}
		}
	case task == "lrm_delete":
		return "ignore"
	case strings.EqualFold(value, "demote"):
		s := t.spec
		if s == nil || s.Name != "promote" &&
			(s.Name != "monitor" || parseRole(opAttr(s, "role")) != rolePromoted || millisOr0(s.Interval) == 0) {
			r.p.fault("Resetting 'on-fail' for %s %s action to default value because 'demote' is not allowed for it", r.id, task)
			return ""
		}
	}
	return value
}

// applyOnFail decides what a failure of the operation will call for.
func (r *resource) applyOnFail(t *opTraits, task string, intervalMS int64) {
	o := &r.p.options
	value := strings.ToLower(r.onFailText(t, task))
	known := true
	switch value {
	case "block":
		t.onFail = failBlock
		t.meta["on-fail"] = "block"
	case "fence":
		t.onFail = failFence
		if !o.fencing {
			r.p.fault("Resetting 'on-fail' for operation '%s' to 'stop' because 'fence' is not valid when fencing is disabled", opKey(r.id, task, intervalMS))
			t.onFail, t.failRole = failStop, roleStopped
		}
	case "standby":
		t.onFail = failStandby
	case "ignore", "nothing":
		t.onFail = failIgnore
	case "migrate":
		t.onFail = failMigrate
	case "stop":
		t.onFail, t.failRole = failStop, roleStopped
	case "restart":
		t.onFail = failRecover
	case "demote":
		t.onFail = failDemote
	case "restart-container":
		t.onFail = failContainer
		known = r.container != nil
	default:
		known = false
	}
	switch {
	case !known && r.container != nil:
		t.onFail = failContainer
	case (!known || !r.managed) && r.isRemoteConnection() && !(task == "monitor" && intervalMS == 0) && task != "start":
		if !r.managed {
			t.onFail, t.failRole = failStop, roleStopped
			break
		}
		if r.reconnectMS != 0 {
			t.failRole = roleStopped
		}
		t.onFail = failRemote
	case known:
	case task == "stop" && o.fencing:
		t.onFail = failFence
	case task == "stop":
		t.onFail = failBlock
	default:
		t.onFail = failRecover
	}
	if t.failRole == roleUnknown {
		t.failRole = parseRole(t.meta["role_after_failure"])
	}
	if t.failRole == roleUnknown {
		t.failRole = roleStarted
		if task == "promote" {
			t.failRole = roleUnpromoted
		}
	}
}

// isRemoteConnection: r connects to a remote node that stands by itself.
func (r *resource) isRemoteConnection() bool {
	if !r.isRemote {
		return false
	}
	n := r.p.nodeByName[r.id]
	return n != nil && n.isRemote()
}

// startDelay computes when a recurring operation first runs: start-delay, or
// the next time that is a whole number of intervals after interval-origin.
func (p *plan) startDelay(t *opTraits, intervalMS int64) {
	if v, ok := t.meta["start-delay"]; ok {
		t.meta["start-delay"] = strconv.FormatInt(millisOr0(v), 10)
		return
	}
	v, ok := t.meta["interval-origin"]
	if !ok || intervalMS < 1000 {
		return
	}
	origin, ok := parseDate(v)
	if !ok {
		return
	}
	every := intervalMS / 1000
	past := (p.now.Unix() - origin.Unix()) % every
	delay := -past
	if past > 0 {
		delay = every - past
	}
	t.meta["start-delay"] = strconv.FormatInt(delay*1000, 10)
}

// newAction finds or creates an operation of r on n; n may be nil when the
// node is not known yet. optional says that nothing needs it so far.
func (p *plan) newAction(r *resource, task string, intervalMS int64, n *node, optional bool) *action {
	return p.customAction(r, opKey(r.id, task, intervalMS), task, n, optional)
}

func (p *plan) customAction(r *resource, key, task string, n *node, optional bool) *action {
	var a *action
	if r == nil {
		a = p.singletons[key]
	} else if list := r.actionsByKey(key, n); len(list) > 0 {
		a = list[0]
	}
	if a == nil {
		a = p.addAction(r, key, task, n, optional)
	}
	switch {
	case r != nil && a.n != nil && !a.is(actPseudo) && !r.managed && a.meta["interval"] == "":
		a.set(actOptional)
	case !optional:
		a.clear(actOptional)
	}
	if r == nil {
		return a
	}
	if a.n != nil && !a.is(actNodeAttrs) && a.spec != nil {
		a.set(actNodeAttrs)
		a.extra = p.ownParams(a.spec, a.n)
	}
	p.updateRunnable(a)
	return a
}

func (p *plan) addAction(r *resource, key, task string, n *node, optional bool) *action {
	a := &action{id: len(p.actions) + 1, r: r, n: n, key: key, task: task, flags: actRunnable}
	if task == "lrm_delete" {
		a.set(actOnDC)
	}
	if optional {
		a.set(actOptional)
	}
	p.actions = append(p.actions, a)
	if r == nil {
		a.meta = map[string]string{}
		p.singletons[key] = a
		return a
	}
	_, _, ms, _ := splitKey(key)
	t := r.opTraits(task, ms, key, nil)
	a.spec, a.meta, a.needs, a.onFail, a.failRole = t.spec, t.meta, t.needs, t.onFail, t.failRole
	r.actions = append(r.actions, a)
	a.changed()
	return a
}

// actionsByKey finds actions of r, oldest first. With a node, those not bound
// to one yet are bound to it.
func (r *resource) actionsByKey(key string, n *node) []*action {
	var out []*action
	for _, a := range r.actions {
		if a.key != key {
			continue
		}
		if n != nil && a.n == nil {
			a.bind(n)
		}
		if n == nil || a.n == n {
			out = append(out, a)
		}
	}
	return out
}

// findActions is actionsByKey by task.
func (r *resource) findActions(task string, intervalMS int64, n *node) []*action {
	if len(r.actions) == 0 {
		return nil
	}
	return r.actionsByKey(opKey(r.id, task, intervalMS), n)
}

// exactActions finds actions that are bound to n already.
func (r *resource) exactActions(key string, n *node) []*action {
	var out []*action
	for _, a := range r.actions {
		if n != nil && a.n == n && a.key == key {
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
