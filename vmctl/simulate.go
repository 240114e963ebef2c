package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kvmha/internal/cib"
	"kvmha/internal/simulate"
	"kvmha/policy"
)

// simulateFlags are the options of vm-ctl simulate; letters and long names are
// crm_simulate's.
type simulateFlags struct {
	// file is where the CIB comes from ("-" = standard input); the live one comes
	// from the daemon if file is empty. sources counts how often that was said.
	file    string
	live    bool
	sources int

	date                  string
	dot, graph            string
	saveInput, saveOutput string
	inPlace               bool
	profile               string
	repeat                int
	verbosity             int
	format, output        string
	version               bool
	options               simulate.Options
	// status is the exit status that stands for an error.
	status func(error) int
}

func newSimulate(a *app) *cobra.Command {
	f := &simulateFlags{status: exitStatus}
	cmd := &cobra.Command{
		Use:   "simulate (-x FILE | -p | -L)",
		Short: "Show what the cluster would do in a given state",
		Long: `Reads a Pacemaker CIB (XML, configuration and status) or the live cluster's, shows its state, what the scheduler
would do about it and, with -S, the state after that. Before that, events can be made up: nodes that come, go or fail,
results of operations, tickets, quorum. Nothing in the cluster is changed, nor in the file unless -X says so.

Options and output are those of Pacemaker's crm_simulate; installed under that name (a symbolic link), vm-ctl takes
its place.

OPSPEC is RSC_TASK_INTERVAL@NODE=RC: the resource, the operation, its interval in milliseconds (0 for all but
recurring monitors), the node, and the agent's exit code. An instance of a clone is RSC:0, RSC:1 ….`,
		Example: `  vm-ctl simulate -L -S                                # what is about to happen here, and how it ends
  vm-ctl simulate -L -S -f alpha                       # what if alpha failed now?
  vm-ctl simulate -x cib.xml -R -s                     # decide, and show all scores
  vm-ctl simulate -x cib.xml -D next.dot               # a picture of it: dot -Tsvg next.dot
  vm-ctl simulate -x cib.xml -i db_monitor_10000@alpha=7 -F db_stop_0@alpha=1 -O after.xml
                                                       # db is found stopped, and its stop fails, too
  vm-ctl simulate -x after.xml -S                      # what that leads to`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.sources != 1 {
				return &usageError{errors.New("say where the CIB comes from, once: -x FILE, -p for the standard input, or -L for the running cluster")}
			}
			return a.simulate(cmd.Context(), f)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// register adds the options, in crm_simulate's groups and order.
func (f *simulateFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	f.registerSource(flags)
	f.registerOperations(flags)
	f.registerEvents(flags)
	f.registerArtifacts(flags)
	flags.StringVar(&f.format, "output-as", "text", "`FORMAT` of the output: text, or xml as Pacemaker's schema api-result describes it")
	flags.StringVar(&f.output, "output-to", "", "write the output to this `FILE` (\"-\" = standard output)")
	flags.BoolVar(&f.options.Fancy, "text-fancy", false, "titles and bullets also with -s and -U, in texts")
	flags.BoolVarP(&f.options.Quiet, "quiet", "Q", false, "show nothing but scores and utilization, in texts")
	flags.CountVarP(&f.verbosity, "verbose", "V", "show on the error output what the reader and the scheduler found odd, and the actions' ids in the DOT graph")
}

func (f *simulateFlags) registerSource(flags *pflag.FlagSet) {
	from := func(file string, live bool) {
		f.file, f.live = file, live
		f.sources++
	}
	flags.FuncP("xml-file", "x", "read the CIB from this `FILE` (\"-\" = standard input)", func(file string) error {
		from(file, false)
		return nil
	})
	flags.BoolFuncP("xml-pipe", "p", "read the CIB from the standard input", func(string) error {
		from("-", false)
		return nil
	})
	flags.BoolFuncP("live-check", "L", "read the CIB of the running cluster", func(string) error {
		from("", true)
		return nil
	})
}

func (f *simulateFlags) registerOperations(flags *pflag.FlagSet) {
	o := &f.options
	flags.BoolVarP(&o.Process, "run", "R", false, "decide what to do, and show it")
	flags.BoolVarP(&o.Simulate, "simulate", "S", false, "do it, too, on a copy, and show the state afterwards")
	flags.BoolVarP(&f.inPlace, "in-place", "X", false, "like -S, and write the result to the input file")
	flags.BoolVarP(&o.Attributes, "show-attrs", "A", false, "show the nodes' attributes")
	flags.BoolVarP(&o.FailCounts, "show-failcounts", "c", false, "show fail counts and failed operations")
	flags.BoolVarP(&o.Scores, "show-scores", "s", false, "show the allocation scores")
	flags.BoolVarP(&o.Utilization, "show-utilization", "U", false, "show the nodes' capacities and what uses them")
	flags.StringVarP(&f.profile, "profile", "P", "", "time the decision on each .xml file of this `FOLDER`")
	flags.IntVarP(&f.repeat, "repeat", "N", 1, "with -P: decide `N` times")
	flags.BoolP("pending", "j", false, "operations in progress always show")
	_ = flags.MarkHidden("pending")
}

func (f *simulateFlags) registerEvents(flags *pflag.FlagSet) {
	i := &f.options.Inject
	flags.StringArrayVarP(&i.NodeUp, "node-up", "u", nil, "let this `NODE` come up")
	flags.StringArrayVarP(&i.NodeDown, "node-down", "d", nil, "let this `NODE` leave in an orderly way")
	flags.StringArrayVarP(&i.NodeFail, "node-fail", "f", nil, "let this `NODE` vanish")
	flags.StringArrayVarP(&i.Operations, "op-inject", "i", nil, "let an operation have ended like this `OPSPEC`")
	flags.StringArrayVarP(&f.options.Failures, "op-fail", "F", nil, "let an operation that is done with -S fail: `OPSPEC`; implies -S")
	flags.StringVarP(&f.date, "set-datetime", "t", "", "decide for this `TIME` (ISO 8601, UTC unless it says otherwise)")
	flags.StringVarP(&i.Quorum, "quorum", "q", "", "give (1) or take (0) the quorum: `BOOL`")
	flags.StringVarP(&i.Watchdog, "watchdog", "w", "", "say that nodes have (1) or lack (0) a watchdog: `BOOL`")
	flags.StringArrayVarP(&i.TicketGrant, "ticket-grant", "g", nil, "grant this `TICKET`")
	flags.StringArrayVarP(&i.TicketRevoke, "ticket-revoke", "r", nil, "revoke this `TICKET`")
	flags.StringArrayVarP(&i.TicketStandby, "ticket-standby", "b", nil, "make this `TICKET` standby")
	flags.StringArrayVarP(&i.TicketActivate, "ticket-activate", "e", nil, "make this `TICKET` active")
}

func (f *simulateFlags) registerArtifacts(flags *pflag.FlagSet) {
	flags.StringVarP(&f.saveInput, "save-input", "I", "", "write the CIB that is decided on, made-up events included, to this `FILE`")
	flags.StringVarP(&f.saveOutput, "save-output", "O", "", "write the CIB that is left in the end to this `FILE`")
	flags.StringVarP(&f.graph, "save-graph", "G", "", "write the transition as Pacemaker's XML graph to this `FILE`")
	flags.StringVarP(&f.dot, "save-dotfile", "D", "", "write the transition as a DOT graph to this `FILE`")
	flags.BoolVarP(&f.options.AllActions, "all-actions", "a", false, "in the DOT graph, show what was considered and is not needed, too")
}

// simulate carries out what the options ask for.
func (a *app) simulate(ctx context.Context, f *simulateFlags) error {
	out, err := a.simulateOutput(f)
	if err != nil {
		return err
	}
	return out.end(a.simulateTo(ctx, out, f), f.status)
}

// simulateTo is simulate with an output.
func (a *app) simulateTo(ctx context.Context, out *simulateOutput, f *simulateFlags) error {
	if f.inPlace && (f.live || f.file == "-") {
		return &usageError{errors.New("--in-place needs a file to write the result to: give one with -x, or use -O FILE")}
	}
	defer lazyCollection()()
	opt := f.options
	opt.Schedule, opt.Inspect, opt.Clock = policy.Schedule, policy.Inspect, time.Now()
	opt.Zone = time.Local
	opt.Live, opt.Numbers = f.live, f.verbosity > 0
	opt.Process = opt.Process || f.dot != "" || f.graph != ""
	opt.Simulate = opt.Simulate || f.inPlace || len(opt.Failures) > 0
	if f.verbosity > 0 {
		opt.Notices = out.errs
	}
	if f.date != "" {
		var err error
		if opt.Now, err = cib.ParseDate(f.date); err != nil {
			return &usageError{fmt.Errorf("--set-datetime: %w", err)}
		}
		opt.NowText = f.date
	}
	if f.profile != "" {
		return a.profile(out, f.profile, f.repeat, opt)
	}
	input, err := a.simulateInput(ctx, f)
	if err != nil {
		return err
	}
	return f.run(out, input, opt)
}
