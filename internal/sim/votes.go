package sim

import (
	"encoding/json"

	"kvmha/internal/node"
)

// ballot is a term that a node may vote in.
type ballot struct {
	voter string
	term  uint64
}

// checkVote: a node votes once a term, over all its runs. A claim is a vote for
// oneself. It looks at what is sent: what nobody has heard does not bind.
func (w *world) checkVote(p *process, e node.Send) {
	var m struct {
		Term         uint64
		Claim, Grant *struct{}
	}
	if err := json.Unmarshal(e.Body, &m); err != nil || m.Claim == nil && m.Grant == nil {
		return
	}
	candidate := e.To
	if m.Claim != nil {
		candidate = p.host.name
	}
	b := ballot{p.host.name, m.Term}
	if before, voted := w.votes[b]; voted && before != candidate {
		w.violate("one vote a term", "%s votes for %s in term %d and has voted for %s", b.voter, candidate, b.term, before)
	}
	w.votes[b] = candidate
}
