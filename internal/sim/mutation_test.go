package sim

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"kvmha/internal/node"
	"kvmha/policy"
)

// mutant is a right core with its effects, events or deadline spoilt.
type mutant struct {
	*node.Core
	spoil    func(m *mutant, now time.Time, ev node.Event) []node.Effect
	deadline func(m *mutant) time.Time
	now      time.Time
}

func (m *mutant) Step(now time.Time, ev node.Event) []node.Effect {
	m.now = now
	if m.spoil == nil {
		return m.Core.Step(now, ev)
	}
	return m.spoil(m, now, ev)
}

func (m *mutant) Deadline() time.Time {
	if m.deadline == nil {
		return m.Core.Deadline()
	}
	return m.deadline(m)
}

func everyCore(spoil func(m *mutant, now time.Time, ev node.Event) []node.Effect) func(string, *node.Core) Core {
	return func(_ string, core *node.Core) Core { return &mutant{Core: core, spoil: spoil} }
}

// forgedFence says that every fencing has worked, and fences nobody.
func forgedFence(m *mutant, now time.Time, ev node.Event) (out []node.Effect) {
	for _, e := range m.Core.Step(now, ev) {
		if f, ok := e.(node.Fence); ok {
			out = append(out, m.Core.Step(now, node.FenceDone{ID: f.ID, Target: f.Target, OK: true, Device: "forged"})...)
			continue
		}
		out = append(out, e)
	}
	return out
}

// forgedPersist says that everything is on disk, and writes nothing.
func forgedPersist(m *mutant, now time.Time, ev node.Event) (out []node.Effect) {
	todo := m.Core.Step(now, ev)
	for len(todo) > 0 {
		if p, ok := todo[0].(node.Persist); ok {
			todo = append(m.Core.Step(now, node.Persisted{Seq: p.Seq}), todo[1:]...)
			continue
		}
		out, todo = append(out, todo[0]), todo[1:]
	}
	return out
}

// forgedPledge says that every pledge is on disk, and writes none.
func forgedPledge(m *mutant, now time.Time, ev node.Event) (out []node.Effect) {
	for todo := m.Core.Step(now, ev); len(todo) > 0; todo = todo[1:] {
		if p, ok := todo[0].(node.WritePledge); ok {
			todo = append(todo, m.Core.Step(now, node.PledgeWritten{Seq: p.Seq})...)
			continue
		}
		out = append(out, todo[0])
	}
	return out
}

// twice answers every client twice, never not at all.
func twice(m *mutant, now time.Time, ev node.Event) (out []node.Effect) {
	for _, e := range m.Core.Step(now, ev) {
		if _, ok := e.(node.Reply); ok {
			out = append(out, e)
		}
		out = append(out, e)
	}
	return out
}

func never(m *mutant, now time.Time, ev node.Event) []node.Effect {
	return slices.DeleteFunc(m.Core.Step(now, ev), func(e node.Effect) bool { _, ok := e.(node.Reply); return ok })
}

// hastyGuest tells a guest at once that its peer is down.
func hastyGuest(m *mutant, now time.Time, ev node.Event) []node.Effect {
	out := m.Core.Step(now, ev)
	if g, ok := ev.(node.GuestRequest); ok {
		out = append(out, node.GuestReply{VM: g.VM, Request: g.Request, Body: json.RawMessage(`{}`)})
	}
	return out
}

// hastyLeave goes without letting go of anything.
func hastyLeave(m *mutant, now time.Time, ev node.Event) []node.Effect {
	if s, ok := ev.(node.Shutdown); ok && !s.Restart {
		return []node.Effect{node.LeftCluster{}}
	}
	return m.Core.Step(now, ev)
}

// mute never says anything to its peers.
func mute(m *mutant, now time.Time, ev node.Event) []node.Effect {
	return slices.DeleteFunc(m.Core.Step(now, ev), func(e node.Effect) bool { _, ok := e.(node.Send); return ok })
}

// unfenced is a scheduler that recovers without fencing.
func unfenced(in policy.Input) *policy.Transition {
	t := *policy.Schedule(in)
	dropped := map[int]bool{}
	t.Actions = nil
	for _, a := range policy.Schedule(in).Actions {
		if a.Kind == policy.FenceOp {
			dropped[a.ID] = true
			continue
		}
		t.Actions = append(t.Actions, a)
	}
	for i, a := range t.Actions {
		free := *a
		free.Inputs = slices.DeleteFunc(slices.Clone(a.Inputs), func(id int) bool { return dropped[id] })
		t.Actions[i] = &free
	}
	return &t
}

// TestEveryInvariantNoticesTheWrongItIsMadeFor spoils the cores in one way
// each and requires that some seed of a few finds it, by the right invariant.
func TestEveryInvariantNoticesTheWrongItIsMadeFor(t *testing.T) {
	recovery := []string{"no recovery before confirmed fencing", "no primitive active twice"}
	for name, tc := range map[string]struct {
		opts Options
		want []string
	}{
		"a forged fencing":                    {Options{Wrap: everyCore(forgedFence)}, recovery},
		"a scheduler that does not fence":     {Options{Schedule: unfenced}, recovery},
		"acknowledged, but never written":     {Options{Wrap: everyCore(forgedPersist), Faults: []string{"client", "power cut"}}, []string{"nothing acknowledged is lost", "one version, one content"}},
		"a vote that is not written":          {Options{Nodes: 3, Wrap: everyCore(forgedPledge)}, []string{"one vote a term", "one DC writes in a term"}},
		"a client is answered twice":          {Options{Wrap: everyCore(twice)}, []string{"one reply a request"}},
		"a client is never answered":          {Options{Wrap: everyCore(never)}, []string{"it settles after the faults"}},
		"a guest is answered before the kill": {Options{Wrap: everyCore(hastyGuest), Faults: []string{"guest fence"}}, []string{"a fence is answered when the target is down", "a guest has its rights only"}},
		"a leave that lets go of nothing":     {Options{Wrap: everyCore(hastyLeave), Faults: []string{"leave"}}, []string{"a clean leave leaves nothing behind"}},
		"a node that nobody hears": {Options{Nodes: 3, Faults: []string{"client"}, Wrap: func(name string, core *node.Core) Core {
			if name == "n2" {
				return &mutant{Core: core, spoil: mute}
			}
			return core
		}}, []string{"one DC a partition", "it settles after the faults"}},
		"a deadline that is always now": {Options{Wrap: func(_ string, core *node.Core) Core {
			return &mutant{Core: core, deadline: func(m *mutant) time.Time {
				if m.now.IsZero() {
					return m.Core.Deadline()
				}
				m.now = m.now.Add(time.Nanosecond)
				return m.now
			}}
		}}, []string{"no busy loop"}},
		"a core that panics": {Options{Wrap: everyCore(func(m *mutant, now time.Time, ev node.Event) []node.Effect {
			if _, ok := ev.(node.FenceDone); ok {
				panic("spoilt")
			}
			return m.Core.Step(now, ev)
		})}, []string{"no panic"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]int{}
			for seed := range uint64(40) {
				report, err := Run(seed, tc.opts)
				if err == nil {
					continue
				}
				if slices.Contains(tc.want, report.Violation.Invariant) {
					return
				}
				seen[report.Violation.Invariant]++
			}
			t.Errorf("40 seeds did not violate any of %q; they violated %v", tc.want, seen)
		})
	}
}
