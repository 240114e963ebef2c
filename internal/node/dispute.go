package node

import "strconv"

// A cluster of two has quorum in both halves when it breaks: whichever fences the
// other goes on. Until that is known nothing may happen in one half that would
// be lost when the other one wins. So a change is acknowledged, and a term
// written in, only by a half that knows of every other node that it takes part
// or is down; a half that wins goes on in a term that the loser, who may come
// back with what it has on disk, cannot have written in.

// twoNodes reports whether each of two nodes has quorum alone.
func (c *Core) twoNodes() bool {
	return c.cfg.Quorum.TwoNode && len(c.cfg.Quorum.Votes) == 2
}

// disputed are the nodes that may decide as this DC does: where one node alone
// has quorum, those that neither take part nor are proven to be down. A member
// whose hostd restarts is one of them; what a lost node did before this run of
// hostd is not known, so one that was never seen is, too.
func (c *Core) disputed() []string {
	if !c.twoNodes() {
		return nil
	}
	var names []string
	for _, name := range sortedKeys(c.cfg.Quorum.Votes) {
		if !c.joined(name) && c.node(name).Expected != "down" {
			names = append(names, name)
		}
	}
	return names
}

// disputeProgress ends a dispute. When it was won by the other's death this DC,
// alone, takes a term that nobody has written in; when the other has joined, the
// merge has settled it.
func (c *Core) disputeProgress() {
	o := c.office
	disputed := len(c.disputed()) > 0
	if c.twoNodes() && o.disputed && !disputed && len(c.joinedNames()) == 1 {
		v := &c.vote
		v.term, v.voted = max(v.term, v.beyond)+1, c.cfg.Node
		c.activity++
	}
	o.disputed = disputed
}

// termIsDue reports whether this DC writes in a term that the CIB does not show
// yet.
func (c *Core) termIsDue() bool {
	return c.mayWrite() && len(c.disputed()) == 0 && c.cib.Version.Term < c.vote.term
}

// disputeWords tells a client what its change waits for and what ends that.
func (c *Core) disputeWords(name string) string {
	const together = ", so it may be changing things as well: "
	n := c.node(name)
	switch {
	case c.inJoin(name):
		return "node " + name + " is just joining" + together + "repeat this in a moment"
	case c.awayUntil(n).After(c.now):
		return "hostd of node " + name + " is restarting" + together + "repeat this when it is back"
	case c.waitsForNodes():
		return "node " + name + " was not seen since hostd started here" + together + "wait until it is back or fenced"
	}
	fencing := "wait for the fencing"
	if f := c.office.fenceFails[name]; f != nil {
		fencing = "its fencing has failed (attempt " + strconv.Itoa(f.Count) + ": " + f.Error + "); mend that"
	}
	return "node " + name + " was lost and is not yet fenced" + together + fencing +
		", or power it off and run vm-ctl fence " + name + " --action confirm"
}
