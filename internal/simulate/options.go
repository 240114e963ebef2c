package simulate

import (
	"io"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Options say what Run shows. Beside Schedule and Inspect, the zero value is
// good: it shows the status alone.
type Options struct {
	// Schedule decides and Inspect only looks: those of policy, or a test's own.
	Schedule, Inspect func(policy.Input) *policy.Transition
	// Live says that the CIB is a running cluster's, in which no secret was
	// masked; see policy.Input.Sanitized.
	Live bool
	// Inject is what has happened before anything is decided.
	Inject Injections
	// Process decides what to do and shows it; Simulate does it, too, on a
	// copy, and shows the state afterwards. Failures (RSC_TASK_INTERVAL@NODE=RC)
	// are operations that fail if they come up then.
	Process, Simulate bool
	Failures          []string
	// Scores and Utilization add the allocation scores and the capacities,
	// which have to be decided; all texts are then in plain form, without
	// titles and bullets, unless Fancy asks for these.
	Scores, Utilization, Fancy bool
	// Attributes and FailCounts add the nodes' attributes, and the fail counts
	// with the failed operations, to both states; Zone is where the times of
	// the failures are shown in, nil is UTC.
	Attributes, FailCounts bool
	Zone                   *time.Location
	// Quiet leaves out everything but Scores and Utilization, in texts.
	Quiet bool
	// Now, unless zero, is the time to decide for, named NowText in the
	// output. The CIB's own date comes next, then Clock, which is also when
	// everything is done that Simulate does.
	Now     time.Time
	NowText string
	Clock   time.Time
	// DOT and Graph, unless nil, receive the transition as a graph. AllActions
	// makes the DOT show what was considered and is not needed, Numbers adds
	// the actions' ids to their names.
	DOT, Graph          io.Writer
	AllActions, Numbers bool
	// SaveInput, unless nil, receives the CIB that is decided on, with
	// everything injected; SaveOutput the one that is left in the end.
	SaveInput, SaveOutput func(*cib.CIB) error
	// Notices, unless nil, receives the scheduler's errors and warnings.
	Notices io.Writer
}

// now is the time to decide for.
func (opt *Options) now(c *cib.CIB) time.Time {
	switch {
	case !opt.Now.IsZero():
		return opt.Now
	case c.ExecutionDate != 0:
		return time.Unix(c.ExecutionDate, 0).UTC()
	}
	return opt.Clock
}
