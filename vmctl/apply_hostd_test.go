//go:build libvirt_dlopen

package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvmha/internal/host"
	"kvmha/internal/onehost"
)

// startHost runs hostd in a folder until the test ends.
func startHost(t *testing.T) (dir string) {
	t.Helper()
	dir = onehost.Folder(t)
	file := onehost.Write(t, dir, 77, "")
	h, err := host.New(host.Options{ConfigPath: file, Node: onehost.Node, BootID: "boot", RunDir: filepath.Join(dir, "run"),
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("hostd ended with %v", err)
		}
	})
	return dir
}

// until repeats a command line until its output holds a text.
func until(t *testing.T, text string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, out, errOut := runVMCtl(ctx, args...)
		if strings.Contains(out, text) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%v: no %q in\n%s%s", args, text, out, errOut)
		}
	}
}

func TestHostdRunsWhatAPacemakerCIBSays(t *testing.T) {
	dir := startHost(t)
	socket := "--socket=" + filepath.Join(dir, "sock")
	until(t, "alpha", socket, "status")
	path := written(t, "STATE", filepath.Join(dir, "lamp"))
	// Taken as soon as the node is DC; and then it has it.
	until(t, "Nothing to change", socket, "apply", path)
	until(t, "Why on alpha:", socket, "explain", "lamp")
	state, err := os.ReadFile(filepath.Join(dir, "state", "state.json"))
	if err != nil || !strings.Contains(string(state), `"mail-ops"`) || !strings.Contains(string(state), `"acl`) {
		t.Errorf("the state on disk: %v\n%s", err, state)
	}
}
