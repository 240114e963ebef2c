package sim

import (
	"encoding/json"

	"kvmha/internal/cib"
	"kvmha/internal/node"
)

// ballot is a term that a node may vote in.
type ballot struct {
	voter string
	term  uint64
}

// checkVote: a node obeys one DC a term, over all its runs. It says so by a
// claim or an invitation (for itself), a grant or an offer (for another). What
// nobody has heard does not bind.
func (w *world) checkVote(p *process, e node.Send) {
	var m struct {
		Term      uint64    `json:"term"`
		Claim     *struct{} `json:"claim"`
		Grant     *struct{} `json:"grant"`
		JoinAsk   *struct{} `json:"join-ask"`
		JoinOffer *struct{} `json:"join-offer"`
	}
	if err := json.Unmarshal(e.Body, &m); err != nil {
		return
	}
	candidate := ""
	switch {
	case m.Claim != nil || m.JoinAsk != nil:
		candidate = p.host.name
	case m.Grant != nil || m.JoinOffer != nil:
		candidate = e.To
	default:
		return
	}
	b := ballot{p.host.name, m.Term}
	if before, voted := w.votes[b]; voted && before != candidate {
		w.violate("one vote a term", "%s obeys %s in term %d and has obeyed %s", b.voter, candidate, b.term, before)
	}
	w.votes[b] = candidate
}

// checkWriter: over all time one DC has written with quorum in a term. It is
// what makes a greater term mean a later one. What a DC has only in memory goes
// with it, so this looks at what has just reached its disk.
func (w *world) checkWriter(p *process, state []byte) {
	now := p.inspect.CIB()
	if state == nil || now == nil || p.inspect.DC() != p.host.name || !now.HaveQuorum {
		return
	}
	var written struct {
		Version cib.Version `json:"version"`
	}
	if err := json.Unmarshal(state, &written); err != nil {
		return // a test's own
	}
	term := written.Version.Term
	if term != p.inspect.Term() {
		return
	}
	if before, known := w.writers[term]; known && before != p.host.name {
		w.violate("one DC writes in a term", "%s writes in term %d, in which %s has written", p.host.name, term, before)
	}
	w.writers[term] = p.host.name
}
