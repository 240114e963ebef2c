package node

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cluster"
	"kvmha/policy"
)

// nothingToDo is a scheduler for whom all is well.
func nothingToDo(policy.Input) *policy.Transition { return &policy.Transition{} }

// recordStart records the first moments of a node that finds its peer.
func recordStart(t *testing.T) []byte {
	t.Helper()
	cfg := Config{
		Node: "alpha", Cluster: "test", Incarnation: "i1", BootID: "b1", Seed: 7, Schedule: nothingToDo,
		Quorum: cluster.QuorumRule{Votes: map[string]int{"alpha": 1, "beta": 1}, TwoNode: true},
	}
	core, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	r := NewRecorder(&file)
	now := time.Date(2026, 11, 22, 2, 0, 0, 5e6, time.UTC)
	if err := r.Start(now, cfg); err != nil {
		t.Fatal(err)
	}
	members := []cluster.Member{{Name: "alpha", Incarnation: "i1", BootID: "b1"}, {Name: "beta", Incarnation: "i2", BootID: "b2"}}
	for i, ev := range []Event{
		Tick{}, ViewChanged{View: cluster.View{Members: members[:1]}}, ViewChanged{View: cluster.View{Members: members}},
		Tick{}, ClientRequest{ID: 1, Verb: "status"}, ViewChanged{View: cluster.View{Members: members[:1]}}, Tick{},
	} {
		at := now.Add(time.Duration(i) * 700 * time.Millisecond)
		if err := r.Step(at, ev, core.Step(at, ev)); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

func TestARecordingReplaysToTheSameEffects(t *testing.T) {
	t.Parallel()
	file := recordStart(t)
	if !bytes.Contains(file, []byte(`"effects":[{`)) {
		t.Fatal("the recorded run has no effect, so nothing would be compared")
	}
	for name, recording := range map[string][]byte{
		"whole": file, "cut off in its last line": append(bytes.Clone(file), `{"v":1,"at":`...),
	} {
		if events, err := ReplayRecording(bytes.NewReader(recording), nothingToDo); err != nil || events != 7 {
			t.Errorf("%s: %d events, %v", name, events, err)
		}
	}
}

func TestAReplayNamesTheFirstEffectThatDiffers(t *testing.T) {
	t.Parallel()
	changed := strings.Replace(string(recordStart(t)), `"effects":[{`, `"effects":[{"odd":1,`, 1)
	_, err := ReplayRecording(strings.NewReader(changed), nothingToDo)
	var d *Divergence
	if !errors.As(err, &d) || d.Line < 2 || !strings.Contains(d.Want, `"odd"`) || d.Got == "" {
		t.Errorf("got %v", err)
	}
}

func TestAReplayRefusesWhatIsNoRecording(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"an empty file":     {"", "does not begin with"},
		"garbage":           {"hello\n", "does not begin with"},
		"another version":   {`{"v":9,"at":"2026-01-01T00:00:00Z","type":"Config"}` + "\n", "version 9"},
		"an event too many": {string(recordStart(t)) + `{"v":1,"at":"2026-01-01T00:00:00Z","type":"Party"}` + "\n", `"Party" is unknown`},
	} {
		if _, err := ReplayRecording(strings.NewReader(tc.text), nothingToDo); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// recordedLine is an event without effects as a recording holds it.
func recordedLine(t *testing.T, at time.Time, ev Event) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := NewRecorder(&file).Step(at, ev, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestARequestWithoutArgumentsIsRecordedWithoutThem(t *testing.T) {
	t.Parallel()
	_, ev, err := DecodeEvent(recordedLine(t, time.Unix(0, 0), ClientRequest{ID: 1, Verb: "status"}))
	if err != nil {
		t.Fatal(err)
	}
	if args := ev.(ClientRequest).Args; args != nil {
		t.Errorf("its arguments are %q now", args)
	}
}
