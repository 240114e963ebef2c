package policy

import "kvmha/internal/cib"

// applyIntents finds the administrators' wishes that are in force. Of several
// for one resource the last counts.
func (p *plan) applyIntents() {
	for i := range p.cib.Status.Intents {
		in := &p.cib.Status.Intents[i]
		if in.State != cib.IntentMoving && in.State != cib.IntentSettled {
			continue
		}
		if in.Expires != 0 {
			if p.now.Unix() >= in.Expires {
				continue
			}
			p.recheckAt(in.Expires)
		}
		if r := p.constraintResource(in.Resource); r != nil {
			r.intent = in
		}
	}
}

// scoreIntents lets an intent act: while Moving the wanted node is worth
// INFINITY (or the one to leave is forbidden); when Settled the resource sticks
// to where it was put as long as it is active there.
func (p *plan) scoreIntents() {
	for _, r := range p.resources {
		r.walk(func(m *resource) {
			if m.intent != nil {
				p.scoreIntent(m, m.intent)
			}
		})
	}
}

func (p *plan) scoreIntent(r *resource, in *cib.Intent) {
	why := Reason{Kind: ReasonIntent, Value: string(in.State), Detail: in.Author}
	switch n := p.nodeByName[in.Node]; {
	case in.State == cib.IntentMoving && n != nil:
		p.scoreOn(r, n, infinity)
		r.noteAt(n, why, infinity)
	case in.State == cib.IntentMoving:
		if from := p.nodeByName[in.From]; from != nil && in.Node == "" {
			p.scoreOn(r, from, minusInfinity)
			r.noteAt(from, why, minusInfinity)
		}
	case n != nil && r.runsOn(n):
		p.scoreOn(r, n, infinity)
		r.noteAt(n, why, infinity)
	}
}
