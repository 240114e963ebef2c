package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// paramCheck is a comparison of parameters that had to wait until it was known
// where a connection goes: of what runs, or of its last failure.
type paramCheck struct {
	r       *resource
	n       *node
	op      *cib.OpHistory
	failure bool
}

// runParamChecks makes the comparisons that waited, the last noted first.
func (p *plan) runParamChecks() {
	for _, c := range slices.Backward(p.paramChecks) {
		if !c.failure {
			p.checkActive(c.r, c.n, c.op)
			continue
		}
		if v := p.compareDigest(c.r, c.n, c.op); v != digestUnknown && v != digestSame {
			p.clearFailCount(c.r, c.n, "resource parameters have changed")
		}
	}
}

// checkActive is checkOperation for what runs; past failures do not count
// against what was changed since.
func (p *plan) checkActive(r *resource, n *node, op *cib.OpHistory) {
	if !p.checkOperation(r, n, op) {
		return
	}
	if count, _ := p.failCount(r, n, nil, true, false); count != 0 {
		p.clearFailCount(r, n, "action definition changed")
	}
}

// checkHistories looks at what runs with other parameters, another agent or
// other intervals than configured, and schedules what puts that right.
func (p *plan) checkHistories() {
	for _, n := range p.nodes {
		if n.state == nil || !n.maintenance && !n.usable() {
			continue
		}
		for i := range n.state.History {
			if r := n.plainOwner(i); r != nil && !r.runsOn(n) {
				continue
			}
			h := &n.state.History[i]
			if len(h.Ops) == 0 {
				continue
			}
			list := p.byID[h.ID]
			for j := len(list) - 1; j >= 0; j-- {
				if list[j].variant == primitive && (list[j].id == h.ID || list[j].historyName == h.ID) {
					p.checkHistory(list[j], n, h)
				}
			}
		}
	}
}

// plainOwner is the resource of the history with this index, if that has its
// name and agent, so that it matters only where the resource is active. Most
// histories say no more than that a resource never was there.
func (n *node) plainOwner(i int) *resource {
	if n != nil && i < len(n.plain) {
		return n.plain[i]
	}
	return nil
}

// otherAgent: the history is of another agent than the configured one.
func (r *resource) otherAgent(h *cib.ResourceHistory) bool {
	return r.kind != h.Type || r.class != h.Class || r.provider != h.Provider
}

func (p *plan) checkHistory(r *resource, n *node, h *cib.ResourceHistory) {
	if r.orphan {
		if !r.top().isAnonymous() {
			r.cleanup(n, false)
		}
		return
	}
	if r.otherAgent(h) {
		p.triggerUnfencing(r, n, "Device definition changed")
		if r.runsOn(n) {
			r.stopOn(n, false).because(Reason{Kind: ReasonAgent})
			r.startPending = true
		}
		r.cleanup(n, false)
	}
	if !r.runsOn(n) {
		return
	}
	var space [opSpace]*cib.OpHistory
	ops := sortedOps(h, space[:0])
	start, stop := activeRange(ops)
	if start < stop {
		return
	}
	for i, op := range ops {
		if i < start {
			continue
		}
		if op.IntervalMS > 0 && (r.maintenance || n.maintenance) {
			p.scheduleCancel(r, op, n, "maintenance mode")
			continue
		}
		switch op.Operation {
		case "monitor", "start", "promote", "migrate_from":
		default:
			if op.IntervalMS == 0 {
				continue
			}
		}
		if r.needsHostAddress() {
			p.paramChecks = append(p.paramChecks, paramCheck{r: r, n: n, op: op})
		} else {
			p.checkActive(r, n, op)
		}
	}
}

// checkOperation schedules what a changed operation needs: cancellation of a
// monitor that is configured no more, a restart, a reload or a new monitor.
func (p *plan) checkOperation(r *resource, n *node, op *cib.OpHistory) bool {
	task := op.Operation
	if op.IntervalMS > 0 && r.opSpec(task, op.IntervalMS, false) == nil {
		if p.options.cancelOrphan {
			p.scheduleCancel(r, op, n, "orphan")
		}
		return true
	}
	if op.IntervalMS == 0 {
		switch task {
		case "monitor", "migrate_from", "promote":
			task = "start"
		}
	}
	verdict := p.compareDigest(r, n, op)
	if p.in.Sanitized && verdict != digestSame && op.SecureDigest != "" && p.secureDigest(r, n, op) == op.SecureDigest {
		p.tell("Only 'private' parameters to " + readableInterval(op.IntervalMS) + "-interval " + task + " for " + r.id + " on " + n.label() + " changed: " + op.Magic)
		return false
	}
	switch verdict {
	case digestRestart:
		p.forceRestart(r, n, task, op)
	case digestChanged, digestUnknown:
		switch {
		case op.IntervalMS > 0:
			p.triggerUnfencing(r, n, "Device parameters changed (reschedule)")
			p.newAction(r, task, op.IntervalMS, n, true).set(actReschedule)
		case p.restartDigest(op) != "":
			p.triggerUnfencing(r, n, "Device parameters changed (reload)")
			p.scheduleReload(r, n, op)
		default:
			p.forceRestart(r, n, task, op)
		}
	default:
		return false
	}
	return true
}

func (p *plan) forceRestart(r *resource, n *node, task string, op *cib.OpHistory) {
	a := p.newAction(r, task, op.IntervalMS, nil, false)
	a.explainAs("resource definition change", true)
	a.because(p.parametersReason(r, n, op, ""))
	p.triggerUnfencing(r, n, "Device parameters changed")
}

func (p *plan) scheduleReload(r *resource, n *node, op *cib.OpHistory) {
	if n == nil || !r.managed || r.failed {
		return
	}
	if r.startPending {
		r.stopOn(n, false).because(p.parametersReason(r, n, op, ""))
		return
	}
	r.reload = true
	a := p.newAction(r, "reload-agent", 0, n, false)
	a.explainAs("resource definition change", false)
	a.because(p.parametersReason(r, n, op, "reload"))
	p.orderAction(a, r, "stop", ordOptional|ordCancelsFirst)
	p.orderAction(a, r, "demote", ordOptional|ordCancelsFirst)
}
