package sim

import (
	"testing"
	"time"
)

func TestSuspicionEndsOnlyWithProof(t *testing.T) {
	at := func(s int) time.Time { return epoch.Add(time.Duration(s) * time.Second) }
	everyone := func(string) bool { return true }
	for name, tc := range map[string]struct {
		proof   func(s *suspects)
		cleared bool
	}{
		"nothing happened":            {func(*suspects) {}, false},
		"fenced after the loss":       {func(s *suspects) { s.fenced("n2", at(11)) }, true},
		"fenced at the loss":          {func(s *suspects) { s.fenced("n2", at(10)) }, true},
		"fenced before the loss":      {func(s *suspects) { s.fenced("n2", at(9)) }, false},
		"another was fenced":          {func(s *suspects) { s.fenced("n3", at(11)) }, false},
		"returned":                    {func(s *suspects) { s.returned("n2") }, true},
		"stopped there, and heard of": {func(s *suspects) { s.stopped("n2", "ip", everyone) }, true},
		"another was stopped there":   {func(s *suspects) { s.stopped("n2", "web", everyone) }, false},
		"stopped there, but out of hearing": {func(s *suspects) {
			s.stopped("n2", "ip", func(o string) bool { return o != "n1" })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var s suspects
			s.mark(suspicion{observer: "n1", lost: "n2", resource: "ip", since: at(10)})
			tc.proof(&s)
			if cleared := s.find("n1", "ip", map[string]bool{"n1": true}) == nil; cleared != tc.cleared {
				t.Errorf("cleared is %v, want %v", cleared, tc.cleared)
			}
		})
	}
}

func TestANodeMayStartWhatItRanItself(t *testing.T) {
	var s suspects
	s.mark(suspicion{observer: "n1", lost: "n1", resource: "ip"})
	if s.find("n1", "ip", map[string]bool{"n1": true}) != nil {
		t.Error("a node that rebooted is suspected of running against itself")
	}
}

func TestWhatAConnectedNodeKnowsAllCanKnow(t *testing.T) {
	var s suspects
	s.mark(suspicion{observer: "n1", lost: "n2", resource: "ip"})
	s.mark(suspicion{observer: "n3", lost: "n2", resource: "ip"})
	for name, tc := range map[string]struct {
		connected map[string]bool
		doubted   bool
	}{
		"alone":                            {map[string]bool{"n1": true}, true},
		"with one that suspects the same":  {map[string]bool{"n1": true, "n3": true}, true},
		"with the suspect itself, unheard": {map[string]bool{"n1": true, "n2": true}, true},
		"with one that has no suspicion":   {map[string]bool{"n1": true, "n4": true}, false},
	} {
		if got := s.find("n1", "ip", tc.connected) != nil; got != tc.doubted {
			t.Errorf("%s: doubted is %v, want %v", name, got, tc.doubted)
		}
	}
}
