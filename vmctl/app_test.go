package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// libvirt's event loop, which a test's hostd starts, lasts as long as the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("libvirt.org/go/libvirt.EventRunDefaultImpl"))
}

// golden compares got with testdata/name, which -update rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with go test ./vmctl -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// fakeDaemon answers each verb with a function of its arguments and remembers
// what it was asked.
type fakeDaemon struct {
	socket string
	mu     sync.Mutex
	asked  []string
	answer map[control.Verb]func(args json.RawMessage) (any, error)
	events chan control.EventLine
}

func newFakeDaemon(t *testing.T) *fakeDaemon {
	t.Helper()
	d := idleFakeDaemon(filepath.Join(t.TempDir(), "d.sock"))
	d.serve(t)
	return d
}

// idleFakeDaemon does not serve yet.
func idleFakeDaemon(path string) *fakeDaemon {
	return &fakeDaemon{
		socket: path,
		answer: map[control.Verb]func(json.RawMessage) (any, error){},
		events: make(chan control.EventLine),
	}
}

// serve works until the test ends.
func (d *fakeDaemon) serve(t *testing.T) {
	t.Helper()
	listener, err := socket.Listen(d.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := socket.Serve(ctx, listener, d); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// on sets the answer to a verb.
func (d *fakeDaemon) on(verb control.Verb, body any, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer[verb] = func(json.RawMessage) (any, error) { return body, err }
}

// Handle implements socket.Handler.
func (d *fakeDaemon) Handle(ctx context.Context, verb control.Verb, args json.RawMessage, more func(any) error) (any, error) {
	if verb == control.Events {
		return nil, d.stream(ctx, more)
	}
	d.mu.Lock()
	answer := d.answer[verb]
	if verb != control.Status {
		d.asked = append(d.asked, strings.TrimSpace(fmt.Sprintf("%s %s", verb, args)))
	}
	d.mu.Unlock()
	if answer == nil {
		return nil, fmt.Errorf("verb %q is not known here", verb)
	}
	return answer(args)
}

func (d *fakeDaemon) stream(ctx context.Context, more func(any) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-d.events:
			if err := more(line); err != nil {
				return err
			}
		}
	}
}

// vmctl runs a command line against the daemon.
func (d *fakeDaemon) vmctl(ctx context.Context, args ...string) (status int, out, errOut string) {
	return runVMCtl(ctx, append([]string{"--socket", d.socket}, args...)...)
}

func runVMCtl(ctx context.Context, args ...string) (status int, out, errOut string) {
	var o, e bytes.Buffer
	status = run(ctx, &app{out: &o, errOut: &e}, args)
	return status, o.String(), e.String()
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	t.Parallel()
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c.Short == "" || c.Example == "" {
			t.Errorf("%q has no short help or no example", c.CommandPath())
		}
		for _, line := range strings.Split(c.Example, "\n") {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%q: the example line %q is not indented", c.CommandPath(), line)
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(&app{}))
}

func TestExamplesAreCommandLinesThatParse(t *testing.T) {
	t.Parallel()
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, line := range strings.Split(c.Example, "\n") {
			line, _, _ = strings.Cut(line, "#")
			line, _, _ = strings.Cut(line, "|")
			line, _, _ = strings.Cut(line, "&&")
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "vm-ctl" {
				continue
			}
			found, rest, err := newRoot(&app{}).Find(words[1:])
			if err != nil {
				t.Errorf("%q: %v", line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%q: %v", line, err)
			} else if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(&app{}))
}

func TestACommandLineThatMakesNoSenseExitsWith2(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ line, want string }{
		{"resource", "needs one of: add"},
		{"resource strat vip", `no verb "strat"; did you mean "start"`},
		{"stats", `no verb "stats"; did you mean "status"`},
		{"frobnicate", "write one of apply, cleanup"},
		{"migrate", "write vm-ctl migrate VM"},
		{"status --jsn", "see vm-ctl status --help"},
		{"fence beta --action explode", "none of off, reboot, on"},
		{"resource add x --agent nginx", "is not an agent"},
		{"resource add x --param ip", "not NAME=VALUE"},
		{"resource add x -m maybe", "neither on nor off"},
		{"resource add x --meta target-rle=Stopped", `did you mean "target-role"`},
	} {
		status, _, errOut := runVMCtl(t.Context(), strings.Fields(tc.line)...)
		if status != exitUsage || !strings.Contains(errOut, tc.want) {
			t.Errorf("%q: status %d, %q; want %q in it", tc.line, status, errOut, tc.want)
		}
	}
}

func TestADaemonThatIsNotThereIsNamedWithTheRemedy(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.sock")
	for _, tc := range []struct{ line, want string }{
		{"status", "hostd is not running (nobody serves " + none + "): systemctl start hostd"},
		{"--guest host status", "systemctl start guestd"},
	} {
		status, _, errOut := runVMCtl(t.Context(), append([]string{"--socket", none}, strings.Fields(tc.line)...)...)
		if status != exitFailed || !strings.Contains(errOut, tc.want) {
			t.Errorf("%q: status %d, %q", tc.line, status, errOut)
		}
	}
}

func TestVerbsAskTheDaemonForWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ line, asked, said string }{
		{"resource start vip", `rsc-start {"rsc":"vip"}`, "vip: target-role is Started.\n"},
		{"resource stop a,b", `rsc-stop {"rsc":"a"}|rsc-stop {"rsc":"b"}`, "a: target-role is Stopped.\nb: target-role is Stopped.\n"},
		{"resource delete vip", `rsc-delete {"rsc":"vip"}`, "vip is deleted.\n"},
		{"resource unmove vip", `unmove {"rsc":"vip"}`, "vip is free to go where it prefers.\n"},
		{"node standby", `standby {}`, "This node is in standby.\n"},
		{"node online beta", `online {"node":"beta"}`, "beta is online.\n"},
		{"cleanup", `cleanup {}`, "Failures of all resources on all nodes are forgotten.\n"},
		{"cleanup vip -n beta", `cleanup {"rsc":"vip","node":"beta"}`, "Failures of vip on beta are forgotten.\n"},
	} {
		t.Run(tc.line, func(t *testing.T) {
			t.Parallel()
			d := newFakeDaemon(t)
			for _, verb := range []control.Verb{control.RscStart, control.RscStop, control.RscDelete, control.Unmove, control.Standby, control.Online, control.Cleanup} {
				d.on(verb, nil, nil)
			}
			status, out, errOut := d.vmctl(t.Context(), strings.Fields(tc.line)...)
			if status != exitOK || out != tc.said {
				t.Errorf("status %d, %q, %q", status, out, errOut)
			}
			if got := strings.Join(d.asked, "|"); got != tc.asked {
				t.Errorf("asked %s, want %s", got, tc.asked)
			}
		})
	}
}

func TestARefusalIsAFailureInItsOwnWords(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.FenceNode, nil, fmt.Errorf("no device can fence beta"))
	status, _, errOut := d.vmctl(t.Context(), "fence", "beta")
	if status != exitFailed || errOut != "vm-ctl: beta was not fenced: no device can fence beta\n" {
		t.Errorf("status %d, %q", status, errOut)
	}
}

func TestAConfirmationIsJSONWhenAsked(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.FenceNode, nil, nil)
	status, out, errOut := d.vmctl(t.Context(), "fence", "beta", "--action", "confirm", "--json")
	var got fenced
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != exitOK || got.Target != "beta" || got.Action != "confirm" {
		t.Errorf("status %d, %q, %q (%v)", status, out, errOut, err)
	}
}

func TestInsideAGuestOnlyOffAndRebootAreAskedFor(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"on", "confirm"} {
		d := newFakeDaemon(t)
		status, _, errOut := d.vmctl(t.Context(), "--guest", "fence", "db2", "--action", action)
		if status == exitOK || !strings.Contains(errOut, "inside a VM there are off and reboot") || len(d.asked) != 0 {
			t.Errorf("%s: status %d, %q, asked %q", action, status, errOut, d.asked)
		}
	}
}

func TestInsideAGuestFenceAsksTheHosts(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.GuestFence, map[string]string{"state": "down"}, nil)
	status, out, errOut := d.vmctl(t.Context(), "--guest", "fence", "db2")
	if status != exitOK || !strings.HasPrefix(out, "db2 is fenced (reboot), after ") {
		t.Errorf("status %d, %q, %q", status, out, errOut)
	}
	if len(d.asked) != 1 || !strings.HasPrefix(d.asked[0], `guest-fence {"target":"db2","action":"reboot","request":"`) {
		t.Errorf("asked %q", d.asked)
	}
}

func TestAFenceIsAskedAgainWithTheSameIDWhenGuestdDies(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "d.sock")
	dying, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	type ending struct {
		status int
		errOut string
	}
	ended := make(chan ending, 1)
	go func() {
		status, _, errOut := runVMCtl(t.Context(), "--socket", path, "--guest", "fence", "db2")
		ended <- ending{status, errOut}
	}()
	conn, err := dying.Accept()
	if err != nil {
		t.Fatal(err)
	}
	first, _ := bufio.NewReader(conn).ReadString('\n')
	dying.Close() // removes the socket
	conn.Close()
	back := idleFakeDaemon(path)
	back.on(control.GuestFence, nil, nil)
	back.serve(t)
	if got := <-ended; got.status != exitOK || !strings.Contains(got.errOut, "guestd has ended; waiting up to 30s") {
		t.Errorf("status %d, %q", got.status, got.errOut)
	}
	if again := strings.TrimPrefix(back.asked[0], "guest-fence "); !strings.Contains(first, again) {
		t.Errorf("asked %s first and then %s", first, again)
	}
}

func TestHostStatusIsWrittenForPeople(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.HostStatus, json.RawMessage(`{"host":"alpha","online":true,"peers":["beta",{"name":"gamma"}],"note":null}`), nil)
	status, out, errOut := d.vmctl(t.Context(), "--guest", "host", "status")
	want := "host:                    alpha\nonline:                  yes\npeers:\n  - beta\n  -\n    name:                    gamma\nnote:                    -\n"
	if status != exitOK || out != want {
		t.Errorf("status %d\n%s%s", status, out, errOut)
	}
}
