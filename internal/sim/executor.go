package sim

import (
	"fmt"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/node"
)

// fate is how an operation goes, thrown when it begins.
type fate int

const (
	goesWell fate = iota
	failsClean
	failsDirty
	hangs
)

// executor plays internal/executor for one run of hostd: one operation at a
// time for each resource, recurring monitors that report changes only.
type executor struct {
	p         *process
	queues    map[string][]*task
	resources []string // keys of queues, in the order they were made
	recurring []*watch
}

// task is one operation from order to result.
type task struct {
	ex     *executor
	op     cib.Operation
	id     string // the resource without the number of a clone's instance
	begun  time.Time
	ended  bool
	moving *migration
}

// watch is a recurring monitor and what it answered last.
type watch struct {
	op   cib.Operation
	id   string
	last cib.RC
}

func newExecutor(p *process) *executor { return &executor{p: p, queues: map[string][]*task{}} }

// fate throws how the next operation goes.
func (w *world) fate() fate {
	if !w.agentsFail || !w.dice.chance(0.12) {
		return goesWell
	}
	return [...]fate{failsClean, failsClean, failsDirty, hangs}[w.dice.IntN(4)]
}

// run takes an operation. A forced stop does not wait for what is under way.
func (ex *executor) run(op cib.Operation) {
	w := ex.p.w
	t := &task{ex: ex, op: op, id: baseID(op.Resource)}
	w.know(t.id)
	if _, known := ex.queues[t.id]; !known {
		ex.resources = append(ex.resources, t.id)
	}
	ex.displace(op, t.id)
	if op.Force {
		w.checkForced(t)
	}
	ex.queues[t.id] = append(ex.queues[t.id], t)
	if len(ex.queues[t.id]) == 1 {
		t.begin()
	}
}

func (t *task) begin() {
	w, h := t.ex.p.w, t.ex.p.host
	t.begun = w.agenda.now
	w.agenda.after(t.timeout(), t.expire)
	w.checkStart(t)
	switch t.op.Name {
	case "start":
		t.start()
	case "stop":
		t.stop()
	case "migrate_to":
		w.beginMigration(t)
	case "migrate_from":
		t.migrateFrom()
	case "monitor":
		t.monitor()
	default: // notify, reload, promote, demote, meta-data
		rc := cib.OK
		if h.copies[t.id] == nil && t.op.Name != "meta-data" {
			rc = cib.NotRunning
		}
		t.finishAfter(w.dice.between(time.Millisecond, 20*time.Millisecond), rc, "")
	}
}

func (t *task) timeout() time.Duration {
	if t.op.Timeout > 0 {
		return t.op.Timeout
	}
	return 20 * time.Second
}

func (t *task) start() {
	w, h := t.ex.p.w, t.ex.p.host
	c := h.copies[t.id]
	if c != nil && c.phase == running {
		t.finishAfter(5*time.Millisecond, cib.OK, "")
		return
	}
	if c == nil {
		c = w.spawn(t.id, h)
	}
	fate := w.fate()
	w.agenda.after(w.dice.mostly(5*time.Millisecond, 150*time.Millisecond, 0.1, 2*time.Second), func() {
		if t.ended || h.copies[t.id] != c {
			return
		}
		switch fate {
		case goesWell:
			w.become(c, running)
			t.finish(cib.OK, cib.ExecDone, "")
		case failsClean:
			w.killHalf(c)
			t.finish(cib.UnknownError, cib.ExecDone, "start failed: the service ended at once")
		case failsDirty:
			w.become(c, broken)
			t.finish(cib.UnknownError, cib.ExecDone, "start failed half way")
		case hangs: // until its time-out
			w.become(c, broken)
		}
	})
}

func (t *task) stop() {
	w, h := t.ex.p.w, t.ex.p.host
	c := h.copies[t.id]
	if c == nil {
		t.finishAfter(w.dice.between(time.Millisecond, 10*time.Millisecond), cib.OK, "")
		return
	}
	fate := w.fate()
	took := w.dice.mostly(5*time.Millisecond, 100*time.Millisecond, 0.1, 3*time.Second)
	if t.op.Force {
		took = w.dice.between(2*time.Millisecond, 60*time.Millisecond)
	} else if c.phase == running && c.moving == nil {
		w.become(c, stopping)
	}
	w.agenda.after(took, func() {
		if t.ended {
			return
		}
		now := h.copies[t.id]
		switch {
		case now == nil || fate == goesWell:
			if now != nil {
				w.killHalf(now)
			}
			t.finish(cib.OK, cib.ExecDone, "")
		case fate == hangs:
		default:
			w.become(now, broken)
			t.finish(cib.UnknownError, cib.ExecDone, "stop failed: the service does not end")
		}
	})
}

// migrateFrom is the target's part: the VM runs here when the migration went
// well.
func (t *task) migrateFrom() {
	w, h := t.ex.p.w, t.ex.p.host
	w.agenda.after(w.dice.between(5*time.Millisecond, 80*time.Millisecond), func() {
		switch c := h.copies[t.id]; {
		case t.ended:
		case c != nil && c.phase == running:
			t.finish(cib.OK, cib.ExecDone, "")
		default:
			t.finish(cib.UnknownError, cib.ExecDone, "the VM did not arrive")
		}
	})
}

// monitor answers with the truth at its end, and rarely with a failure that is
// none: an overloaded agent.
func (t *task) monitor() {
	w, h := t.ex.p.w, t.ex.p.host
	lies := t.op.Interval > 0 && w.fate() != goesWell && w.dice.chance(0.3)
	w.agenda.after(w.dice.between(2*time.Millisecond, 25*time.Millisecond), func() {
		rc := h.probeRC(t.id)
		if lies && rc == cib.OK {
			rc = cib.UnknownError
		}
		if t.ended {
			return
		}
		if t.op.Interval > 0 {
			t.ex.forget(t.op.Resource, t.op.Interval)
			t.ex.recurring = append(t.ex.recurring, &watch{op: t.op, id: t.id, last: rc})
		}
		t.finish(rc, cib.ExecDone, "")
	})
}

// finishAfter ends the operation after a while, unless it has ended by then.
func (t *task) finishAfter(d time.Duration, rc cib.RC, reason string) {
	t.ex.p.w.agenda.after(d, func() { t.finish(rc, cib.ExecDone, reason) })
}

// finish reports the result and lets the next operation of the resource begin.
func (t *task) finish(rc cib.RC, status cib.ExecStatus, reason string) {
	if t.ended {
		return
	}
	t.ended = true
	ex, w := t.ex, t.ex.p.w
	if !ex.p.alive {
		return
	}
	w.operationEnded(t, rc, status)
	queue := ex.queues[t.id]
	for i, q := range queue {
		if q == t {
			ex.queues[t.id] = append(queue[:i:i], queue[i+1:]...)
			if i == 0 && len(ex.queues[t.id]) > 0 {
				next := ex.queues[t.id][0]
				w.agenda.after(0, func() {
					if !next.ended && next.begun.IsZero() && ex.p.alive {
						next.begin()
					}
				})
			}
			break
		}
	}
	ex.p.deliver(node.OperationDone{Operation: t.op, Result: cib.Result{
		ID: t.op.ID, RC: rc, Status: status, ExitReason: reason, Started: t.begun, Ended: w.agenda.now,
	}})
}

// expire is the operation's time-out: its process group is killed, a migration
// aborted with the VM where it was.
func (t *task) expire() {
	if t.ended || !t.ex.p.alive {
		return
	}
	t.interrupt()
	t.finish(cib.UnknownError, cib.ExecTimeout, fmt.Sprintf("%s did not end within %v", t.op.Name, t.timeout()))
}

// interrupt leaves in the world what a killed agent leaves.
func (t *task) interrupt() {
	if t.moving != nil && !t.moving.ended {
		t.moving.abort()
		return
	}
	if c := t.ex.p.host.copies[t.id]; c != nil && (c.phase == starting || c.phase == stopping) && !t.begun.IsZero() {
		t.ex.p.w.become(c, broken)
	}
}

// displace ends what a new operation ends, as internal/executor does: a forced
// stop everything but another one, a monitor its predecessor, and an operation
// that ends what is monitored every recurring monitor.
func (ex *executor) displace(op cib.Operation, id string) {
	ends := op.Force || op.Name == "stop" || op.Name == "demote" || op.Name == "promote" || op.Name == "migrate_to"
	for _, r := range append([]*watch{}, ex.recurring...) {
		if r.id == id && (ends || r.op.Name == op.Name && r.op.Interval == op.Interval) {
			ex.forget(r.op.Resource, r.op.Interval)
			ex.report(r, r.last, cib.ExecCancelled)
		}
	}
	for _, t := range append([]*task{}, ex.queues[id]...) {
		if op.Force && !t.op.Force || t.op.Interval > 0 && (ends || t.op.Interval == op.Interval) {
			if !t.begun.IsZero() {
				t.interrupt()
			}
			t.finish(cib.UnknownError, cib.ExecCancelled, "cancelled")
		}
	}
}

// cancel ends a recurring monitor or an operation under way; both still yield
// their result.
func (ex *executor) cancel(e node.CancelOperation) {
	id := baseID(e.Resource)
	for _, t := range append([]*task{}, ex.queues[id]...) {
		if t.op.Name == e.Name && t.op.Interval.Milliseconds() == e.IntervalMS {
			if !t.begun.IsZero() {
				t.interrupt()
			}
			t.ex.p.w.agenda.after(0, func() { t.finish(cib.UnknownError, cib.ExecCancelled, "cancelled") })
		}
	}
	if e.Name != "monitor" || e.IntervalMS == 0 {
		return
	}
	for _, r := range ex.recurring {
		if r.op.Resource == e.Resource && r.op.Interval.Milliseconds() == e.IntervalMS {
			ex.forget(e.Resource, r.op.Interval)
			ex.report(r, r.last, cib.ExecCancelled)
			return
		}
	}
}

func (ex *executor) forget(resource string, interval time.Duration) {
	for i, r := range ex.recurring {
		if r.op.Resource == resource && r.op.Interval == interval {
			ex.recurring = append(ex.recurring[:i:i], ex.recurring[i+1:]...)
			return
		}
	}
}

func (ex *executor) report(r *watch, rc cib.RC, status cib.ExecStatus) {
	w := ex.p.w
	result := cib.Result{ID: r.op.ID, RC: rc, Status: status, Unsolicited: status == cib.ExecDone && w.dice.chance(0.5), Started: w.agenda.now, Ended: w.agenda.now}
	w.agenda.after(0, func() { ex.p.deliver(node.OperationDone{Operation: r.op, Result: result}) })
}

// changed lets the recurring monitors of a resource look soon: agents watch,
// or the next interval comes.
func (w *world) changed(h *host, id string) {
	if h.proc == nil {
		return
	}
	ex := h.proc.executor
	for _, r := range ex.recurring {
		if r.id != id {
			continue
		}
		d := w.dice.mostly(5*time.Millisecond, 50*time.Millisecond, 0.3, max(r.op.Interval, 51*time.Millisecond))
		w.agenda.after(d, func() { ex.look(r) })
	}
}

// look runs a recurring monitor and reports an answer that has changed. While
// another operation of the resource is under way it looks later.
func (ex *executor) look(r *watch) {
	w := ex.p.w
	current := false
	for _, q := range ex.recurring {
		current = current || q == r
	}
	if !ex.p.alive || !current {
		return
	}
	if len(ex.queues[r.id]) > 0 {
		w.agenda.after(50*time.Millisecond, func() { ex.look(r) })
		return
	}
	if rc := ex.p.host.probeRC(r.id); rc != r.last {
		r.last = rc
		ex.report(r, rc, cib.ExecDone)
	}
}

// orphan settles what was under way when hostd was killed: each operation has
// either taken effect by then or left its resource half way.
func (ex *executor) orphan() {
	w := ex.p.w
	for _, id := range ex.resources {
		queue := ex.queues[id]
		if len(queue) == 0 || queue[0].ended {
			continue
		}
		t := queue[0]
		t.ended = true
		c := ex.p.host.copies[id]
		switch {
		case t.moving != nil && !t.moving.ended && w.dice.chance(0.2):
			t.moving.switchOver()
		case t.moving != nil && !t.moving.ended:
			t.moving.abort()
		case c == nil:
		case c.phase == starting && w.dice.chance(0.5):
			w.become(c, running)
		case c.phase == stopping && w.dice.chance(0.5):
			w.remove(c)
		case c.phase == starting || c.phase == stopping:
			w.become(c, broken)
		}
	}
}

// abandon forgets what was under way when the power went.
func (ex *executor) abandon() {
	for _, id := range ex.resources {
		for _, t := range ex.queues[id] {
			t.ended = true
		}
	}
}

// busy tells whether any operation is under way.
func (ex *executor) busy() bool {
	for _, id := range ex.resources {
		if len(ex.queues[id]) > 0 {
			return true
		}
	}
	return false
}
