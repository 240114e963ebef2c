package node

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// work is what this node's executor is doing for the cluster, whoever is DC.
type work struct {
	running    []job
	recurring  []job // their first result is in
	unrecorded []reportMsg
	lastReport uint64
	lastCall   uint64
	repeatAt   time.Time
}

// job is an operation handed to the executor. local is the ID it runs under,
// order the newest order that it fulfils.
type job struct {
	local uint64
	order orderMsg
}

// orders are the operations in progress.
func (w *work) orders() []orderMsg {
	var out []orderMsg
	for _, j := range w.running {
		out = append(out, j.order)
	}
	return out
}

// order gives an operation its call id, notes it as pending in the CIB, and
// sends it to its node. Every order of a DC goes through here.
func (c *Core) order(node string, m orderMsg) uint64 {
	o := c.office
	m.Operation.ID = max(o.nextCall[node], 1)
	o.nextCall[node] = m.Operation.ID + 1
	if m.Operation.TransitionKey == "" { // not of a graph: the scheduler reads the expected code in the key
		m.Operation.TransitionKey = fmt.Sprintf("0:%d:%d:%s", o.graphNo, m.TargetRC, c.office.key)
	}
	record := recordOf(node, &m)
	record.RC, record.Status = cib.PendingRC, cib.ExecPending
	record.LastRun, record.LastRCChange = c.now.Unix(), c.now.Unix()
	if !unnoted(m.Operation.Name) {
		c.commit(cib.Command{RecordOperation: &record})
	}
	op := &m.Operation
	c.announce(EventOpStarted, levelInfo, "resource", op.Resource, "operation", operationWords(op), "node", node, "cause", op.Cause)
	c.send(node, message{Execute: &m})
	return op.ID
}

// unnoted tells the operations of which the CIB does not say that they are
// pending: what a resource is does not change with them, and the note of a
// reload would take the place of the start that says that it runs.
func unnoted(name string) bool { return name == "notify" || isReload(name) }

// isReload tells the two names of a reload ("OCF Resource Agent API" 1.1 and 1.0).
func isReload(name string) bool { return name == "reload-agent" || name == "reload" }

// operationWords names an operation with its interval, when it has one.
func operationWords(op *cib.Operation) string {
	switch {
	case op.Interval > 0:
		return op.Name + " every " + op.Interval.String()
	case op.Name == "monitor":
		return "probe"
	case op.Force:
		return op.Name + " by force"
	}
	return op.Name
}

// orderCancel ends a recurring operation and forgets its history.
func (c *Core) orderCancel(a *policy.Action) {
	op := a.Operation
	name := cmpOr(op.MetaValue("op"), op.Name)
	if name == "cancel" {
		name = "monitor"
	}
	ms := op.Interval.Milliseconds()
	c.commit(cib.Command{ForgetRecurring: &cib.ForgetRecurring{Node: a.Node, Resource: op.Resource, Operation: name, IntervalMS: ms}})
	c.send(a.Node, message{Cancel: &cancelMsg{Resource: op.Resource, Name: name, IntervalMS: ms}})
}

// execute takes an order of the DC. An operation that is in progress already
// (ordered by the last DC) is not run twice: its result answers the new order.
func (c *Core) execute(m *orderMsg) {
	w, op := &c.work, &m.Operation
	w.lastCall = max(w.lastCall, op.ID)
	if op.Interval == 0 {
		for i := range w.running {
			if sameWork(&w.running[i].order.Operation, op) {
				w.running[i].order = *m
				return
			}
		}
		if endsRecurring(op.Name) {
			c.cancelRecurring(op.Resource)
		}
	} else {
		c.cancel(&cancelMsg{Resource: op.Resource, Name: op.Name, IntervalMS: op.Interval.Milliseconds()})
	}
	w.running = append(w.running, job{local: op.ID, order: *m})
	c.emit(RunOperation{Operation: *op})
}

// sameWork reports whether one running operation does what another order asks.
func sameWork(a, b *cib.Operation) bool {
	return a.Resource == b.Resource && a.Name == b.Name && a.Interval == b.Interval && a.Force == b.Force &&
		slices.Equal(a.Params, b.Params) && a.MetaValue("migrate_target") == b.MetaValue("migrate_target")
}

// endsRecurring tells the operations during and after which a recurring
// monitor would only report what is meant to happen.
func endsRecurring(name string) bool {
	return name == "stop" || name == "demote" || name == "promote" || name == "migrate_to"
}

// cancel ends a recurring operation on this node.
func (c *Core) cancel(m *cancelMsg) {
	c.cancelWhere(func(op *cib.Operation) bool {
		return op.Resource == m.Resource && op.Name == m.Name && op.Interval.Milliseconds() == m.IntervalMS
	})
}

// cancelRecurring ends all recurring operations of a resource on this node.
func (c *Core) cancelRecurring(resource string) {
	c.cancelWhere(func(op *cib.Operation) bool { return op.Resource == resource && op.Interval > 0 })
}

func (c *Core) cancelWhere(match func(*cib.Operation) bool) {
	drop := func(j job) bool {
		op := &j.order.Operation
		if op.Interval == 0 || !match(op) {
			return false
		}
		c.emit(CancelOperation{Resource: op.Resource, Name: op.Name, IntervalMS: op.Interval.Milliseconds()})
		return true
	}
	c.work.recurring = slices.DeleteFunc(c.work.recurring, drop)
	c.work.running = slices.DeleteFunc(c.work.running, drop)
}

// operationDone takes a result of the executor, notes it until a DC has
// recorded it, and reports it. Results of what was cancelled here are dropped.
func (c *Core) operationDone(e OperationDone) {
	w := &c.work
	if e.Result.Started.IsZero() {
		e.Result.Started = c.now
	}
	if e.Result.Ended.IsZero() {
		e.Result.Ended = c.now
	}
	match := func(j job) bool { return j.local == e.Result.ID }
	if i := slices.IndexFunc(w.running, match); i >= 0 {
		j := w.running[i]
		w.running = slices.Delete(w.running, i, i+1)
		if j.order.Operation.Interval > 0 {
			w.recurring = append(w.recurring, j)
		}
		c.report(j.order, e.Result)
		return
	}
	if i := slices.IndexFunc(w.recurring, match); i >= 0 && e.Result.Status != cib.ExecCancelled {
		c.report(w.recurring[i].order, e.Result)
	}
}

// report sends a result to the DC and keeps it until it is recorded.
func (c *Core) report(order orderMsg, result cib.Result) {
	w := &c.work
	w.lastReport++
	r := reportMsg{Seq: w.lastReport, Order: order, Result: result}
	w.unrecorded = append(w.unrecorded, r)
	w.repeatAt = c.now.Add(c.cfg.Timings.Report)
	if c.vote.dc != "" {
		c.send(c.vote.dc, message{Report: &r})
	}
}

// recorded forgets reports that are in the CIB for good.
func (w *work) recorded(seq uint64) {
	if seq != 0 {
		w.unrecorded = slices.DeleteFunc(w.unrecorded, func(r reportMsg) bool { return r.Seq <= seq })
	}
}

// workProgress repeats reports that nobody has recorded in time.
func (c *Core) workProgress() {
	w := &c.work
	if len(w.unrecorded) == 0 || c.vote.dc == "" || c.now.Before(w.repeatAt) {
		return
	}
	w.repeatAt = c.now.Add(c.cfg.Timings.Report)
	for i := range w.unrecorded {
		c.send(c.vote.dc, message{Report: &w.unrecorded[i]})
	}
}

func (c *Core) workDeadline(d *deadline) {
	if len(c.work.unrecorded) > 0 && c.vote.dc != "" {
		d.add(c.work.repeatAt)
	}
}

// recordOf is the part of a CIB record that the order determines.
func recordOf(node string, m *orderMsg) cib.OpRecord {
	op := &m.Operation
	r := cib.OpRecord{
		Node: node, Resource: op.Resource, Class: op.Class, Provider: op.Provider, Type: op.Type,
		Operation: op.Name, IntervalMS: op.Interval.Milliseconds(), CallID: int(op.ID),
		TargetRC: m.TargetRC, TransitionKey: op.TransitionKey,
		OpDigest: m.OpDigest,
	}
	if op.Name == "migrate_to" || op.Name == "migrate_from" {
		r.MigrateSource, r.MigrateTarget = op.MetaValue("migrate_source"), op.MetaValue("migrate_target")
	}
	return r
}

// describe names an operation for messages.
func describe(node string, op *cib.Operation) string {
	return op.Resource + " " + operationWords(op) + " on " + node + " (call " + strconv.FormatUint(op.ID, 10) + ")"
}
