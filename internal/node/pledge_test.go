package node

import (
	"encoding/json"
	"testing"
	"time"

	"kvmha/internal/cluster"
)

// voter is one core of three that see each other; its effects are the test's
// to carry out.
type voter struct {
	t    *testing.T
	core *Core
	now  time.Time
}

func startVoter(t *testing.T, name string, pledge []byte) *voter {
	t.Helper()
	v := &voter{t: t, now: time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)}
	var err error
	v.core, err = New(Config{
		Node: name, Cluster: "test", Incarnation: "i-" + name, BootID: "b-" + name, Pledge: pledge, Schedule: nothingToDo,
		Quorum: cluster.QuorumRule{Votes: map[string]int{"a": 1, "b": 1, "c": 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	view := cluster.View{}
	for _, n := range []string{"a", "b", "c"} {
		view.Members = append(view.Members, cluster.Member{Name: n, Incarnation: "i-" + n, BootID: "b-" + n})
	}
	_, writes := v.step(ViewChanged{View: view})
	for _, w := range writes { // a new host takes room for its pledge
		v.step(PledgeWritten{Seq: w.Seq})
	}
	return v
}

// step returns what the core says about votes, "grant to b" or "claim to b",
// and the pledges it writes.
func (v *voter) step(ev Event) (said []string, writes []WritePledge) {
	v.t.Helper()
	for _, e := range v.core.Step(v.now, ev) {
		switch e := e.(type) {
		case WritePledge:
			writes = append(writes, e)
		case Send:
			var m message
			if err := json.Unmarshal(e.Body, &m); err != nil {
				v.t.Fatal(err)
			}
			if m.Grant != nil {
				said = append(said, "grant to "+e.To)
			}
			if m.Claim != nil {
				said = append(said, "claim to "+e.To)
			}
		}
	}
	return said, writes
}

func (v *voter) hears(from string, m message) ([]string, []WritePledge) {
	v.t.Helper()
	m.Version = MessageVersion
	return v.step(PeerMessage{From: from, Body: mustJSON(m)})
}

func TestAVoteIsOnDiskBeforeTheCandidateHearsOfIt(t *testing.T) {
	t.Parallel()
	b := startVoter(t, "b", nil)
	said, writes := b.hears("a", message{Term: 5, Claim: &struct{}{}})
	if len(said) != 0 || len(writes) != 1 {
		t.Fatalf("said %q with %d writes at the claim, want one write and silence", said, len(writes))
	}
	if said, _ = b.step(PledgeWritten{Seq: writes[0].Seq}); len(said) != 1 || said[0] != "grant to a" {
		t.Errorf("said %q once the vote was on disk", said)
	}
	again := startVoter(t, "b", writes[0].Data)
	if said, writes := again.hears("c", message{Term: 5, Claim: &struct{}{}}); len(said) != 0 || len(writes) != 0 {
		t.Errorf("after a restart it said %q to a second candidate of the same term", said)
	}
}

func TestAVoteThatCannotBeWrittenIsNotGiven(t *testing.T) {
	t.Parallel()
	b := startVoter(t, "b", nil)
	_, writes := b.hears("a", message{Term: 5, Claim: &struct{}{}})
	if said, _ := b.step(PledgeWritten{Seq: writes[0].Seq, Error: "no space left on device"}); len(said) != 0 {
		t.Errorf("said %q though the disk is full", said)
	}
	b.hears("a", message{Term: 6, Claim: &struct{}{}})
	b.now = b.now.Add(5 * time.Second)
	_, writes = b.step(Tick{})
	if len(writes) != 1 {
		t.Fatalf("%d writes at the next try", len(writes))
	}
	if said, _ := b.step(PledgeWritten{Seq: writes[0].Seq}); len(said) != 1 {
		t.Errorf("said %q once there was room", said)
	}
}

func TestACandidateWritesItsOwnVoteBeforeItAsksForOthers(t *testing.T) {
	t.Parallel()
	a := startVoter(t, "a", nil)
	a.hears("b", message{Hello: &helloMsg{Answer: true}})
	said, writes := a.hears("c", message{Hello: &helloMsg{Answer: true}})
	if len(said) != 0 || len(writes) != 1 {
		t.Fatalf("said %q with %d writes, want one write and silence", said, len(writes))
	}
	if said, _ = a.step(PledgeWritten{Seq: writes[0].Seq}); len(said) != 2 {
		t.Errorf("said %q once its vote was on disk", said)
	}
}

func TestACandidateWaitsForItsOwnDiskAndNoLongerForOthers(t *testing.T) {
	t.Parallel()
	a := startVoter(t, "a", nil)
	a.hears("b", message{Hello: &helloMsg{Answer: true}})
	_, writes := a.hears("c", message{Hello: &helloMsg{Answer: true}})
	a.now = a.now.Add(3 * time.Second)
	if _, more := a.step(Tick{}); len(more) != 0 {
		t.Errorf("it wrote another %d votes while the disk was slow", len(more))
	}
	a.step(PledgeWritten{Seq: writes[0].Seq})
	if d := a.core.Deadline(); !d.Equal(a.now.Add(500 * time.Millisecond)) {
		t.Errorf("it tries again %v after its disk answered", d.Sub(a.now))
	}
}
