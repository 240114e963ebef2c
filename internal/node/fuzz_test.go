package node

import (
	"encoding/json"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
)

// FuzzPeerMessage feeds a core that has joined a peer with whatever that peer
// may send, in two roles: as its DC and as its member. A peer has proven that it
// knows the secret, but not that it is free of bugs: nothing may panic.
func FuzzPeerMessage(f *testing.F) {
	for _, m := range []message{
		{Hello: &helloMsg{}}, {Refuse: &refuseMsg{}}, {JoinAsk: &askJoinMsg{}}, {JoinOffer: &offerMsg{CIB: &cib.CIB{}}}, {Sync: &syncMsg{CIB: &cib.CIB{}}},
		{Update: &updateMsg{}}, {Applied: &appliedMsg{}}, {Prepare: &prepareMsg{}}, {Prepared: &appliedMsg{}}, {Abandon: &appliedMsg{}},
		{Execute: &orderMsg{}}, {Cancel: &cancelMsg{}}, {Report: &reportMsg{}}, {Fence: &fenceMsg{}}, {FenceEnd: &fenceEndMsg{}},
		{Ask: &askMsg{}}, {Answer: &answerMsg{}}, {GuestError: &guestErrorMsg{}}, {Leave: &leaveMsg{}}, {MayLeave: &leaveMsg{}},
	} {
		m.Version, m.Term = MessageVersion, 1
		body, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"v":1,"term":18446744073709551615}`))
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, name := range []string{"alpha", "beta"} {
			core := pairedCore(t, name)
			now := core.now
			for range 3 {
				now = now.Add(100 * time.Millisecond)
				core.Step(now, PeerMessage{From: peerOf(name), Body: body})
				core.Step(now.Add(time.Second), Tick{})
			}
		}
	})
}

func peerOf(name string) string {
	if name == "alpha" {
		return "beta"
	}
	return "alpha"
}

// pairedCore is a core that sees its peer; alpha has made itself DC before.
func pairedCore(t *testing.T, name string) *Core {
	t.Helper()
	core, err := New(Config{
		Node: name, Cluster: "test", Incarnation: "i-" + name, BootID: "b-" + name, Seed: 7, Schedule: nothingToDo,
		Quorum: cluster.QuorumRule{Votes: map[string]int{"alpha": 1, "beta": 1}, TwoNode: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	members := []cluster.Member{{Name: "alpha", Incarnation: "i-alpha", BootID: "b-alpha"}, {Name: "beta", Incarnation: "i-beta", BootID: "b-beta"}}
	if name == "alpha" {
		core.Step(now, ViewChanged{View: cluster.View{Members: members[:1]}})
		core.Step(now.Add(time.Second), Tick{})
	}
	core.Step(now.Add(2*time.Second), ViewChanged{View: cluster.View{Members: members}})
	return core
}
