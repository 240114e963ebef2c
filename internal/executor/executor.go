package executor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
)

// DefaultTimeout bounds an operation that names no timeout ("Pacemaker
// Explained, Resource Operations": timeout).
const DefaultTimeout = 20 * time.Second

// Options are what an Executor works with. Registry and Report must be set.
type Options struct {
	Registry agents.Registry
	// Report takes every result. It is called from many goroutines, in order
	// for one resource, and must not wait for anything: a slow Report delays
	// the operations of that resource. It may call Run and Cancel.
	Report func(cib.Operation, cib.Result)
	// Logger gets agents' panics, stuck agents and broken watches. Default:
	// slog.Default().
	Logger *slog.Logger
	// Grace is how long an agent may take to return after its context has
	// ended. Default: 2 s, which the kill of a process group never needs.
	Grace time.Duration
	// RewatchDelay is the wait before a broken watch is tried again; the
	// recurring monitor goes on meanwhile. Default: 1 s.
	RewatchDelay time.Duration
}

// Executor runs operations. Its methods are safe for concurrent use.
type Executor struct {
	opt     Options
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	started started

	mu        sync.Mutex
	closed    bool
	resources map[string]*resource
}

// The causes with which an operation's context ends.
var (
	errCancelled = errors.New("the operation was cancelled")
	errTimeout   = errors.New("the operation's timeout has passed")
)

// New returns an executor that is ready for Run. Close it in the end.
func New(opt Options) *Executor {
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.Grace == 0 {
		opt.Grace = 2 * time.Second
	}
	if opt.RewatchDelay == 0 {
		opt.RewatchDelay = time.Second
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Executor{opt: opt, ctx: ctx, stop: stop, resources: map[string]*resource{},
		started: started{params: map[string][]cib.NV{}}}
}

// Run takes an operation into its resource's line and returns at once. A
// recurring operation replaces the one with the same resource, name and
// interval, which is reported as cancelled first.
func (e *Executor) Run(op cib.Operation) {
	if op.Timeout <= 0 {
		op.Timeout = DefaultTimeout
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	rsc := e.resources[op.Resource]
	if rsc == nil {
		rsc = &resource{}
		e.resources[op.Resource] = rsc
	}
	j := e.newJob(rsc, op)
	work := e.once
	if op.Interval > 0 {
		work = e.recur
	}
	e.running.Go(func() {
		defer e.forget(j)
		work(j)
	})
}

// Cancel ends the recurring operation with this name and interval, or with
// interval 0 the ones of this name that wait or run. What it ends is reported
// as ExecCancelled; with nothing to end nothing is reported.
func (e *Executor) Cancel(resource, name string, interval time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rsc := e.resources[resource]
	if rsc == nil {
		return
	}
	for _, j := range rsc.jobs {
		if j.matches(name, interval) {
			j.cancel(errCancelled)
		}
	}
}

// Close ends all operations and monitors without reporting them, and returns
// when their agents have returned; one that has not after Options.Grace is
// left to the end of the process. Resources stay as they are.
func (e *Executor) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	idle := make(chan struct{})
	go func() {
		e.running.Wait()
		close(idle)
	}()
	grace := time.NewTimer(2 * e.opt.Grace)
	defer grace.Stop()
	select {
	case <-idle:
	case <-grace.C:
		e.opt.Logger.Error("executor-close", "error", "an agent does not return; leaving it behind")
	}
}

// report passes a result on, unless the executor is being closed.
func (e *Executor) report(j *job, result cib.Result) {
	if e.ctx.Err() == nil {
		e.opt.Report(j.op, result)
	}
}

// last passes on a job's last result, after which what displaced it may begin.
func (e *Executor) last(j *job, result cib.Result) {
	e.report(j, result)
	close(j.reported)
}
