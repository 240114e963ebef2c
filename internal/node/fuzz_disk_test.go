package node

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
)

// FuzzState gives a core whatever may be left of its state on a disk: it is
// refused with an error, or the core starts, joins and writes it again.
func FuzzState(f *testing.F) {
	whole, err := json.Marshal(State{
		Format: StateVersion, Cluster: "test", Version: cib.Version{Epoch: 2, Term: 3},
		Config:      cib.Configuration{Nodes: []cib.Node{{ID: "1", Uname: "alpha"}}, Resources: []*cib.Resource{{ID: "web", Class: "ocf", Type: "Web"}}},
		GuestFences: []cib.GuestFence{{Target: "web"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"format":1,"cluster":"test","configuration":{"resources":[null]}}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, data []byte) {
		core, err := New(Config{
			Node: "alpha", Cluster: "test", Incarnation: "i", BootID: "b", Seed: 7, Schedule: nothingToDo,
			Quorum: cluster.QuorumRule{Votes: map[string]int{"alpha": 1}}, State: data,
		})
		if err != nil {
			return
		}
		now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
		core.Step(now, ViewChanged{View: cluster.View{Members: []cluster.Member{{Name: "alpha", Incarnation: "i", BootID: "b"}}}})
		for range 3 {
			now = now.Add(time.Second)
			core.Step(now, Tick{})
		}
	})
}

// FuzzDecodeEvent reads lines of recordings: what is taken is written back so
// that it reads the same.
func FuzzDecodeEvent(f *testing.F) {
	for _, ev := range []Event{Tick{}, ViewChanged{}, PeerMessage{From: "beta", Body: []byte(`{}`)}, OperationDone{Result: cib.Result{ParamDigests: cib.ParamDigests{RestartList: " a "}}}, Shutdown{Restart: true}} {
		var line bytes.Buffer
		if err := NewRecorder(&line).Step(time.Unix(0, 0).UTC(), ev, nil); err != nil {
			f.Fatal(err)
		}
		f.Add(line.Bytes())
	}
	f.Add([]byte(`{"v":9,"type":"Tick"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		at, ev, err := DecodeEvent(line)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := NewRecorder(&again).Step(at, ev, nil); err != nil {
			t.Skip("a time that JSON cannot hold")
		}
		if _, second, err := DecodeEvent(again.Bytes()); err != nil {
			t.Errorf("%#v was written as %s, which is not readable: %v", ev, again.Bytes(), err)
		} else if a, b := mustJSON(ev), mustJSON(second); !bytes.Equal(a, b) {
			t.Errorf("%s became %s", a, b)
		}
	})
}
