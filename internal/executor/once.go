package executor

import (
	"fmt"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/pause"
)

// once carries out an operation that does not recur.
func (e *Executor) once(j *job) {
	defer j.first.release()
	if j.op.Force {
		e.force(j)
		return
	}
	if !j.first.await(j.ctx, j.op.Timeout) {
		e.last(j, unused(j, stuckBefore(j)))
		return
	}
	j.waitForReports()
	if !pause.For(j.ctx, j.op.StartDelay) {
		e.last(j, unused(j, agents.Outcome{}))
		return
	}
	call := e.call(j)
	e.last(j, call.result)
	if !call.returned() {
		j.first.markOverdue()
		call.wait()
	}
}

// force runs a forced stop. Run has already cancelled what was before it; an
// agent that is stuck all the same must have returned by the end of the stop,
// or it may still undo it.
func (e *Executor) force(j *job) {
	before := j.first.before
	free := j.first.await(j.ctx, 0)
	j.waitForReports()
	if j.ctx.Err() != nil {
		e.last(j, unused(j, agents.Outcome{}))
		return
	}
	call := e.call(j)
	if !call.returned() {
		e.last(j, call.result)
		j.first.markOverdue()
		call.wait()
		return
	}
	if !free && call.result.Status == cib.ExecDone && call.result.RC == cib.OK {
		timer := time.NewTimer(j.op.Timeout)
		defer timer.Stop()
		select {
		case <-before.done:
		case <-timer.C:
			call.result.RC, call.result.Status = cib.UnknownError, cib.ExecError
			call.result.ExitReason = "the resource was killed, but an earlier operation on it is still in progress and may start it again"
		}
	}
	e.last(j, call.result)
}

// stuckBefore is the outcome of an operation that never got its turn.
func stuckBefore(j *job) agents.Outcome {
	return agents.Outcome{
		RC: cib.UnknownError, Status: cib.ExecTimeout,
		ExitReason: fmt.Sprintf("an earlier operation on %s did not end within its own timeout and %v more, so %s was not run; see what its agent waits for",
			j.op.Resource, j.op.Timeout, j.op.Name),
	}
}

// unused is the result of a job whose agent was not called: cancelled, or
// otherwise as outcome says.
func unused(j *job, outcome agents.Outcome) cib.Result {
	now := time.Now()
	if j.ctx.Err() != nil {
		outcome = cancelled(j.op)
	}
	return cib.Result{ID: j.op.ID, RC: outcome.RC, Status: outcome.Status, ExitReason: outcome.ExitReason, Started: now, Ended: now}
}

func cancelled(op cib.Operation) agents.Outcome {
	return agents.Outcome{RC: cib.UnknownError, Status: cib.ExecCancelled, ExitReason: op.Name + " of " + op.Resource + " was cancelled"}
}
