package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestRandomClustersAreDecidedTheSameTwice runs made-up clusters through the
// scheduler: the answer depends on nothing but the input, and is sound.
func TestRandomClustersAreDecidedTheSameTwice(t *testing.T) {
	t.Parallel()
	seeds := uint64(300)
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		c := randomWorld(rand.New(rand.NewPCG(seed, 1))).cib(t)
		in := Input{CIB: c, Now: now, Scores: true}
		first, second := Schedule(in), Schedule(in)
		if asJSON(t, first) != asJSON(t, second) {
			t.Fatalf("seed %d: two decisions on one input differ", seed)
		}
		checkTransition(t, first)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// randomWorld makes a cluster of up to four nodes and eight resources in
// random states, with random constraints.
func randomWorld(r *rand.Rand) world {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	w := world{noQuorum: r.IntN(8) == 0}
	w.options = "no-quorum-policy=" + pick("stop", "freeze", "ignore", "demote")
	if r.IntN(2) == 0 {
		w.options += " stonith-enabled=true"
		w.resources += primXML("fence1", "")
	}
	if r.IntN(3) == 0 {
		w.options += " placement-strategy=" + pick("balanced", "utilization", "minimal")
	}
	var names []string
	for i := range 2 + r.IntN(3) {
		name := fmt.Sprintf("n%d", i+1)
		names = append(names, name)
		w.nodes = append(w.nodes, name+pick("", "", "", ":down", ":lost"))
		if r.IntN(5) == 0 {
			w.status += name + " attr " + pick("standby=on", "maintenance=true", "shutdown=1", "ping=0") + "\n"
		}
	}
	var tops, prims []string
	for i := range 1 + r.IntN(6) {
		id := fmt.Sprintf("r%d", i)
		meta := pick("", "", "allow-migrate=true", "is-managed=false", "target-role=Stopped", "resource-stickiness=100", "priority=10", "migration-threshold=1")
		switch r.IntN(4) {
		case 0:
			a, b := id+"a", id+"b"
			w.resources += groupXML(id, primXML(a, meta), primXML(b, ""))
			prims = append(prims, a, b)
		case 1:
			a := id + "c"
			w.resources += cloneXML(id, pick("", "interleave=true", "promotable=true", "promotable=true notify=true", "clone-max=1", "ordered=true"), primXML(a, ""))
			prims = append(prims, a)
		default:
			w.resources += primXML(id, meta)
			prims = append(prims, id)
		}
		tops = append(tops, id)
	}
	for i, n := range names {
		for _, p := range prims {
			if h := randomHistory(r, n, names[(i+1)%len(names)]); h != "" {
				w.status += n + " " + p + " " + h + "\n"
			}
		}
	}
	for i := range r.IntN(5) {
		a, b := pick(tops...), pick(tops...)
		if a == b {
			continue
		}
		switch r.IntN(3) {
		case 0:
			w.constraints += fmt.Sprintf(`<rsc_location id="l%d" rsc="%s" node="%s" score="%s"/>`, i, a, pick(names...), pick("100", "INFINITY", "-INFINITY", "-50"))
		case 1:
			w.constraints += fmt.Sprintf(`<rsc_colocation id="c%d" rsc="%s" with-rsc="%s" score="%s"/>`, i, a, b, pick("100", "INFINITY", "-INFINITY"))
		default:
			w.constraints += fmt.Sprintf(`<rsc_order id="o%d" first="%s" then="%s" kind="%s"/>`, i, min(a, b), max(a, b), pick("Mandatory", "Optional", "Serialize"))
		}
	}
	return w
}

func randomHistory(r *rand.Rand, n, other string) string {
	histories := []string{"", "monitor=7", "monitor=7", "monitor=7", "start monitor10", "start monitor10=1", "start=1", "start stop", "start stop=1",
		"start=pending", "monitor=0", "monitor=8", "monitor=5", "start monitor10 migrate_to@" + n + ">" + other, "start monitor10=7"}
	return strings.TrimSpace(histories[r.IntN(len(histories))])
}
