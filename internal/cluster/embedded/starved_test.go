package embedded

import (
	"strings"
	"testing"
	"time"

	"kvmha/internal/cluster"
)

func TestAStarvedNodeDoesNotAccuseItsPeer(t *testing.T) {
	t.Parallel()
	const deadtime = time.Second
	_, a, b := pair(t, deadtime)
	mark, markB := a.mark(), b.mark()
	// The node stands still for twice deadtime while its sockets fill up.
	a.post(func(time.Time) { <-time.After(2 * deadtime) })
	a.await(t, mark, "a view that says so", func(ev cluster.Event) bool {
		v, ok := ev.(cluster.View)
		return ok && v.Starved && v.GapMS >= deadtime.Milliseconds()
	})
	// b was right to drop a, and a learns it from b.
	b.await(t, markB, "a dropped", members("b"))
	mark, _ = a.await(t, mark, "b gone", members("a"))
	a.await(t, mark, "b back", members("a", "b"))
	a.mu.Lock()
	defer a.mu.Unlock()
	if log := a.log.String(); strings.Contains(log, "silent on all links") || !strings.Contains(log, "msg=starved") {
		t.Errorf("the starved node accused its peer, or did not notice:\n%s", log)
	}
}

func TestAShortPauseOfAPeerIsWarnedAboutAndForgiven(t *testing.T) {
	t.Parallel()
	const deadtime = 2 * time.Second
	_, a, b := pair(t, deadtime)
	mark := a.mark()
	late := make(chan struct{})
	b.post(func(time.Time) { <-time.After(deadtime / 2); close(late) })
	<-late
	b.Send("a", []byte("sorry"))
	a.await(t, mark, "the message", message("b", "sorry"))
	a.never(t, mark, "lost b", members("a"))
}
