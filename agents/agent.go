package agents

import (
	"context"
	"errors"

	"kvmha/internal/cib"
)

// Agent carries out the operations of one resource type.
type Agent interface {
	// Run executes one operation and returns its outcome. It honours ctx: when
	// ctx ends, everything it started is gone before it returns. The executor
	// fills in ID and times. Run is safe for concurrent use.
	Run(ctx context.Context, op cib.Operation) Outcome
}

// Watcher is an Agent that can notice a change by itself, so that a removed
// address or a crashed VM is known at once.
type Watcher interface {
	Agent
	// Watch observes the resource of a started recurring monitor until ctx
	// ends, calling changed whenever the resource may have changed; the
	// executor then runs the monitor at once. changed may be called from any
	// goroutine and does not block. Watch calls it once when it has begun to
	// observe, for what happened before; when it returns before ctx ends, it
	// is called again after a while.
	Watch(ctx context.Context, op cib.Operation, changed func(reason string)) error
}

// Outcome is what an agent reports.
type Outcome struct {
	RC         cib.RC
	Status     cib.ExecStatus
	ExitReason string // one sentence: what failed, why, what to do
	Output     string
}

// ErrNoAgent means that class:provider:type is not available on this host.
var ErrNoAgent = errors.New("resource agent is not installed")

// Registry finds agents.
type Registry interface {
	// Agent returns the agent for class, provider and type, or an error that
	// wraps ErrNoAgent and says where it was looked for.
	Agent(class, provider, typ string) (Agent, error)
}
