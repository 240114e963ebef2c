package simulate

import (
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

func TestWritingANodeMergesEntriesOfOneName(t *testing.T) {
	t.Parallel()
	before := &cib.CIB{}
	before.Status.Nodes = []cib.NodeState{{ID: "1", Uname: "n1", History: []cib.ResourceHistory{
		{ID: "a", Ops: []cib.OpHistory{{ID: "a_start_0", CallID: 4}}},
		{ID: "a", Ops: []cib.OpHistory{{ID: "a_monitor_0", CallID: 5}}},
	}}}
	w := newWorld(before, &policy.Transition{}, time.Unix(0, 0), false)
	h, known := history(w.node("n1", "1"), "a", "a")
	w.addResult(h, result{resource: "a", task: "stop", call: nextCall(h, known)})

	var got []string
	for _, op := range w.cib.Status.Nodes[0].History[0].Ops {
		got = append(got, op.ID)
		if op.ID == "a_last_0" && op.CallID != 1 {
			t.Errorf("the stop has call id %d, want 1: nobody knows which entry it follows", op.CallID)
		}
	}
	if want := []string{"a_start_0", "a_monitor_0", "a_last_0"}; len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("the first entry holds %q, want %q", got, want)
	}
	if n := len(before.Status.Nodes[0].History[0].Ops); n != 1 {
		t.Errorf("the CIB that was given now has %d operations in its first entry, want 1", n)
	}
}
