package embedded

import "time"

// pauses remembers when this node itself did not run. A node that was starved
// of CPU, suspended or frozen has heard nobody for as long, but that says
// nothing about its peers: the time of a pause does not count as their
// silence ("awareness" in memberlist's words). The engine's loop calls beat at
// every tick; a tick that comes late by more than the threshold is a pause.
type pauses struct {
	period    time.Duration // between two beats, when all is well
	threshold time.Duration // lateness that counts as a pause
	keep      time.Duration // how long a pause is remembered

	last  time.Time
	spans []span
	worst time.Duration
}

// span is one pause.
type span struct{ from, to time.Time }

// beat notes that the node runs. It returns the length of the pause that has
// just ended, or 0.
func (p *pauses) beat(now time.Time) time.Duration {
	last := p.last
	p.last = now
	if last.IsZero() {
		return 0
	}
	for len(p.spans) > 0 && now.Sub(p.spans[0].to) > p.keep {
		p.spans = p.spans[1:]
	}
	late := now.Sub(last) - p.period
	if late < p.threshold {
		return 0
	}
	p.spans = append(p.spans, span{from: last.Add(p.period), to: now})
	p.worst = max(p.worst, late)
	return late
}

// silence returns how long nothing was heard since, not counting the pauses of
// this node.
func (p *pauses) silence(since, now time.Time) time.Duration {
	d := now.Sub(since)
	for _, s := range p.spans {
		from, to := s.from, s.to
		if from.Before(since) {
			from = since
		}
		if to.After(from) {
			d -= to.Sub(from)
		}
	}
	return d
}

// starved tells whether a pause ended within the window.
func (p *pauses) starved(now time.Time, window time.Duration) bool {
	return len(p.spans) > 0 && now.Sub(p.spans[len(p.spans)-1].to) < window
}
