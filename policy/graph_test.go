package policy

import (
	"testing"

	"kvmha/internal/cib"
)

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

func TestAnActionNamesTheKindOfWhatItIsAbout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		outside, running string
		want             cib.Kind
	}{
		"a primitive": {primXML("outside", ""), "outside", ""},
		"a bundle":    {`<bundle id="outside"><rkt image="i" replicas="1"/></bundle>`, "outside-rkt-0", cib.Bundle},
	} {
		tr := decide(t, world{
			resources: test.outside + primXML("inside", "container=outside"), noQuorum: true,
			status: "n1 inside start=1\nn2 inside stop=1\nn2 " + test.running + " start",
		})
		var got []cib.Kind
		for _, a := range tr.Actions {
			if a.Key == "outside_stop_0" && a.Node == "n2" {
				got = append(got, a.Render.ResourceKind)
			}
		}
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%s that is stopped for the sake of what is inside: kinds %q, want %q", name, got, test.want)
		}
	}
}
