package simulate

import (
	"fmt"
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
	// Process decides what to do and shows it; Simulate does it, too, on a
	// copy, and shows the state afterwards.
	Process, Simulate bool
	// Scores and Utilization add the allocation scores and the capacities,
	// which have to be decided; all texts are then in plain form.
	Scores, Utilization bool
	// Quiet leaves out everything but Scores and Utilization.
	Quiet bool
	// Now, unless zero, is the time to decide for, named NowText in the
	// output. The CIB's own date comes next, then Clock.
	Now     time.Time
	NowText string
	Clock   time.Time
	// DOT and Graph, unless nil, receive the transition as a graph. AllActions
	// makes the DOT show what was considered and is not needed.
	DOT, Graph io.Writer
	AllActions bool
	// Notices, unless nil, receives the scheduler's errors and warnings.
	Notices io.Writer
}

// Run prints to w what the options ask for.
func Run(w io.Writer, c *cib.CIB, opt Options) error {
	o := &outline{w: w, plain: opt.Scores || opt.Utilization}
	in := policy.Input{CIB: c, Now: opt.now(c), Scores: opt.Scores, Utilization: opt.Utilization, Sanitized: true,
		Considered: opt.DOT != nil}
	opt.Process = opt.Process || o.plain
	opt.tellTime(o, c)
	decide := opt.Inspect
	if opt.Process || opt.Simulate {
		decide = opt.Schedule
	}
	t := decide(in)
	opt.tellNotices(t)
	if !opt.Quiet {
		o.before(t)
	}
	if opt.Process || opt.Simulate {
		if err := opt.process(o, t); err != nil {
			return err
		}
	}
	if !opt.Simulate {
		return o.err
	}
	return opt.simulate(o, in, t)
}

func (opt *Options) process(o *outline, t *policy.Transition) error {
	if o.plain && !opt.Quiet {
		o.spacer()
		for _, notice := range t.Notices {
			o.info("%s", notice)
		}
	}
	if opt.Scores || opt.Utilization {
		for i := range t.Scores {
			o.info("%s", scoreLine(&t.Scores[i]))
		}
	}
	if opt.Graph != nil {
		if err := Graph(opt.Graph, t); err != nil {
			return fmt.Errorf("write the graph: %w", err)
		}
	}
	if opt.DOT != nil {
		if err := DOT(opt.DOT, t, opt.AllActions); err != nil {
			return fmt.Errorf("write the DOT file: %w", err)
		}
	}
	if !opt.Quiet {
		o.spacer()
		o.summary(t)
	}
	return o.err
}

func (opt *Options) simulate(o *outline, in policy.Input, t *policy.Transition) error {
	out := o
	if opt.Quiet {
		out = &outline{w: io.Discard}
	}
	if !opt.Quiet || o.plain {
		o.spacer()
	}
	after, err := out.execute(in.CIB, t, in.Now)
	if err != nil || opt.Quiet {
		return err
	}
	opt.tellTime(o, in.CIB)
	o.spacer()
	in.CIB, in.Scores, in.Utilization = after, false, false
	o.status("Revised Cluster Status", opt.Inspect(in), false)
	return o.err
}

// before prints the notices and the status before anything is done.
func (o *outline) before(t *policy.Transition) {
	printed := o.maintenance(t)
	if t.DisabledCount > 0 || t.BlockedCount > 0 {
		if printed {
			o.spacer()
		}
		o.info("%d of %d resource instances DISABLED and %d BLOCKED from further action due to failure",
			t.DisabledCount, t.Instances, t.BlockedCount)
		printed = true
	}
	if printed {
		o.spacer()
	}
	o.status("Current cluster status", t, true)
}

func (o *outline) maintenance(t *policy.Transition) bool {
	on, err := cib.ParseBool(t.Options["maintenance-mode"])
	if err != nil || !on {
		return false
	}
	o.info("\n              *** Resource management is DISABLED ***")
	o.info("  The cluster will not attempt to start, stop or recover services")
	return true
}

func (opt *Options) now(c *cib.CIB) time.Time {
	switch {
	case !opt.Now.IsZero():
		return opt.Now
	case c.ExecutionDate != 0:
		return time.Unix(c.ExecutionDate, 0).UTC()
	}
	return opt.Clock
}

func (opt *Options) tellTime(o *outline, c *cib.CIB) {
	switch {
	case opt.Quiet:
	case !opt.Now.IsZero():
		o.info("Setting effective cluster time: %s", opt.NowText)
	case c.ExecutionDate != 0:
		o.info("Using the original execution date of: %s", time.Unix(c.ExecutionDate, 0).UTC().Format("2006-01-02 15:04:05Z"))
	}
}

func (opt *Options) tellNotices(t *policy.Transition) {
	if opt.Notices == nil {
		return
	}
	o := &outline{w: opt.Notices}
	for _, e := range t.Errors {
		o.info("error: %s", e)
	}
	for _, w := range t.Warnings {
		o.info("warning: %s", w)
	}
}
