package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
)

// call is one use of an agent.
type call struct {
	result cib.Result
	gone   chan struct{} // closed when the agent has returned
}

func (c *call) returned() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

func (c *call) wait() { <-c.gone }

// call runs the agent for j within the operation's timeout. It returns when
// the agent has returned or, at the latest, Grace after it should have.
func (e *Executor) call(j *job) *call {
	ctx, cancel := context.WithTimeoutCause(j.ctx, j.op.Timeout, errTimeout)
	c := &call{gone: make(chan struct{})}
	started := time.Now()
	outcome := make(chan answer, 1)
	e.running.Go(func() {
		defer close(c.gone)
		outcome <- e.ask(ctx, j.op)
	})

	var got answer
	select {
	case got = <-outcome:
		<-c.gone
	case <-ctx.Done():
		grace := time.NewTimer(e.opt.Grace)
		select {
		case got = <-outcome:
			<-c.gone
		case <-grace.C:
			e.opt.Logger.Error("agent-stuck", "resource", j.op.Resource, "operation", j.op.Name, "agent", name(j.op))
		}
		grace.Stop()
	}
	c.result = cib.Result{
		ID: j.op.ID, RC: got.RC, Status: got.Status, ExitReason: got.ExitReason, Output: got.Output,
		Started: started, Ended: time.Now(), ParamDigests: got.digests,
	}
	e.judge(ctx, j.op, c)
	cancel()
	return c
}

// judge replaces an agent's outcome that only says that its context ended. An
// operation that succeeded in the very moment of its timeout has succeeded.
func (e *Executor) judge(ctx context.Context, op cib.Operation, c *call) {
	if ctx.Err() == nil || c.returned() && c.result.Status == cib.ExecDone && c.result.RC == cib.OK {
		return
	}
	r := &c.result
	r.RC = cib.UnknownError
	if errors.Is(context.Cause(ctx), errTimeout) {
		r.Status = cib.ExecTimeout
		reason := fmt.Sprintf("%s of %s did not end within its timeout of %v", op.Name, op.Resource, op.Timeout)
		if !c.returned() {
			reason += ", and its agent cannot be ended"
		} else if r.ExitReason != "" {
			reason += ": " + r.ExitReason
		}
		r.ExitReason = reason
		return
	}
	out := cancelled(op)
	r.Status, r.ExitReason = out.Status, out.ExitReason
}

// answer is what an agent reports, and how its meta-data divides the parameters
// it was run with.
type answer struct {
	agents.Outcome
	digests cib.ParamDigests
}

// ask finds the agent and runs it. A panic is the agent's failure, not ours.
func (e *Executor) ask(ctx context.Context, op cib.Operation) (got answer) {
	defer func() {
		if p := recover(); p != nil {
			e.opt.Logger.Error("agent-panic", "resource", op.Resource, "operation", op.Name, "agent", name(op),
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			got.Outcome = agents.Outcome{RC: cib.UnknownError, Status: cib.ExecError,
				ExitReason: fmt.Sprintf("the agent %s panicked (%v); the stack is in the log of hostd", name(op), p)}
		}
	}()
	agent, err := e.opt.Registry.Agent(op.Class, op.Provider, op.Type)
	switch {
	case errors.Is(err, agents.ErrNoAgent):
		got.Outcome = agents.Outcome{RC: cib.NotInstalled, Status: cib.ExecNotInst, ExitReason: err.Error()}
		return got
	case err != nil:
		got.Outcome = agents.Outcome{RC: cib.UnknownError, Status: cib.ExecError, ExitReason: err.Error()}
		return got
	}
	describer, describes := agent.(agents.Describer)
	if describes {
		describer.Metadata() // what is not known yet is read while the agent runs
	}
	op = e.started.before(op)
	got.Outcome = agent.Run(ctx, op)
	e.started.after(op, got.RC)
	if describes {
		if metadata := describer.Metadata(); metadata != nil {
			got.digests = metadata.Digests(&op)
		}
	}
	return got
}

func name(op cib.Operation) string {
	if op.Provider == "" {
		return op.Class + ":" + op.Type
	}
	return op.Class + ":" + op.Provider + ":" + op.Type
}
