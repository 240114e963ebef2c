package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kvmha/internal/simulate"
)

// referenceName is the program whose place vm-ctl takes under this name.
const referenceName = "crm_simulate"

// Exit statuses of Pacemaker's tools (crm_error --list --exit).
const (
	crmNoRights   = 4
	crmUsage      = 64
	crmNoCluster  = 66
	crmNoInput    = 70
	crmNoWriting  = 74
	crmBadCIB     = 78
	crmNoSuchItem = 105
)

// statusMeanings are the words for exit statuses in documents: Pacemaker's, and
// one for what it has no status for.
var statusMeanings = map[int]string{
	exitOK: "OK", exitFailed: "Error occurred", exitUsage: "Invalid parameter", exitInterrupted: "Interrupted",
	crmNoRights: "Insufficient privileges", crmUsage: "Incorrect usage", crmNoCluster: "Input file not available", crmNoInput: "Internal software bug",
	crmNoWriting: "I/O error occurred", crmBadCIB: "Invalid configuration", crmNoSuchItem: "No such object",
}

// newReference is vm-ctl simulate as crm_simulate: what scripts written for
// that rely on is the same down to the exit status. A CIB is read from the
// standard input unless something else is said, the last source counts, and
// words that are no options are overlooked.
func newReference(a *app) *cobra.Command {
	f := &simulateFlags{file: "-", status: referenceStatus}
	cmd := newSimulate(a)
	cmd.Use = referenceName + " [OPTION…]"
	cmd.Example = strings.ReplaceAll(cmd.Example, "vm-ctl simulate", referenceName)
	cmd.Args = cobra.ArbitraryArgs
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(a.out)
	cmd.SetErr(a.errOut)
	cmd.ResetFlags()
	f.register(cmd.Flags())
	cmd.Flags().BoolVarP(&f.version, "version", "$", false, "say which program this is")
	for _, group := range []string{"all", "output", "operations", "synthetic", "artifact", "source"} {
		hidden(cmd.Flags(), "help-"+group, "")
	}
	hidden(cmd.Flags(), "help-too", "?")
	// The form of lists in documents is what these two ask for anyway.
	hidden(cmd.Flags(), "xml-simple-list", "")
	hidden(cmd.Flags(), "xml-substitute", "")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{optionError(err)} })
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		help := false
		cmd.Flags().Visit(func(f *pflag.Flag) { help = help || strings.HasPrefix(f.Name, "help-") })
		switch {
		case help:
			return cmd.Help()
		case f.version:
			return a.tellVersion(f)
		}
		f.overlookQuorum()
		if f.live {
			f.file = liveFile(os.Getenv, os.Geteuid())
		}
		return a.simulate(cmd.Context(), f)
	}
	return cmd
}

// hidden adds an option that is understood and not told about.
func hidden(flags *pflag.FlagSet, name, letter string) {
	flags.BoolP(name, letter, false, "")
	_ = flags.MarkHidden(name)
}

// tellVersion says which program this is.
func (a *app) tellVersion(f *simulateFlags) error {
	out, err := a.simulateOutput(f)
	if err != nil {
		return err
	}
	return out.end(simulate.Version(out), f.status)
}

// overlookQuorum does what crm_simulate does with -q when nothing else is
// injected: nothing.
func (f *simulateFlags) overlookQuorum() {
	quorum := f.options.Inject.Quorum
	f.options.Inject.Quorum = ""
	if f.options.Inject.Any() {
		f.options.Inject.Quorum = quorum
	}
}

// runReference carries out a command line of crm_simulate and returns its exit
// status.
func runReference(ctx context.Context, a *app, args []string) int {
	a.line = append([]string{referenceName}, args...)
	cmd := newReference(a)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	switch status := referenceStatus(err); {
	case err == nil, errors.Is(err, simulate.ErrInvalidTransition):
		// What is wrong with a transition has been told already.
		return status
	case status == crmNoCluster:
		fmt.Fprintf(a.errOut, "%s: CIB query failed: %v\n", referenceName, err)
		return status
	default:
		fmt.Fprintf(a.errOut, "%s: %v\n", referenceName, err)
		return status
	}
}

// referenceStatus is the exit status that stands for an error.
func referenceStatus(err error) int {
	var usage *usageError
	var input *inputError
	var output *outputError
	var format *formatError
	var live *liveError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, simulate.ErrInvalidTransition):
		return exitFailed
	case errors.As(err, &format):
		return crmNoSuchItem
	case errors.As(err, &usage):
		return crmUsage
	case errors.As(err, &live):
		return crmNoCluster
	case errors.As(err, &input):
		return crmNoInput
	case errors.Is(err, simulate.ErrGraph):
		return crmNoWriting
	case errors.As(err, &output) && errors.Is(err, fs.ErrPermission):
		return crmNoRights
	case errors.As(err, &output), errors.Is(err, simulate.ErrInjection):
		return crmNoSuchItem
	}
	if file := new(fs.PathError); errors.As(err, &file) {
		// What was read is told apart above: this was to be written.
		return crmNoWriting
	}
	return crmBadCIB
}

// referenceError is an error in crm_simulate's own words.
type referenceError string

func (e referenceError) Error() string { return string(e) }

// optionError says in crm_simulate's words what is wrong with an option.
func optionError(err error) error {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return referenceError(fmt.Sprintf("Unknown option -%s", unknown.GetSpecifiedName()))
	case errors.As(err, &unknown):
		return referenceError(fmt.Sprintf("Unknown option --%s", unknown.GetSpecifiedName()))
	case errors.As(err, &bare) && bare.GetSpecifiedShortnames() != "":
		return referenceError(fmt.Sprintf("Missing argument for -%s", bare.GetFlag().Shorthand))
	case errors.As(err, &bare):
		return referenceError(fmt.Sprintf("Missing argument for --%s", bare.GetFlag().Name))
	case errors.As(err, &bad) && bad.GetFlag().Value.Type() == "int":
		return referenceError(fmt.Sprintf("Cannot parse integer value “%s” for -%s", bad.GetValue(), bad.GetFlag().Shorthand))
	}
	return err
}
