package node

import (
	"slices"
	"strconv"
	"time"
)

// election is who this node obeys. Terms only grow; a node gives its vote once a
// term, also over a restart (see Pledge), and obeys nobody else in it, so that no
// two DCs write in one term.
type election struct {
	term   uint64
	voted  string // who has this node's vote for term
	dc     string // "" = none
	beyond uint64 // the greatest term that a peer spoke of
	// since is when this node was last without a DC.
	since time.Time
	// heard are the peers that have said hello; rumour is the DC they follow.
	heard  map[string]bool
	rumour string
	claim  *claim
	// owesGrant: the candidate voted for in this term is told so once the vote is
	// on disk; owesOffer is the number of the DC's invitation that is accepted
	// then, 0 = none.
	owesGrant bool
	owesOffer uint64
	// obeyed: this run has had a DC, if only itself.
	obeyed bool
}

// claim is this node's candidacy for a term.
type claim struct {
	term   uint64
	grants map[string]bool
	at     time.Time // when the others were asked
	asked  bool
	tries  int
}

// electionProgress claims the office when it is this node's turn: at once for
// the first member by name when there is quorum and every peer has said hello,
// later for the others, so that a silent first member does not stop the
// cluster, and for a node that is alone because it has only just started.
func (c *Core) electionProgress() {
	v := &c.vote
	if v.dc != "" || !c.members.here(c.cfg.Node) || c.leave.done || c.leave.fenced {
		return
	}
	if v.owesGrant {
		return // it is a peer's turn
	}
	rumoured := v.rumour != "" && c.members.here(v.rumour)
	first := c.members.present[0].Name == c.cfg.Node && c.members.quorum.Have && c.heardAll() && !rumoured && !c.justStartedAlone()
	if v.claim == nil && (first || !c.now.Before(c.turn())) {
		c.startClaim()
	}
	if v.claim != nil {
		c.askForVotes()
		c.countVotes()
	}
}

// justStartedAlone reports whether this node may merely not have seen its peers
// yet.
func (c *Core) justStartedAlone() bool {
	return !c.vote.obeyed && len(c.members.present) == 1 && len(c.cfg.Quorum.Votes) > 1
}

// turn is when this node claims the office unless somebody has it.
func (c *Core) turn() time.Time {
	rank := slices.Index(c.members.names(), c.cfg.Node)
	return c.vote.since.Add(c.cfg.Timings.Election * time.Duration(1+rank))
}

func (c *Core) heardAll() bool {
	for _, p := range c.members.present {
		if p.Name != c.cfg.Node && !c.vote.heard[p.Name] {
			return false
		}
	}
	return true
}

func (c *Core) startClaim() {
	v := &c.vote
	tries := 0
	if v.claim != nil {
		tries = v.claim.tries + 1
	}
	v.term, v.voted = max(v.term, v.beyond)+1, c.cfg.Node
	v.claim = &claim{term: v.term, grants: map[string]bool{c.cfg.Node: true}, at: c.now, tries: tries}
	v.owesGrant, v.owesOffer = false, 0
	c.activity++
}

// askForVotes asks once this node's own vote is on disk. Waiting for others
// begins then: a slow disk is no silent peer.
func (c *Core) askForVotes() {
	cl := c.vote.claim
	if cl.asked || !c.pledged() {
		return
	}
	cl.asked, cl.at = true, c.now
	for _, name := range c.members.names() {
		if name != c.cfg.Node {
			c.send(name, message{Claim: &struct{}{}})
		}
	}
}

// patience is how long a candidate waits for votes. After three tries it grows:
// peers with a slow disk must not be outrun by ever greater terms.
func (c *Core) patience(tries int) time.Duration {
	return c.cfg.Timings.Election << min(max(tries-2, 0), 4)
}

// countVotes ends a claim: won when every member has granted it, or, after
// three tries, when more than half have and the others stay silent.
func (c *Core) countVotes() {
	cl := c.vote.claim
	granted := 0
	for _, name := range c.members.names() {
		if cl.grants[name] {
			granted++
		}
	}
	all := len(c.members.present)
	late := cl.asked && !c.now.Before(cl.at.Add(c.patience(cl.tries)))
	switch {
	case granted == all, late && cl.tries >= 2 && granted*2 > all:
		c.takeOffice()
	case late:
		c.startClaim()
	}
}

// claimed answers a candidate. A node whose DC is here refuses, so that a DC
// keeps its office while it stays a member.
func (c *Core) claimed(from string, term uint64) {
	v := &c.vote
	obeys := v.dc != "" && v.dc != from && c.members.here(v.dc)
	if term <= v.term || obeys {
		c.send(from, message{Refuse: &refuseMsg{DC: v.dc}})
		return
	}
	v.term, v.voted, v.claim = term, from, nil
	if v.dc != "" {
		c.loseDC("it stands for election again")
	}
	v.since, v.owesGrant = c.now, true
}

// votesProgress says what had to wait for the disk: this node's vote for
// another, and that it follows a DC. A DC that is alone waits for nothing: there
// is nobody whose obedience could clash with its own.
func (c *Core) votesProgress() {
	v := &c.vote
	alone := v.dc == c.cfg.Node && len(c.members.present) == 1
	if !c.pledged() && !alone {
		return
	}
	if v.owesGrant {
		v.owesGrant, v.since = false, c.now
		c.send(v.voted, message{Grant: &struct{}{}})
	}
	if v.owesOffer != 0 && !c.heldForDown(v.dc) {
		offer := c.offer()
		offer.No, v.owesOffer = v.owesOffer, 0
		c.send(v.dc, message{JoinOffer: offer})
	}
}

func (c *Core) granted(from string, term uint64) {
	if cl := c.vote.claim; cl != nil && cl.term == term {
		cl.grants[from] = true
	}
}

// refused learns from a refusal: of a DC to wait for, or of a greater term to
// go beyond.
func (c *Core) refused(from string, m *message) {
	v := &c.vote
	other := m.Refuse.DC != "" && m.Refuse.DC != c.cfg.Node && c.members.here(m.Refuse.DC)
	switch {
	case v.claim != nil && other:
		v.claim, v.rumour, v.since = nil, m.Refuse.DC, c.now
	case v.claim != nil && m.Term >= v.claim.term:
		v.beyond = max(v.beyond, m.Term)
		if c.members.present[0].Name == c.cfg.Node {
			c.startClaim()
		} else { // two candidates must not outbid each other for ever
			v.claim, v.since = nil, c.now
		}
	case c.office != nil && !other && m.Term >= v.term, c.office != nil && m.Term == v.term && c.cfg.Node < m.Refuse.DC:
		v.beyond = max(v.beyond, m.Term)
		c.loseDC("node " + from + " has obeyed another in term " + strconv.FormatUint(m.Term, 10))
		c.sayGone("") // the claim waits for the disk and may be overtaken
		c.startClaim()
	case c.office != nil && m.Term == v.term:
		c.stepDown(m.Refuse.DC)
	case c.office != nil:
		c.officeRefused(from)
	}
}

// hello notes a peer's greeting and whom it follows.
func (c *Core) hello(from string, m *message) {
	v := &c.vote
	if v.heard == nil {
		v.heard = map[string]bool{}
	}
	v.heard[from] = true
	v.beyond = max(v.beyond, m.Term)
	if m.Hello.DC != "" {
		v.rumour = m.Hello.DC
	}
	if c.office != nil && m.Hello.DC == c.cfg.Node && m.Term == v.term {
		c.slowToJoin(from)
	}
	if from == v.dc && m.Hello.DC != from {
		c.loseDC("it has stepped down")
	}
	if !m.Hello.Answer {
		c.send(from, message{Hello: &helloMsg{DC: v.dc, Answer: true}})
		if c.office != nil && m.Hello.DC != c.cfg.Node && c.joined(from) {
			c.invite(from) // it has lost sight of us without our noticing
		}
	}
}

// stepDown leaves the office to another DC of the same term and tells the
// members, so that they are free to vote for it.
func (c *Core) stepDown(other string) {
	c.loseDC("node " + other + " is DC in the same term")
	c.vote.rumour = other
	c.sayGone(other)
}

// sayGone tells the members that this node is DC no more, and who is.
func (c *Core) sayGone(other string) {
	for _, name := range c.members.names() {
		if name != c.cfg.Node {
			c.send(name, message{Hello: &helloMsg{DC: other, Answer: true}})
		}
	}
}

// otherTerm tells a DC of the past that its time is over; its orders have no
// effect.
func (c *Core) otherTerm(from string, m *message) {
	order := m.Sync != nil || m.Update != nil || m.Prepare != nil || m.Execute != nil || m.Fence != nil || m.Cancel != nil
	if order && m.Term < c.vote.term {
		c.send(from, message{Refuse: &refuseMsg{DC: c.vote.dc}})
	}
}

// follow makes from this node's DC for a term.
func (c *Core) follow(from string, term uint64) {
	v := &c.vote
	changed := v.dc != from || v.term != term
	if changed && v.dc != "" && v.dc != from {
		c.loseDC("node " + from + " has a greater term")
	}
	v.term, v.voted, v.dc, v.claim, v.rumour = term, from, from, nil, from
	v.owesGrant, v.owesOffer, v.obeyed = false, 0, true
	if changed && from != c.cfg.Node {
		c.announce(EventDCFollowed, levelInfo, "dc", from, "term", strconv.FormatUint(term, 10))
	}
}

// loseDC forgets the DC, and the office if it was this node's own.
func (c *Core) loseDC(why string) {
	v := &c.vote
	c.announce(EventDCLost, levelWarn, "dc", v.dc, "why", why)
	v.dc, v.since, v.rumour, v.owesOffer = "", c.now, "", 0
	c.office = nil
	c.settlePrepared()
	c.clientsLostDC()
}

func (c *Core) electionDeadline(d *deadline) {
	v := &c.vote
	switch {
	case v.dc != "" || !c.members.here(c.cfg.Node) || c.leave.done || c.leave.fenced:
	case v.owesGrant, v.claim != nil && !v.claim.asked: // the disk answers
	case v.claim != nil:
		d.add(v.claim.at.Add(c.patience(v.claim.tries)))
	default:
		d.add(c.turn())
	}
}
