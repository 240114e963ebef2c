package simulate

import (
	"io"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Text tells everything to people: in crm_simulate's words on w, what is wrong
// on errs, which may be nil.
func Text(w, errs io.Writer) Output {
	if errs == nil {
		errs = io.Discard
	}
	return &text{outline: outline{w: w}, errs: outline{w: errs}}
}

type text struct {
	outline
	// errs is for what is wrong, apart from the lists.
	errs outline
	// quiet: scores and capacities alone are told.
	quiet bool
	// told: the next section has a line of space before it.
	told bool
}

func (x *text) prepare(opt *Options) {
	x.plain = (opt.Scores || opt.Utilization) && !opt.Fancy
	x.quiet = opt.Quiet
}

// section leaves space before the next one.
func (x *text) section() {
	if x.told {
		x.spacer()
	}
	x.told = true
}

func (x *text) state(s *state) {
	if x.quiet {
		return
	}
	if s.after {
		x.section()
		x.status("Revised Cluster Status", s)
		return
	}
	x.told = x.maintenance(s.t)
	if s.t.DisabledCount > 0 || s.t.BlockedCount > 0 {
		x.section()
		x.info("%d of %d resource instances DISABLED and %d BLOCKED from further action due to failure",
			s.t.DisabledCount, s.t.Instances, s.t.BlockedCount)
	}
	x.section()
	x.status("Current cluster status", s)
}

func (x *text) maintenance(t *policy.Transition) bool {
	on, err := cib.ParseBool(t.Options["maintenance-mode"])
	if err != nil || !on {
		return false
	}
	x.info("\n              *** Resource management is DISABLED ***")
	x.info("  The cluster will not attempt to start, stop or recover services")
	return true
}

func (x *text) scores(t *policy.Transition, asked *Options) {
	x.section()
	switch {
	case asked.Scores && asked.Utilization:
		x.list("Allocation Scores and Utilization Information")
	case asked.Scores:
		x.list("Allocation Scores")
	default:
		x.list("Utilization Information")
	}
	notices := t.Notices
	if x.quiet {
		notices = nil
	}
	for i := range len(t.Scores) + 1 {
		for len(notices) > 0 && notices[0].Behind <= i {
			x.info("%s", notices[0].Text)
			notices = notices[1:]
		}
		if i < len(t.Scores) {
			x.entry("", scoreLine(&t.Scores[i]))
		}
	}
	x.endList()
}

func (x *text) summary(changes []policy.Change) {
	if x.quiet {
		return
	}
	x.section()
	x.changes(changes)
}

func (x *text) begin(c chapter) {
	x.section()
	if x.quiet {
		return
	}
	x.list("%s", c.title)
	for _, s := range c.settings {
		x.item("", "Setting %s: %s", s.Name, s.Value)
	}
}

func (x *text) event(e event) {
	if !x.quiet {
		x.entry("", e.sentence())
	}
}

func (x *text) end() {
	if !x.quiet {
		x.endList()
	}
}

func (x *text) note(line string) {
	if !x.quiet {
		x.info("%s", line)
	}
}

func (x *text) complain(line string) { x.errs.info("%s", line) }

func (x *text) failed() error {
	if x.err != nil {
		return x.err
	}
	return x.errs.err
}

// Finish has nothing to add: to people the last line is the end.
func (x *text) Finish(int, string) error { return x.failed() }
