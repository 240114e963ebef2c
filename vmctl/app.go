package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Where the daemons listen unless they are told otherwise.
const (
	hostSocket  = "/run/kvmha/hostd.sock"
	guestSocket = "/run/kvmha/guestd.sock"
)

// app is what the verbs share.
type app struct {
	out, errOut io.Writer
	// line is the command line, the program's name first.
	line []string
	// socket is the daemon's socket; "" = the one that is there.
	socket string
	// guest says that the daemon is guestd.
	guest bool
	// terminal tells whether out is one: redrawing, progress on one line.
	// colours are for terminals whose user does not set NO_COLOR. errTerminal
	// tells whether errOut is one.
	terminal, colours, errTerminal bool
}

func newApp(out, errOut *os.File) *app {
	terminal := isTerminal(out)
	return &app{out: out, errOut: errOut, terminal: terminal, errTerminal: isTerminal(errOut), colours: terminal && os.Getenv("NO_COLOR") == ""}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "vm-ctl",
		Short: "Control a kvmha cluster from one of its hosts, or from inside a VM",
		Long: `vm-ctl asks the kvmha daemon of this machine: hostd on a host, guestd inside a VM.

Begin with "vm-ctl status". The exit status is 0 only when what was asked has happened.`,
		Example:       "  vm-ctl status\n  vm-ctl migrate db1 --to beta\n  vm-ctl apply /etc/kvmha/cluster.toml",
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				return cmd.Help()
			}
			return noVerb(cmd, given)
		},
	}
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.PersistentFlags().StringVar(&a.socket, "socket", "", "the daemon's socket (default "+hostSocket+", or guestd's inside a VM)")
	root.PersistentFlags().BoolVar(&a.guest, "guest", false, "talk to guestd (default: when only guestd is there)")
	root.AddCommand(
		newKeygen(a), newValidate(a), newApply(a), newStatus(a), newExplain(a), newSimulate(a), newResource(a),
		newMigrate(a), newNode(a), newCleanup(a), newFence(a), newHost(a), newReplay(a),
	)
	return root
}

// args makes a check of the number of arguments into a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return &usageError{fmt.Errorf("%w: write %s", err, cmd.UseLine())}
		}
		return nil
	}
}

// dial connects to the daemon.
func (a *app) dial() (*socket.Client, error) {
	path, daemon := a.daemon()
	client, err := socket.Dial(path)
	if errors.Is(err, socket.ErrNotRunning) {
		return nil, &notRunning{daemon, path}
	}
	return client, err
}

// notRunning is a socket.ErrNotRunning with the remedy.
type notRunning struct{ daemon, path string }

func (e *notRunning) Error() string {
	return fmt.Sprintf("%s is not running (nobody serves %s): systemctl start %s; its log: journalctl -u %s", e.daemon, e.path, e.daemon, e.daemon)
}

func (e *notRunning) Unwrap() error { return socket.ErrNotRunning }

// daemon returns the socket to use and the name of who serves it.
func (a *app) daemon() (path, name string) {
	switch {
	case a.inGuest() && a.socket == "":
		return guestSocket, "guestd"
	case a.inGuest():
		return a.socket, "guestd"
	case a.socket == "":
		return hostSocket, "hostd"
	}
	return a.socket, "hostd"
}

// inGuest tells whether the daemon is guestd: because the flag says so, or
// because only guestd's socket is there.
func (a *app) inGuest() bool {
	if a.guest || a.socket != "" {
		return a.guest
	}
	return exists(guestSocket) && !exists(hostSocket)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// ask makes one request on a connection of its own.
func (a *app) ask(ctx context.Context, verb control.Verb, args, reply any) error {
	client, err := a.dial()
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Call(ctx, verb, args, reply)
}

// say writes a line for people.
func (a *app) say(format string, values ...any) { fmt.Fprintf(a.out, format+"\n", values...) }

// warn writes a line that is not the answer.
func (a *app) warn(format string, values ...any) { fmt.Fprintf(a.errOut, format+"\n", values...) }

// noVerb is what commands do that only hold others: they say which there are.
func noVerb(cmd *cobra.Command, given []string) error {
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	list := strings.Join(verbs, ", ")
	if len(given) == 0 {
		return &usageError{fmt.Errorf("%s needs one of: %s", cmd.CommandPath(), list)}
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(given[0]); len(near) > 0 {
		return &usageError{fmt.Errorf("%s has no verb %q; did you mean %q?", cmd.CommandPath(), given[0], near[0])}
	}
	return &usageError{fmt.Errorf("%s has no verb %q: write one of %s", cmd.CommandPath(), given[0], list)}
}
