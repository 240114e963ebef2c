package policy

import (
	"slices"
	"strings"
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

func TestTheErrorsNameWhatKeepsANodeFromShuttingDown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ options, meta, want string }{
		"a resource that failed to stop": {"", "", "Cannot shut down n1 because of a, which is unmanaged and failed"},
		"unless that is in maintenance":  {"", "maintenance=true", ""},
		"unless nothing would be done":   {"no-quorum-policy=stop", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{options: test.options, resources: primXML("a", test.meta), status: "n1 a start stop=1\nn1 attr shutdown=1", noQuorum: strings.Contains(test.options, "quorum")}
			got := ""
			for _, text := range Schedule(Input{CIB: w.cib(t), Now: now}).Errors {
				if strings.Contains(text, "shut down") {
					got += text
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestConstraintsCountInTheOrderInWhichTheyAreWritten: the order makes the start
// of a, and a colocation read after it finds that.
func TestConstraintsCountInTheOrderInWhichTheyAreWritten(t *testing.T) {
	t.Parallel()
	const order = `<rsc_order id="o" first="a" then="b"/>`
	const apart = `<rsc_colocation id="c" score="-INFINITY"><resource_set id="s"><resource_ref id="x"/><resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_colocation>`
	for name, test := range map[string]struct {
		constraints string
		waits       bool
	}{"the order first": {order + apart, true}, "the colocation first": {apart + order, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{resources: primXML("x", "") + primXML("a", "") + primXML("b", ""), nodes: []string{"n1"}, constraints: test.constraints,
				status: "n1 a start\nn1 b start"}
			starts := decided(Input{CIB: w.cib(t), Now: now}).findResource("a").findActions("start", 0, nil)
			if len(starts) != 1 {
				t.Fatalf("a has %d starts", len(starts))
			}
			if waits := slices.ContainsFunc(starts[0].before, func(in *link) bool { return in.a.key == "b_stop_0" }); waits != test.waits {
				t.Errorf("the start of a waits for the stop of b: %v, want %v", waits, test.waits)
			}
		})
	}
}
