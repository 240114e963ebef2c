package simulate

import (
	"errors"
	"fmt"
	"io"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// What Run fails with, beside the errors of writers and of SaveInput and
// SaveOutput.
var (
	// ErrInvalidTransition: some actions wait for each other. Everything was
	// shown all the same.
	ErrInvalidTransition = errors.New("an invalid transition was produced")
	// ErrGraph: a graph could not be written. Nothing was shown after it.
	ErrGraph = errors.New("cannot write the transition")
	// ErrInjection: something was to be injected that cannot be in this
	// cluster. Nothing was shown after it.
	ErrInjection = errors.New("cannot inject")
)

// Run prints to w what the options ask for.
func Run(w io.Writer, c *cib.CIB, opt Options) error {
	o := &outline{w: w, plain: (opt.Scores || opt.Utilization) && !opt.Fancy, remarks: opt.Errors}
	if o.remarks == nil {
		o.remarks = io.Discard
	}
	opt.Process = opt.Process || opt.Simulate || opt.Scores || opt.Utilization
	r := &run{Options: opt, out: o}
	r.in = policy.Input{CIB: c, Now: opt.now(c), Scores: opt.Scores, Utilization: opt.Utilization, Sanitized: !opt.Live,
		Considered: opt.DOT != nil}
	err := r.all()
	return errors.Join(err, o.err)
}

// run is one call of Run.
type run struct {
	Options
	out *outline
	// in is what is decided on next.
	in policy.Input
	// printed: the next section has a line of space before it.
	printed bool
}

// all goes through the sections in their order.
func (r *run) all() error {
	r.tellTime()
	t := r.look(r.Process && !r.Inject.Any())
	if !r.Quiet {
		r.before(t)
		r.printed = true
	}
	if r.Inject.Any() {
		if err := r.inject(t); err != nil {
			return err
		}
		t = r.look(r.Process)
	}
	r.tellNotices(t)
	if r.SaveInput != nil {
		if err := r.SaveInput(r.in.CIB); err != nil {
			return err
		}
	}
	if r.Process {
		if err := r.process(t); err != nil {
			return err
		}
	}
	err := error(nil)
	if r.Simulate {
		err = r.simulate(t)
	}
	if r.SaveOutput != nil {
		err = errors.Join(err, r.SaveOutput(r.in.CIB))
	}
	return err
}

// look decides, or only looks, and prints what there is to say about the
// status.
func (r *run) look(decide bool) *policy.Transition {
	how := r.Inspect
	if decide {
		how = r.Schedule
	}
	t := how(r.in)
	if !r.Quiet {
		for _, line := range t.StatusNotices {
			r.out.info("%s", line)
		}
	}
	return t
}

// section leaves space before the next one.
func (r *run) section() {
	if r.printed {
		r.out.spacer()
	}
	r.printed = true
}

// before prints the state before anything is done.
func (r *run) before(t *policy.Transition) {
	o := r.out
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
	r.status("Current cluster status", t, true)
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

// process shows what was decided.
func (r *run) process(t *policy.Transition) error {
	r.scores(t)
	if r.Graph != nil {
		if err := Graph(r.Graph, t); err != nil {
			return fmt.Errorf("%w as XML: %w", ErrGraph, err)
		}
	}
	if r.DOT != nil {
		if err := writeDOT(r.DOT, t, r.AllActions, r.Numbers); err != nil {
			return fmt.Errorf("%w as DOT: %w", ErrGraph, err)
		}
	}
	if !r.Quiet {
		r.section()
		r.out.summary(t)
	}
	return nil
}

func (r *run) scores(t *policy.Transition) {
	title := "Allocation Scores"
	switch {
	case r.Scores && r.Utilization:
		title = "Allocation Scores and Utilization Information"
	case r.Utilization:
		title = "Utilization Information"
	case !r.Scores:
		return
	}
	r.section()
	r.out.begin("%s", title)
	notices := t.Notices
	if r.Quiet {
		notices = nil
	}
	for i := range len(t.Scores) + 1 {
		for len(notices) > 0 && notices[0].Behind <= i {
			r.out.info("%s", notices[0].Text)
			notices = notices[1:]
		}
		if i < len(t.Scores) {
			r.out.entry("", scoreLine(&t.Scores[i]))
		}
	}
	r.out.end()
}

// told begins the section of what is done, which -Q leaves out but for remarks.
func (r *run) told() *outline {
	r.section()
	if r.Quiet {
		return &outline{w: io.Discard, remarks: r.out.remarks}
	}
	return r.out
}

// simulate does what was decided, and shows the state afterwards.
func (r *run) simulate(t *policy.Transition) error {
	o := r.told()
	world := newWorld(r.in.CIB, t, r.Clock, r.Inject.addsNodes())
	err := o.execute(world, t, r.Failures)
	r.in.CIB, r.in.Scores, r.in.Utilization = world.cib, false, false
	if r.Quiet {
		return err
	}
	r.tellTime()
	after := r.look(false)
	o.spacer()
	r.status("Revised Cluster Status", after, false)
	return err
}

func (r *run) tellTime() {
	switch date := r.in.CIB.ExecutionDate; {
	case r.Quiet:
	case !r.Now.IsZero():
		r.out.info("Setting effective cluster time: %s", r.NowText)
	case date != 0:
		r.out.info("Using the original execution date of: %s", time.Unix(date, 0).UTC().Format("2006-01-02 15:04:05Z"))
	}
}

func (r *run) tellNotices(t *policy.Transition) {
	if r.Notices == nil {
		return
	}
	o := &outline{w: r.Notices}
	for _, e := range t.Errors {
		o.info("error: %s", e)
	}
	for _, w := range t.Warnings {
		o.info("warning: %s", w)
	}
}
