package executor

import (
	"context"
	"slices"
	"sync"
	"time"

	"kvmha/internal/cib"
)

// resource is what the executor knows of one resource: its unfinished jobs in
// the order given, and the end of the line for its agent. Executor.mu guards it.
type resource struct {
	jobs []*job
	last *turn
}

// job is one operation from Run to its end.
type job struct {
	op     cib.Operation
	rsc    *resource
	ctx    context.Context
	cancel context.CancelCauseFunc
	// first is the turn of an operation that does not recur. It is taken in
	// Run, so that the order is the caller's; monitors take one for each run.
	first *turn
	// after are the jobs this one has cancelled; their reports come first.
	after []*job
	// reported is closed when the last report of the job is out.
	reported chan struct{}
}

func (j *job) matches(name string, interval time.Duration) bool {
	return j.op.Name == name && j.op.Interval == interval
}

// displaces tells whether j, being new, ends old. A forced stop in progress is
// not ended by another one: killing twice is no quicker.
func (j *job) displaces(old *job) bool {
	switch {
	case j.op.Force:
		return !old.op.Force
	case j.op.Interval > 0:
		return old.matches(j.op.Name, j.op.Interval)
	}
	return old.op.Interval > 0 && endsMonitors(j.op.Name)
}

// endsMonitors tells the operations after which the recurring monitors of the
// old role would only report what was wanted.
func endsMonitors(name string) bool {
	switch name {
	case "stop", "demote", "promote", "migrate_to":
		return true
	}
	return false
}

// waitForReports returns when what j has cancelled is reported, which is at
// most Grace after the cancellation.
func (j *job) waitForReports() {
	for _, old := range j.after {
		<-old.reported
	}
	j.after = nil
}

// newJob lines a job up and cancels what it displaces. Executor.mu is held.
func (e *Executor) newJob(rsc *resource, op cib.Operation) *job {
	j := &job{op: op, rsc: rsc, reported: make(chan struct{})}
	j.ctx, j.cancel = context.WithCancelCause(e.ctx)
	for _, old := range rsc.jobs {
		if j.displaces(old) {
			old.cancel(errCancelled)
			j.after = append(j.after, old)
		}
	}
	if op.Interval == 0 {
		j.first = rsc.takeTurn()
	}
	rsc.jobs = append(rsc.jobs, j)
	return j
}

// forget removes a job that has ended. The resource is kept while an agent
// that does not return holds the line.
func (e *Executor) forget(j *job) {
	j.cancel(nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	rsc := j.rsc
	rsc.jobs = slices.DeleteFunc(rsc.jobs, func(o *job) bool { return o == j })
	if len(rsc.jobs) == 0 && (rsc.last == nil || rsc.last.isDone()) {
		delete(e.resources, j.op.Resource)
	}
}

// turn is a place in the line: whoever holds it may use the agent when the
// turn before is done.
type turn struct {
	before *turn
	// done is closed when the agent is no longer used on this turn.
	done chan struct{}
	// overdue is closed when an agent should have returned and has not, on
	// this turn or on one before.
	overdue     chan struct{}
	overdueOnce sync.Once
}

// takeTurn appends to the line. Executor.mu is held.
func (r *resource) takeTurn() *turn {
	t := &turn{before: r.last, done: make(chan struct{}), overdue: make(chan struct{})}
	r.last = t
	return t
}

func (t *turn) isDone() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

func (t *turn) markOverdue() { t.overdueOnce.Do(func() { close(t.overdue) }) }

// await waits for t's turn. It returns false when ctx ended first, or when the
// agent before is overdue and stays so for patience.
func (t *turn) await(ctx context.Context, patience time.Duration) bool {
	if t.before == nil {
		return ctx.Err() == nil
	}
	select {
	case <-t.before.done:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	case <-t.before.overdue:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.before.done:
		return ctx.Err() == nil
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// release gives the turn on. It waits for the turn before, which a job that
// gave up in the line has not done: nobody may overtake a running agent.
func (t *turn) release() {
	if t.before != nil {
		select {
		case <-t.before.done:
		case <-t.before.overdue:
			t.markOverdue()
			<-t.before.done
		}
		t.before = nil
	}
	close(t.done)
}
