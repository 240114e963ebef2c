package embedded

import (
	"context"
	"testing"

	"kvmha/internal/cluster"
)

func TestAnUnreadViewIsReplacedOnlyByOneOfTheSameMembers(t *testing.T) {
	t.Parallel()
	view := func(gap int64, names ...string) delivery {
		v := cluster.View{GapMS: gap}
		for _, n := range names {
			v.Members = append(v.Members, cluster.Member{Name: n})
		}
		return delivery{event: v}
	}
	o := newOutbox()
	o.put(view(1, "a", "b"))
	o.put(view(2, "a", "b")) // replaces the first
	o.put(view(3, "a"))
	o.put(view(4, "a", "b")) // b has gone and come: both views count
	o.put(delivery{event: cluster.Message{From: "b"}})
	o.put(view(5, "a", "b"))
	var gaps []int64
	for {
		d, ok := o.take()
		if !ok {
			break
		}
		if v, ok := d.event.(cluster.View); ok {
			gaps = append(gaps, v.GapMS)
		}
	}
	want := []int64{2, 3, 4, 5}
	if len(gaps) != len(want) {
		t.Fatalf("views %v, want %v", gaps, want)
	}
	for i := range want {
		if gaps[i] != want[i] {
			t.Fatalf("views %v, want %v", gaps, want)
		}
	}
}

func TestANewStreamOfTheSameMemberIsNotHidden(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	v := cluster.View{Members: []cluster.Member{{Name: "a"}}}
	o.put(delivery{event: v, routes: map[string]*stream{"a": newStream()}})
	o.put(delivery{event: v, routes: map[string]*stream{"a": newStream()}})
	if len(o.queue) != 2 {
		t.Errorf("%d views, want 2", len(o.queue))
	}
}

func TestASlowReaderMakesPeersWait(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	ctx, cancel := context.WithCancel(t.Context())
	if err := o.reserve(ctx, maxPending); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- o.reserve(ctx, 1) }()
	select {
	case err := <-waited:
		t.Fatalf("did not wait: %v", err)
	default:
	}
	o.release(maxPending)
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := o.reserve(ctx, maxPending); err == nil {
		t.Error("waits after the end")
	}
}
