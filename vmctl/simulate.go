package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/simulate"
	"kvmha/policy"
)

// simulateFlags are the options of vm-ctl simulate; letters and long names are
// crm_simulate's.
type simulateFlags struct {
	file       string
	live       bool
	date       string
	dot, graph string
	verbose    bool
	options    simulate.Options
}

func newSimulate(a *app) *cobra.Command {
	f := &simulateFlags{}
	cmd := &cobra.Command{
		Use:   "simulate (-x FILE | -L)",
		Short: "Show what the cluster would do in a given state",
		Long: `Reads a Pacemaker CIB (XML, configuration and status) or the live cluster's, shows its state, what the scheduler
would do about it and, with -S, the state after that. Options and output are those of Pacemaker's crm_simulate.
Nothing in the cluster is changed. "-x -" reads the standard input.`,
		Example: "  vm-ctl simulate -L -S\n  vm-ctl simulate -x cib.xml -R -s\n  vm-ctl simulate -x cib.xml -S -D transition.dot",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.simulate(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "xml-file", "x", "", "read the CIB from this file")
	flags.BoolVarP(&f.live, "live-check", "L", false, "read the CIB of the running cluster")
	flags.BoolVarP(&f.options.Process, "run", "R", false, "decide what to do, and show it")
	flags.BoolVarP(&f.options.Simulate, "simulate", "S", false, "do it, too, on a copy, and show the state afterwards")
	flags.BoolVarP(&f.options.Scores, "show-scores", "s", false, "show the allocation scores")
	flags.BoolVarP(&f.options.Utilization, "show-utilization", "U", false, "show the nodes' capacities and what uses them")
	flags.BoolVarP(&f.options.Quiet, "quiet", "Q", false, "show nothing but scores and utilization")
	flags.StringVarP(&f.date, "set-datetime", "t", "", "decide for this time (ISO 8601, UTC unless it says otherwise)")
	flags.StringVarP(&f.dot, "save-dotfile", "D", "", "write the transition as a DOT graph to this file")
	flags.StringVarP(&f.graph, "save-graph", "G", "", "write the transition as Pacemaker's XML graph to this file")
	flags.BoolVarP(&f.options.AllActions, "all-actions", "a", false, "in the DOT graph, show what was considered and is not needed, too")
	flags.BoolVarP(&f.verbose, "verbose", "V", false, "show on the error output what the reader and the scheduler found odd")
	return cmd
}

func (a *app) simulate(ctx context.Context, f *simulateFlags) error {
	input, err := a.simulateInput(ctx, f)
	if err != nil {
		return err
	}
	opt := f.options
	opt.Schedule, opt.Inspect, opt.Clock = policy.Schedule, policy.Inspect, time.Now()
	if f.verbose {
		opt.Notices = a.errOut
	}
	if f.date != "" {
		if opt.Now, err = cib.ParseDate(f.date); err != nil {
			return &usageError{fmt.Errorf("--set-datetime: %w", err)}
		}
		opt.NowText = f.date
	}
	var dot, graph strings.Builder
	if f.dot != "" {
		opt.DOT = &dot
	}
	if f.graph != "" {
		opt.Graph = &graph
	}
	if err := simulate.Run(a.out, input, opt); err != nil {
		return err
	}
	return errors.Join(save(f.dot, dot.String()), save(f.graph, graph.String()))
}

func (a *app) simulateInput(ctx context.Context, f *simulateFlags) (*cib.CIB, error) {
	switch {
	case f.live == (f.file != ""):
		return nil, &usageError{errors.New("say where the CIB comes from: -x FILE, or -L for the running cluster")}
	case f.live:
		input := &cib.CIB{}
		return input, a.ask(ctx, control.GetCIB, nil, input)
	case f.file == "-":
		return a.decode("standard input", os.Stdin, f.verbose)
	}
	file, err := os.Open(f.file)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return a.decode(f.file, file, f.verbose)
}

func (a *app) decode(name string, r io.Reader, verbose bool) (*cib.CIB, error) {
	input, warnings, err := cib.DecodeXML(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, w := range warnings {
		if verbose {
			a.warn("warning: %s: %s", name, w)
		}
	}
	return input, nil
}

func save(path, text string) error {
	if path == "" {
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
