package policy

import (
	"strconv"

	"kvmha/internal/cib"
)

// createRecurring schedules the configured recurring operations: those of the
// role r will have where it will be, and those of the role Stopped elsewhere.
func (r *resource) createRecurring() {
	if r.blocked || r.maintenance {
		return
	}
	var start *action
	if r.allocated != nil && !r.allocated.maintenance && (r.next != roleStopped || !r.managed) {
		start = r.startOn(r.allocated.node, true)
	}
	for i, s := range r.ops {
		op, ok := r.recurringOp(i, s)
		if !ok {
			continue
		}
		if start != nil {
			r.recurWhileActive(start, r.allocated.node, op)
		}
		r.recurWhileStopped(nodeOf(r.allocated), op)
	}
}

// recurring is one configured recurring operation.
type recurring struct {
	name, key string
	ms        int64
	role      role
}

func (r *resource) recurringOp(i int, s opSpec) (recurring, bool) {
	op := recurring{name: s.Name, ms: s.ms}
	if op.ms == 0 || s.ID == "" {
		return op, false
	}
	switch s.Name {
	case "stop", "start", "demote", "promote", "reload-agent", "migrate_to", "migrate_from":
		r.p.fault("Ignoring %s because %s action cannot be recurring", s.ID, s.Name)
		return op, false
	}
	for j, other := range r.ops {
		if j != i && other.ms == op.ms && other.Name == s.Name {
			if j < i {
				r.p.fault("Operation %s is duplicate of %s (do not use same name and interval combination more than once per resource)", s.ID, other.ID)
			}
			return op, false
		}
	}
	if text := opAttr(s.OpSpec, "role"); text != "" {
		op.role = parseRole(text)
	}
	op.key = opKey(r.id, op.name, op.ms)
	return op, r.opSpec(op.name, op.ms, false) != nil
}

func (r *resource) recurWhileActive(start *action, n *node, op recurring) {
	if op.role == roleStopped {
		return
	}
	optional := r.recursAlready(n, op, start)
	if op.role != roleUnknown && r.next != op.role || op.role == roleUnknown && r.next == rolePromoted {
		if optional {
			r.cancelBeforeChange(n, op)
		}
		return
	}
	p := r.p
	a := p.customAction(r, op.key, op.name, n, optional)
	if !start.is(actRunnable) || !n.online || n.unclean {
		a.clear(actRunnable)
	}
	if r.next == rolePromoted {
		a.expect(cib.RunningPromoted)
	}
	if !r.managed {
		return
	}
	p.orderBefore(r, "start", a, ordImpliesThen|ordRunnableFirst)
	p.orderBefore(r, "reload-agent", a, ordImpliesThen|ordRunnableFirst)
	switch {
	case r.next == rolePromoted:
		p.orderBefore(r, "promote", a, ordOptional|ordRunnableFirst)
	case r.role == rolePromoted:
		p.orderBefore(r, "demote", a, ordOptional|ordRunnableFirst)
	}
}

// recursAlready: the operation runs on n and nothing has to start it anew.
func (r *resource) recursAlready(n *node, op recurring, start *action) bool {
	if !start.is(actOptional) {
		return false
	}
	list := r.exactActions(op.name, op.ms, n)
	for _, a := range list {
		if a.is(actReschedule) {
			return false
		}
	}
	return len(list) > 0
}

func (r *resource) cancelBeforeChange(n *node, op recurring) {
	a := r.cancel(op.name, op.ms, n, "its role changes to "+r.next.String())
	task := ""
	switch {
	case r.role == rolePromoted:
		task = "demote"
	case (r.role == roleUnpromoted || r.role == roleStarted) && r.next == rolePromoted:
		task = "promote"
	case (r.role == roleUnpromoted || r.role == roleStarted) && r.next == roleStopped:
		task = "stop"
	}
	if task != "" {
		r.p.orderAction(a, r, task, ordRunnableFirst)
	}
}

func (r *resource) recurWhileStopped(n *node, op recurring) {
	if op.role != roleStopped || !r.unique {
		return
	}
	p := r.p
	for _, m := range p.nodes {
		if m == n {
			if len(r.exactActions(op.name, op.ms, n)) > 0 {
				a := r.cancel(op.name, op.ms, n, "it will be active there")
				if r.next == roleStarted || r.next == roleUnpromoted {
					p.orderAction(a, r, "start", ordRunnableFirst)
				}
			}
			continue
		}
		optional := len(r.exactActions(op.name, op.ms, m)) > 0
		a := p.customAction(r, op.key, op.name, m, optional)
		a.expect(cib.NotRunning)
		if r.managed {
			for _, probe := range r.findActions("monitor", 0, m) {
				p.link(probe, a, ordRunnableFirst)
			}
		}
		r.recurAfterStops(m, a)
		if !m.online || m.unclean {
			a.clear(actRunnable)
		}
	}
}

func (r *resource) recurAfterStops(n *node, a *action) {
	for _, stop := range r.exactActions("stop", 0, n) {
		if !stop.is(actOptional) && !a.is(actOptional) && !r.managed {
			a.set(actOptional)
		}
		if !stop.is(actRunnable) {
			a.clear(actRunnable)
		}
		if r.managed {
			r.p.orderActions(stop, a, ordImpliesThen|ordRunnableFirst)
		}
	}
}

// cancel schedules the end of a recurring operation.
func (r *resource) cancel(task string, ms int64, n *node, why string) *action {
	a := r.p.customAction(r, opKey(r.id, task, ms), "cancel", n, false)
	a.task, a.cancelTask = "cancel", task
	a.changed()
	a.settings.intervalMS = ms
	a.say("operation", task)
	a.say("interval", strconv.FormatInt(ms, 10))
	a.because(Reason{Kind: ReasonOperation, Action: task, Node: n.name, Detail: why})
	return a
}

func (p *plan) scheduleCancel(r *resource, op *cib.OpHistory, n *node, why string) {
	a := r.cancel(op.Operation, op.IntervalMS, n, why)
	addMissing(a.settings.all(), map[string]string{"call-id": strconv.Itoa(op.CallID)})
	p.orderBefore(r, "stop", a, ordOptional)
}
