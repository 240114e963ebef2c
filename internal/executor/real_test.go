package executor

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvmha/agents"
	"kvmha/agents/ocf"
	"kvmha/internal/child"
	"kvmha/internal/cib"
)

// A script's child and grandchild, each waiting for ever; their ids go to the file pids.
const stubborn = `#!/bin/sh
trap '' TERM
case $1 in
start) (sleep 600 & echo $! >> "$OCF_RESKEY_pids"; wait) & echo $! >> "$OCF_RESKEY_pids"; setsid sleep 600 & echo $! >> "$OCF_RESKEY_pids"; wait;;
stop) exit 0;;
esac
`

func TestATimedOutScriptLeavesNoProcessBehind(t *testing.T) {
	dir := t.TempDir()
	file, pids := filepath.Join(dir, "resource.d", "test", "Stubborn"), filepath.Join(dir, "pids")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(stubborn), 0o755); err != nil {
		t.Fatal(err)
	}
	set := agents.NewSet()
	set.AddClass("ocf", &ocf.Class{Root: dir, TempDir: dir, Runner: &child.Runner{Dir: filepath.Join(dir, "running")}})
	results := make(chan cib.Result, 4)
	e := New(Options{Registry: set, Logger: slog.New(slog.DiscardHandler), Report: func(_ cib.Operation, r cib.Result) { results <- r }})
	defer e.Close()
	start := cib.Operation{ID: 1, Resource: "r", Class: "ocf", Provider: "test", Type: "Stubborn", Name: "start",
		Timeout: 2 * time.Second, Params: []cib.NV{{Name: "pids", Value: pids}}}
	stop := start
	stop.ID, stop.Name, stop.Timeout = 2, "stop", 20*time.Second
	e.Run(start)
	e.Run(stop)

	if r := <-results; r.ID != 1 || r.Status != cib.ExecTimeout || !strings.Contains(r.ExitReason, "start of r did not end within its timeout of 2s") {
		t.Errorf("got %+v", r)
	}
	text, err := os.ReadFile(pids)
	if err != nil || len(strings.Fields(string(text))) != 3 {
		t.Fatalf("the script has not come to its end: %q, %v", text, err)
	}
	for pid := range strings.FieldsSeq(string(text)) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err == nil && !strings.Contains(string(status), "State:\tZ") {
			t.Errorf("process %s is still there", pid)
		}
	}
	if r := <-results; r.ID != 2 || r.RC != cib.OK {
		t.Errorf("got %+v", r)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "running")); len(left) != 0 {
		t.Errorf("%d notes of running programs left", len(left))
	}
}
