package sim

import (
	"testing"
	"time"
)

func TestAgendaKeepsOrderOfTimeThenOfMaking(t *testing.T) {
	a := &agenda{now: epoch}
	got := ""
	say := func(s string) func() { return func() { got += s } }
	a.after(2*time.Second, say("d"))
	a.after(time.Second, say("b"))
	a.after(time.Second, say("c"))
	a.at(epoch.Add(-time.Hour), say("a")) // the past means now
	a.after(time.Hour, say("never"))
	for a.next(epoch.Add(time.Minute)) {
	}
	if got != "abcd" {
		t.Errorf("entries happened in the order %q, want abcd", got)
	}
	if !a.now.Equal(epoch.Add(time.Minute)) {
		t.Errorf("the agenda stands at %v, want at its limit", a.now)
	}
}
