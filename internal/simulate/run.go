package simulate

import (
	"errors"
	"fmt"
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

// Run tells to out what the options ask for.
func Run(out Output, c *cib.CIB, opt Options) error {
	out.prepare(&opt)
	opt.Process = opt.Process || opt.Simulate || opt.Scores || opt.Utilization
	r := &run{Options: opt, out: out}
	r.in = policy.Input{CIB: c, Now: opt.now(c), Scores: opt.Scores, Utilization: opt.Utilization, Sanitized: !opt.Live,
		Considered: opt.DOT != nil}
	err := r.all()
	return errors.Join(err, out.failed())
}

// run is one call of Run.
type run struct {
	Options
	out Output
	// in is what is decided on next.
	in policy.Input
}

// all goes through the sections in their order.
func (r *run) all() error {
	r.tellTime()
	t := r.look(r.Process && !r.Inject.Any())
	r.tellState(t, false)
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

// look decides, or only looks, and tells what there is to say about the
// status.
func (r *run) look(decide bool) *policy.Transition {
	how := r.Inspect
	if decide {
		how = r.Schedule
	}
	t := how(r.in)
	for _, line := range t.StatusNotices {
		r.out.note(line)
	}
	return t
}

func (r *run) tellState(t *policy.Transition, after bool) {
	r.out.state(&state{Options: &r.Options, t: t, cib: r.in.CIB, after: after})
}

// process shows what was decided.
func (r *run) process(t *policy.Transition) error {
	if r.Scores || r.Utilization {
		r.out.scores(t, &r.Options)
	}
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
	r.out.summary(t.Changes)
	return nil
}

// simulate does what was decided, and shows the state afterwards.
func (r *run) simulate(t *policy.Transition) error {
	world := newWorld(r.in.CIB, t, r.Clock, r.Inject.addsNodes())
	err := execute(r.out, world, t, r.Failures)
	r.in.CIB, r.in.Scores, r.in.Utilization = world.cib, false, false
	if r.Quiet {
		return err
	}
	r.tellTime()
	r.tellState(r.look(false), true)
	return err
}

func (r *run) tellTime() {
	switch date := r.in.CIB.ExecutionDate; {
	case !r.Now.IsZero():
		r.out.note("Setting effective cluster time: " + r.NowText)
	case date != 0:
		r.out.note("Using the original execution date of: " + time.Unix(date, 0).UTC().Format("2006-01-02 15:04:05Z"))
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
