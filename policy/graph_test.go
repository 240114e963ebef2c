package policy

import "testing"

func TestWhatWouldWaitForAnImpossibleActionIsLeftOut(t *testing.T) {
	t.Parallel()
	blocked := &action{key: "above_stop_0"}
	waits := &action{key: "below_stop_0", before: []*link{{a: blocked, inGraph: true}}}
	next := &action{key: "below_start_0", before: []*link{{a: waits, inGraph: true}}}
	other := &action{key: "other_start_0", before: []*link{{a: blocked}}}
	p := &plan{graph: []*action{next, waits, other}}
	for _, a := range p.graph {
		a.set(actInGraph)
	}
	p.leaveOutStuck()
	if len(p.graph) != 1 || p.graph[0] != other {
		t.Errorf("%d actions are left, want other_start_0 alone", len(p.graph))
	}
	if waits.is(actInGraph) || next.is(actInGraph) || !other.is(actInGraph) {
		t.Error("the actions do not know whether they are in the graph")
	}
}
