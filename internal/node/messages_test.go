package node

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
)

func quorumOf(names ...string) cluster.QuorumRule {
	q := cluster.QuorumRule{Votes: map[string]int{}}
	for _, n := range names {
		q.Votes[n] = 1
	}
	return q
}

// startedCore is a core with peers a (itself) and b in its view.
func startedCore(t *testing.T) *Core {
	t.Helper()
	c := coreWith(t, cib.Configuration{})
	c.Step(time.Unix(1, 0), ViewChanged{View: cluster.View{Members: []cluster.Member{
		{Name: "a", Incarnation: "i", BootID: "b"}, {Name: "b", Incarnation: "x", BootID: "y"}}}})
	return c
}

func TestPeerMessagesThatCannotBeUnderstoodAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, want string }{
		{"garbage", "\x00\xff{", "not readable"},
		{"a newer version", `{"v":99,"hello":{}}`, "version 99, this node speaks version 1"},
		{"truncated", `{"v":1,"hello":{"dc"`, "not readable"},
		{"a wrong type", `{"v":1,"update":{"seq":"one"}}`, "not readable"},
		{"an offer without a CIB", `{"v":1,"join-offer":{}}`, "without a CIB"},
		{"too large", `{"v":1,"x":"` + strings.Repeat("x", MaxMessage) + `"}`, "over the limit"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := startedCore(t)
			before := c.cib
			effects := c.Step(time.Unix(2, 0), PeerMessage{From: "b", Body: json.RawMessage(tc.body)})
			found := false
			for _, e := range effects {
				if a, ok := e.(Announce); ok && a.Name == EventMessageRefused {
					d := Decision{Fields: a.Fields}
					found = strings.Contains(d.Field("reason"), tc.want)
				}
			}
			if !found || c.cib != before {
				t.Errorf("effects %v, want a refusal with %q and nothing changed", effects, tc.want)
			}
		})
	}
}

func TestAStateThatCannotBeReadIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, state, want string }{
		{"garbage", "{", "not readable"},
		{"a resource that is null", `{"format":1,"cluster":"c","configuration":{"resources":[{"id":"r","kind":"primitive"},null]}}`,
			"state of node a is not readable: number 2 of the resources is null: remove it; restore it from a backup"},
		{"a child that is null", `{"format":1,"cluster":"c","configuration":{"resources":[{"id":"g","kind":"group","children":[null]}]}}`,
			`number 1 of the children of group "g" is null`},
		{"another format", `{"format":9,"cluster":"c"}`, "format 9, this program reads 1"},
		{"another cluster", `{"format":1,"cluster":"other"}`, `cluster "other", not "c"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Config{Node: "a", Cluster: "c", Incarnation: "i", BootID: "b", Quorum: quorumOf("a"), State: []byte(tc.state)})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestAConfigThatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Node: "z", Cluster: "c", Incarnation: "i", Quorum: quorumOf("a"), Timings: Timings{Join: -1}})
	for _, want := range []string{"boot id", `node "z" is not among the configured nodes [a]`, "negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestEveryEventSurvivesARecording(t *testing.T) {
	t.Parallel()
	at := time.Unix(12, 34).UTC()
	for _, ev := range []Event{
		Tick{}, ViewChanged{View: cluster.View{Members: []cluster.Member{{Name: "a"}}}}, PeerMessage{From: "b", Body: json.RawMessage(`{"v":1}`)},
		PeerRefused{Address: "1.2.3.4", Reason: "key"}, OperationDone{Result: cib.Result{ID: 3, RC: cib.NotRunning}}, FenceDone{ID: 1, Target: "b", OK: true},
		AttributeChanged{Name: "n", Value: "v"}, ClientRequest{ID: 1, Verb: "status"}, ClientGone{ID: 1},
		GuestRequest{VM: "v", Request: "r", Verb: "fence"}, Persisted{Seq: 2, Error: "full"}, PledgeWritten{Seq: 3}, Shutdown{Restart: true},
	} {
		line := recordedLine(t, at, ev)
		when, got, err := DecodeEvent(line)
		if err != nil || !when.Equal(at) || !sameJSON(got, ev) || eventName(got) != eventName(ev) {
			t.Errorf("%s comes back as %#v (%v)", line, got, err)
		}
	}
	if len(eventDecoders()) != 13 {
		t.Error("an event type is missing from this test")
	}
}
