package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cluster"
	"kvmha/internal/node"
	"kvmha/policy"
)

func TestReplayComparesARecording(t *testing.T) {
	t.Parallel()
	cfg := node.Config{Node: "alpha", Cluster: "test", Incarnation: "i", BootID: "b", Schedule: policy.Schedule,
		Quorum: cluster.QuorumRule{Votes: map[string]int{"alpha": 1, "beta": 1}}}
	core, err := node.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	recorder := node.NewRecorder(&text)
	if err := recorder.Start(evening, cfg); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		at := evening.Add(time.Duration(i) * time.Second)
		ev := node.ClientRequest{ID: uint64(i), Verb: "status"}
		if err := recorder.Step(at, ev, core.Step(at, ev)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	for _, tc := range []struct {
		name, text string
		exit       int
		want       string
	}{
		{"the same", text.String(), exitOK, "3 events replayed, every effect the same.\n"},
		{"another answer", strings.Replace(text.String(), `"ID":2`, `"ID":9`, 1), exitFailed, "2 events replayed, then: recording, line 4, event ClientRequest"},
	} {
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errOut := runVMCtl(t.Context(), "replay", path)
		if status != tc.exit || !strings.Contains(out+errOut, tc.want) {
			t.Errorf("%s: status %d, %q", tc.name, status, out+errOut)
		}
	}
}
