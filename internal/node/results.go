package node

import (
	"strconv"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// reported records a member's result. Reports are numbered by the member, so
// one that is repeated changes nothing.
func (c *Core) reported(from string, r *reportMsg) {
	o := c.office
	if !o.ready || !c.joined(from) || r.Seq <= o.reports[from] {
		return
	}
	o.reports[from] = r.Seq
	op := &r.Order.Operation
	record := recordOf(from, &r.Order)
	if op.Interval > 0 && !c.awaitsFirst(from, &record) {
		record.CallID = int(max(o.nextCall[from], 1))
		o.nextCall[from] = uint64(record.CallID) + 1
	}
	record.Seq, record.RC, record.Status, record.ExitReason = r.Seq, r.Result.RC, r.Result.Status, r.Result.ExitReason
	record.LastRun, record.LastRCChange = r.Result.Started.Unix(), r.Result.Ended.Unix()
	record.ExecTimeMS = r.Result.Ended.Sub(r.Result.Started).Milliseconds()
	record.ParamDigests = r.Result.ParamDigests
	if isReload(op.Name) {
		record.Operation = reloadedAs(record.Status)
	}
	record.FailCount = c.failCount(&record)
	c.announceResult(from, op, &record)
	c.commit(cib.Command{RecordOperation: &record})
	c.stopEnded(from, op, !record.Failed() && record.Status == cib.ExecDone)
	ok := record.Status == cib.ExecDone && record.RC == record.TargetRC
	if !c.actionDone(op.TransitionKey, ok) && (!ok || op.Interval == 0) {
		c.markDirty(describe(from, op) + ": " + record.RC.String())
	}
	if !ok {
		c.intentFailure(from, op, &record)
	}
}

// reloadedAs is the operation as which a reload is recorded, which is
// Pacemaker's: one that came to its end leaves a resource as a start with the
// new parameters would; of another it is only known that the resource is not
// as it should be, which is what a failed monitor says.
func reloadedAs(status cib.ExecStatus) string {
	if status == cib.ExecDone {
		return "start"
	}
	return "monitor"
}

// awaitsFirst reports whether a recurring operation has had no result since it
// was ordered. Every later one gets a call id of its own, so that the order of
// the history never depends on clocks.
func (c *Core) awaitsFirst(node string, r *cib.OpRecord) bool {
	for _, h := range c.node(node).History {
		for _, op := range h.Ops {
			if h.ID == r.Resource && op.Status == cib.ExecPending && op.CallID == r.CallID {
				return true
			}
		}
	}
	return false
}

// failCount tells what a failure adds to the fail count, as Pacemaker's
// controller does: a failed start or stop is INFINITY (a start unless
// start-failure-is-fatal is false), a failed recurring monitor, promote or
// demote adds one, a probe or migration nothing.
func (c *Core) failCount(r *cib.OpRecord) string {
	if !r.Failed() {
		return ""
	}
	switch {
	case r.IntervalMS > 0, r.Operation == "promote", r.Operation == "demote":
		return "++"
	case r.Operation == "stop":
		return cib.Infinity.String()
	case r.Operation == "start":
		if c.propertyBool(true, "start-failure-is-fatal") {
			return cib.Infinity.String()
		}
		return "++"
	}
	return ""
}

// announceResult tells what came of an operation: a failure with its cause; a
// probe's answer, whatever it is, is no failure unless the agent failed.
func (c *Core) announceResult(node string, op *cib.Operation, r *cib.OpRecord) {
	pairs := []string{"resource", op.Resource, "operation", operationWords(op), "node", node,
		"rc", strconv.Itoa(int(r.RC)) + " (" + r.RC.String() + ")", "ms", strconv.FormatInt(r.ExecTimeMS, 10)}
	probe := op.Name == "monitor" && op.Interval == 0 && r.Status == cib.ExecDone &&
		(r.RC == cib.OK || r.RC == cib.NotRunning || r.RC == cib.RunningPromoted)
	if !r.Failed() || probe {
		c.announce(EventOpDone, levelInfo, pairs...)
		return
	}
	pairs = append(pairs, "status", r.Status.String(), "reason", r.ExitReason)
	c.announce(EventOpFailed, levelWarn, pairs...)
}

// recordLost writes a timeout for an operation whose node never reported.
func (c *Core) recordLost(a *policy.Action) {
	if a.Operation == nil || !c.joined(a.Node) {
		return
	}
	n := c.node(a.Node)
	for _, h := range n.History {
		for _, op := range h.Ops {
			if h.ID != a.Operation.Resource || op.Operation != a.Operation.Name || op.Status != cib.ExecPending {
				continue
			}
			record := cib.OpRecord{
				Node: a.Node, Resource: h.ID, Class: h.Class, Provider: h.Provider, Type: h.Type,
				Operation: op.Operation, IntervalMS: op.IntervalMS, CallID: op.CallID,
				RC: cib.UnknownError, Status: cib.ExecTimeout, TargetRC: a.TargetRC, TransitionKey: op.TransitionKey,
				ExitReason: "node " + a.Node + " did not report the result in time",
				LastRun:    op.LastRun, LastRCChange: c.now.Unix(),
			}
			record.FailCount = c.failCount(&record)
			c.announceResult(a.Node, a.Operation, &record)
			c.commit(cib.Command{RecordOperation: &record})
			return
		}
	}
}
