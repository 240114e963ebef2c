package executor

import (
	"context"
	"fmt"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/pause"
)

// recur carries out a recurring operation until it is cancelled. The interval
// is counted from the end of one run to the begin of the next.
func (e *Executor) recur(j *job) {
	j.waitForReports()
	kicked := make(chan struct{}, 1)
	watched := make(chan struct{})
	e.running.Go(func() {
		defer close(watched)
		e.watch(j, kicked)
	})
	e.repeat(j, kicked)
	e.last(j, unused(j, agents.Outcome{}))
	<-watched
}

// repeat runs the monitor at its interval and whenever it is kicked, until
// the job is cancelled.
func (e *Executor) repeat(j *job, kicked <-chan struct{}) {
	if !pause.For(j.ctx, j.op.StartDelay) {
		return
	}
	var last *cib.Result
	byWatch := false
	for {
		result, agentBack := e.monitor(j)
		if j.ctx.Err() != nil {
			return // a run cut short by the cancellation has no result
		}
		if last == nil || last.RC != result.RC || last.Status != result.Status {
			result.Unsolicited = byWatch && last != nil
			e.report(j, result)
			last = &result
		}
		select {
		case <-agentBack:
		case <-j.ctx.Done():
			return
		}
		next := time.NewTimer(j.op.Interval)
		select {
		case <-next.C:
			byWatch = false
		case <-kicked:
			byWatch = true
		case <-j.ctx.Done():
		}
		next.Stop()
		if j.ctx.Err() != nil {
			return
		}
	}
}

// monitor takes a turn for one run. The channel is closed when the line is
// free again, which for a stuck agent is later than its result.
func (e *Executor) monitor(j *job) (cib.Result, <-chan struct{}) {
	e.mu.Lock()
	t := j.rsc.takeTurn()
	e.mu.Unlock()
	if !t.await(j.ctx, j.op.Timeout) {
		e.running.Go(t.release)
		return unused(j, stuckBefore(j)), t.done
	}
	c := e.call(j)
	if c.returned() {
		t.release()
		return c.result, t.done
	}
	t.markOverdue()
	e.running.Go(func() {
		c.wait()
		t.release()
	})
	return c.result, t.done
}

// watch keeps one Watch of the job's agent alive and turns what it sees into
// kicks. Agents that do not watch have nothing to do here.
func (e *Executor) watch(j *job, kicked chan<- struct{}) {
	agent, err := e.opt.Registry.Agent(j.op.Class, j.op.Provider, j.op.Type)
	watcher, ok := agent.(agents.Watcher)
	if err != nil || !ok {
		return
	}
	changed := func(string) {
		select {
		case kicked <- struct{}{}:
		default: // a run is already due
		}
	}
	for {
		err := watchOnce(j.ctx, watcher, j.op, changed)
		if j.ctx.Err() != nil {
			return
		}
		e.opt.Logger.Warn("watch-broken", "resource", j.op.Resource, "agent", name(j.op), "error", err,
			"retry", e.opt.RewatchDelay)
		changed("the watch broke")
		if !pause.For(j.ctx, e.opt.RewatchDelay) {
			return
		}
	}
}

func watchOnce(ctx context.Context, w agents.Watcher, op cib.Operation, changed func(string)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return w.Watch(ctx, op, changed)
}
