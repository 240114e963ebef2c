package sim

import (
	"errors"
	"testing"
	"time"

	"kvmha/internal/node"
)

// voterDies kills n2 while its vote for n1 is on its way to the disk, and lets
// it come back where only n3 sees it, which has not heard of that vote.
func voterDies(s *Stage, died func()) {
	s.Kill("n1", 100*time.Millisecond)
	s.Kill("n2", 100*time.Millisecond)
	s.Kill("n3", 10*time.Second)
	ends := false
	s.After(5*time.Second, func() { ends = true })
	var watch func()
	watch = func() {
		switch {
		case s.Writing("n2"):
			died()
			for _, other := range []string{"n2", "n3"} { // together, so that they have to vote
				s.Kill(other, time.Second)
				s.Cut("n1", other)
				s.Cut(other, "n1")
			}
		case !ends:
			s.After(100*time.Microsecond, watch)
		}
	}
	s.After(100*time.Millisecond, watch)
}

func TestAVoterThatDiesWhileItWritesVotesOnce(t *testing.T) {
	t.Parallel()
	deaths := 0
	play(t, 3, func(_ *testing.T, s *Stage) { voterDies(s, func() { deaths++ }) })
	if deaths < 5 {
		t.Errorf("only %d of 10 seeds had a vote to interrupt", deaths)
	}
}

// TestASecondVoteIsNoticed spoils the cores: they say their votes while the
// disk is still writing.
func TestASecondVoteIsNoticed(t *testing.T) {
	t.Parallel()
	hasty := everyCore(func(m *mutant, now time.Time, ev node.Event) (out []node.Effect) {
		for todo := m.Core.Step(now, ev); len(todo) > 0; todo = todo[1:] {
			out = append(out, todo[0])
			if p, ok := todo[0].(node.WritePledge); ok {
				todo = append(todo, m.Core.Step(now, node.PledgeWritten{Seq: p.Seq})...)
			}
		}
		return out
	})
	for seed := range uint64(20) {
		_, err := Run(seed, Options{Nodes: 3, Wrap: hasty, Chaos: 10 * time.Second, Faults: []string{}, Script: func(s *Stage) { voterDies(s, func() {}) }})
		var v *Violation
		if errors.As(err, &v) && v.Invariant == "one vote a term" {
			return
		}
	}
	t.Error("20 seeds with hasty votes show none twice")
}
