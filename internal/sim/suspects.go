package sim

import (
	"slices"
	"time"
)

// suspects remembers, for each node that might start something, which
// resources ran on a node it has lost without a goodbye: starting one of them
// is recovery, and before the lost node's death or reboot is proven, recovery
// is what this simulator exists to catch.
type suspects struct{ marks []suspicion }

// suspicion: observer may not start resource, for it was active on lost.
type suspicion struct {
	observer, lost, resource string
	boot                     string
	since                    time.Time
}

// mark notes that observer has lost a host with a resource active there.
func (s *suspects) mark(m suspicion) { s.marks = append(s.marks, m) }

// fenced clears a host: its power is proven to have been off at that moment.
func (s *suspects) fenced(lost string, off time.Time) {
	s.clear(func(m suspicion) bool { return m.lost == lost && !m.since.After(off) })
}

// returned clears a host that is in a view again: what runs there is known
// from it, and what ran there before another boot is gone.
func (s *suspects) returned(lost string) {
	s.clear(func(m suspicion) bool { return m.lost == lost })
}

// stopped clears one resource on a host for the observers that may have heard.
func (s *suspects) stopped(lost, resource string, heard func(observer string) bool) {
	s.clear(func(m suspicion) bool { return m.lost == lost && m.resource == resource && heard(m.observer) })
}

// find returns why observer may not start a resource, or nil. It may when one
// of those it can hear knows better: among connected nodes, what one knows all
// can know.
func (s *suspects) find(observer, resource string, connected map[string]bool) *suspicion {
	for i, m := range s.marks {
		if m.observer != observer || m.resource != resource || m.lost == observer {
			continue
		}
		doubted := true
		for _, peer := range sortedKeys(connected) {
			doubted = doubted && (peer == m.lost || s.marked(peer, m))
		}
		if doubted {
			return &s.marks[i]
		}
	}
	return nil
}

// marked tells whether another observer suspects the same.
func (s *suspects) marked(observer string, m suspicion) bool {
	return slices.ContainsFunc(s.marks, func(o suspicion) bool {
		return o.observer == observer && o.lost == m.lost && o.resource == m.resource
	})
}

func (s *suspects) clear(which func(suspicion) bool) {
	kept := s.marks[:0]
	for _, m := range s.marks {
		if !which(m) {
			kept = append(kept, m)
		}
	}
	s.marks = kept
}
