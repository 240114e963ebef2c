package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
	"kvmha/internal/node"
	"kvmha/internal/onehost"
)

// pairConfig is a cluster of two hosts on the loopback networks, with one
// resource that touches nothing but a file.
const pairConfig = `
[cluster]
name = "pair"
secret = "%[1]s/secret"
deadtime = "1s"
state-dir = "%[1]s/%[2]s/state"
control-socket = "%[1]s/%[2]s/sock"
gossip-port = 17794
peer-port = 17795

[options]
stonith-enabled = "false"

[[node]]
name = "alpha"
links = { hb0 = "127.77.0.1", hb1 = "127.77.1.1" }

[[node]]
name = "beta"
links = { hb0 = "127.77.0.2", hb1 = "127.77.1.2" }

[[resource]]
id = "file"
agent = "ocf:kvmha:Dummy"
op = [{ name = "monitor", interval = "10s" }]
`

// member is one daemon of the pair, run inside this process.
type member struct {
	dir, name string
	stop      context.CancelCauseFunc
	ended     chan error
}

func startMember(t *testing.T, dir, name string) *member {
	t.Helper()
	own := filepath.Join(dir, name)
	if err := os.MkdirAll(own, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(own, "cluster.toml")
	if err := os.WriteFile(path, fmt.Appendf(nil, pairConfig, dir, name), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{
		ConfigPath: path, Node: name, BootID: "boot-" + name, RunDir: filepath.Join(own, "run"),
		TracePath: filepath.Join(own, "trace"), Logger: slog.New(slog.NewTextHandler(t.Output(), nil)).With("on", name),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	m := &member{dir: own, name: name, stop: stop, ended: make(chan error, 1)}
	go func() { m.ended <- h.Run(ctx) }()
	return m
}

// end stops the daemon and waits for it.
func (m *member) end(t *testing.T, why error) {
	t.Helper()
	m.stop(why)
	select {
	case err := <-m.ended:
		if err != nil {
			t.Errorf("%s ended with %v", m.name, err)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not end", m.name)
	}
}

// ask waits until the daemon's status is as wanted.
func (m *member) ask(t *testing.T, what string, ok func(*node.StatusReply) bool) {
	t.Helper()
	client, err := socket.Dial(filepath.Join(m.dir, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var status node.StatusReply
		if err := client.Call(ctx, control.Status, nil, &status); err != nil {
			t.Fatalf("%s: %v; the last status is %+v", what, err, status)
		}
		if ok(&status) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s: %+v", what, status)
		}
	}
}

func runsOn(host string, online int) func(*node.StatusReply) bool {
	return func(s *node.StatusReply) bool {
		members := 0
		for _, n := range s.Nodes {
			if n.State == "online" {
				members++
			}
		}
		return members == online && s.Transition == nil && len(s.Resources) == 1 &&
			len(s.Resources[0].Active) == 1 && (host == "" || s.Resources[0].Active[0] == host)
	}
}

func TestTwoDaemonsInOneProcessFormAClusterRestartAndLeave(t *testing.T) {
	dir := onehost.Folder(t)
	alpha, beta := startMember(t, dir, "alpha"), startMember(t, dir, "beta")
	alpha.ask(t, "both to be online and the resource to run", runsOn("", 2))

	alpha.end(t, ErrRestart)
	alpha = startMember(t, dir, "alpha")
	beta.ask(t, "alpha to be back after its restart", runsOn("", 2))

	alpha.end(t, errors.New("leave"))
	beta.ask(t, "beta to have the resource after alpha has left", runsOn("beta", 1))
	beta.end(t, errors.New("leave"))

	// What both cores were told can be told again, with the same answers.
	for _, m := range []*member{alpha, beta} {
		traces, err := filepath.Glob(filepath.Join(m.dir, "trace*"))
		if err != nil || len(traces) == 0 {
			t.Fatalf("%s has left no trace: %v", m.name, err)
		}
		for _, path := range traces {
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			events, err := node.ReplayRecording(file, nil)
			file.Close()
			if err != nil || events == 0 {
				t.Errorf("replay of %s: %d events, then %v", path, events, err)
			}
		}
	}
}

func TestAConfigurationWithoutThisHostIsRefusedWithARemedy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cluster.toml")
	if err := os.WriteFile(path, fmt.Appendf(nil, pairConfig, dir, "gamma"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Options{ConfigPath: path, Node: "gamma", BootID: "b", Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "gamma") || !strings.Contains(err.Error(), "--node") {
		t.Errorf("got %v", err)
	}
}
