package node

// pledge is a vote that is on its way to the disk. Nobody hears of it before it
// is there: a hostd that is killed in between comes back without it, and may
// then give its vote for the same term to another.
type pledge struct {
	write uint64 // the Persist that carries it
	to    string // the candidate, "" = this node itself
}

// pledgeVote writes the vote for the present term; what the disk says decides
// whether it is given.
func (c *Core) pledgeVote(to string) {
	c.disk.stale = false
	c.disk.pending = c.write(c.cib)
	c.vote.pledge = &pledge{write: c.disk.pending, to: to}
}

// pledged gives a vote that is on disk, to the candidate or, for this node's
// own candidacy, by asking the others for theirs. One that could not be written
// is not given. Waits begin now: a slow disk is no silent peer.
func (c *Core) pledged(e Persisted) {
	v := &c.vote
	p := v.pledge
	if p == nil || p.write != e.Seq {
		return
	}
	v.pledge, v.since = nil, c.now
	if v.claim != nil {
		v.claim.at = c.now
	}
	switch {
	case e.Error != "" || c.leave.fenced:
	case p.to == "":
		c.askForVotes()
	case c.members.here(p.to):
		c.send(p.to, message{Grant: &struct{}{}})
	}
}

func (c *Core) askForVotes() {
	if c.vote.claim == nil {
		return // withdrawn meanwhile
	}
	for _, name := range c.members.names() {
		if name != c.cfg.Node {
			c.send(name, message{Claim: &struct{}{}})
		}
	}
}
