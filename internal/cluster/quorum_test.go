package cluster

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// dumbJudge counts votes one by one and asks every question separately. It is
// the twin that Judge is checked against.
func dumbJudge(r QuorumRule, members []string, seenAll bool) bool {
	here, elsewhere := 0, 0
	for name, votes := range r.Votes {
		for range votes {
			if slices.Contains(members, name) {
				here++
			} else {
				elsewhere++
			}
		}
	}
	if r.TwoNode && len(r.Votes) == 2 {
		// votequorum(5), two_node: one vote is enough once both were seen.
		return seenAll && here >= 1
	}
	if r.WaitForAll && !seenAll {
		return false
	}
	// A majority means more votes here than anywhere else together.
	return here > elsewhere
}

func TestJudgeAgreesWithItsDumbTwin(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 405))
	for i := range 50_000 {
		rule := QuorumRule{Votes: map[string]int{}, TwoNode: rnd.IntN(2) == 0, WaitForAll: rnd.IntN(2) == 0}
		var members []string
		for n := range 1 + rnd.IntN(7) {
			name := "n" + strconv.Itoa(n)
			rule.Votes[name] = rnd.IntN(4)
			if rnd.IntN(2) == 0 {
				members = append(members, name)
			}
		}
		if rnd.IntN(8) == 0 {
			members = append(members, "stranger")
		}
		seenAll := rnd.IntN(2) == 0
		if got, want := rule.Judge(members, seenAll).Have, dumbJudge(rule, members, seenAll); got != want {
			t.Fatalf("case %d: rule %+v, members %v, seenAll %v: Judge says %v, its twin %v", i, rule, members, seenAll, got, want)
		}
	}
}

func TestTwoDisjointPartitionsAreNeverBothQuorate(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(6, 406))
	for i := range 50_000 {
		rule := QuorumRule{Votes: map[string]int{}}
		var left, right []string
		for n := range 1 + rnd.IntN(9) {
			name := "n" + strconv.Itoa(n)
			rule.Votes[name] = rnd.IntN(5)
			if rnd.IntN(2) == 0 {
				left = append(left, name)
			} else {
				right = append(right, name)
			}
		}
		if rule.Judge(left, true).Have && rule.Judge(right, true).Have {
			t.Fatalf("case %d: both %v and %v are quorate under %+v", i, left, right, rule)
		}
	}
}

func TestQuorumSaysWhy(t *testing.T) {
	t.Parallel()
	three := map[string]int{"a": 1, "b": 1, "c": 1}
	two := map[string]int{"a": 1, "b": 1}
	for _, c := range []struct {
		name    string
		rule    QuorumRule
		members []string
		seenAll bool
		have    bool
		why     string
	}{
		{"two of three nodes are a majority", QuorumRule{Votes: three}, []string{"a", "b"}, false, true, "2 of 3 votes here, 2 needed"},
		{"one of three nodes is none", QuorumRule{Votes: three}, []string{"c"}, true, false, "1 of 3 votes here, 2 needed"},
		{"one of two nodes goes on with two-node", QuorumRule{Votes: two, TwoNode: true}, []string{"a"}, true, true, "1 of 2 votes here, 1 needed"},
		{"one of two nodes waits for the other at first", QuorumRule{Votes: two, TwoNode: true}, []string{"a"}, false, false, "waiting to see all 2 nodes together once (wait-for-all)"},
		{"one of two nodes without two-node is none", QuorumRule{Votes: two}, []string{"a"}, true, false, "1 of 2 votes here, 2 needed"},
		{"a vote of a stranger does not count", QuorumRule{Votes: three}, []string{"a", "x"}, true, false, "1 of 3 votes here, 2 needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := c.rule.Judge(c.members, c.seenAll)
			if q.Have != c.have || q.Why != c.why {
				t.Errorf("got %v %q, want %v %q", q.Have, q.Why, c.have, c.why)
			}
		})
	}
}
