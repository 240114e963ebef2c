package node

import (
	"strconv"
	"time"

	"kvmha/internal/cib"
)

// joiner is a member on its way into the DC's partition.
type joiner struct {
	since  time.Time // when it came, ceased to obey this DC, or last said that its disk is slow
	came   time.Time // the first of these
	asked  time.Time // when it was last invited
	no     uint64    // the number of that invitation, 0 = none is open
	due    bool      // the invitation waits for the DC's own disk
	offer  *offerMsg
	joined bool
}

// invite asks a member to join this DC.
func (c *Core) invite(name string) {
	j := c.office.joins[name]
	if j == nil {
		j = &joiner{since: c.now, came: c.now}
		c.office.joins[name] = j
	}
	j.asked, j.no, j.offer, j.joined = c.now, 0, nil, false
	if j.due = !c.mayInvite(name); j.due {
		return
	}
	c.office.asks++
	j.no = c.office.asks
	c.send(name, message{JoinAsk: &askJoinMsg{No: j.no}})
}

// mayInvite reports whether this DC's disk is ready for a member: nobody follows a
// DC that may yet forget its own term, or that it has seen the member again.
func (c *Core) mayInvite(name string) bool {
	return name == c.cfg.Node || c.pledged() && !c.heldForDown(name)
}

// joinAsked follows a DC of a greater term, or the one this node has given its
// vote for this term, and offers what it has once that is on disk; any other is
// refused.
func (c *Core) joinAsked(from string, term, no uint64) {
	v := &c.vote
	if term < v.term || term == v.term && from != v.voted {
		c.send(from, message{Refuse: &refuseMsg{DC: v.dc}})
		return
	}
	c.follow(from, term)
	v.owesOffer = no
	if !c.pledged() && c.pledge.failed == "" && from != c.cfg.Node {
		c.send(from, message{Hello: &helloMsg{DC: from, Answer: true}}) // it comes, its disk is slow
	}
}

// slowToJoin gives a member more time that follows this DC and waits for its
// disk, within bounds: nothing is decided meanwhile.
func (c *Core) slowToJoin(name string) {
	j := c.office.joins[name]
	if j != nil && !j.joined && j.no != 0 && c.now.Before(j.came.Add(diskPatience*c.cfg.Timings.Join)) {
		j.since = c.now
	}
}

// diskPatience is how many times as long as others a member may take to join
// whose disk is slow.
const diskPatience = 5

// offer is what this node brings: its CIB, what it is doing, and the results
// that nobody has recorded.
func (c *Core) offer() *offerMsg {
	return &offerMsg{
		CIB: c.cib, Incarnation: c.cfg.Incarnation, BootID: c.cfg.BootID,
		Running: c.work.orders(), Reports: c.work.unrecorded, Attributes: c.attrs.list(),
		LastCall: c.work.lastCall, Leaving: c.leave.asked && !c.leave.restart && c.unbound(), Guests: c.guests.unrecorded(),
	}
}

// offered keeps a member's offer until the DC integrates it.
func (c *Core) offered(from string, o *offerMsg) {
	if m := c.members.member(from); m == nil || m.Incarnation != o.Incarnation {
		return // an offer of a run that has ended
	}
	j := c.office.joins[from]
	if j == nil || j.joined || j.no != o.No {
		return // it answers an invitation that was renewed since
	}
	j.offer = o
}

// joinProgress integrates offers: all members' at first, or those that came in
// time; later ones as they come.
func (c *Core) joinProgress() {
	o := c.office
	if o == nil {
		return
	}
	var ready []string
	for _, name := range c.members.names() {
		j := o.joins[name]
		switch {
		case c.lettingGo(name): // it is on its way out
		case j == nil:
			c.invite(name)
		case j.offer != nil:
			ready = append(ready, name)
		case j.due && c.mayInvite(name):
			j.since, j.came = c.now, c.now
			c.invite(name)
		case !j.joined && !c.now.Before(j.asked.Add(c.cfg.Timings.Join)):
			c.invite(name)
		}
	}
	late := !c.now.Before(o.since.Add(c.cfg.Timings.Join))
	if len(ready) == 0 || !o.ready && !late && len(ready) < len(c.members.present) {
		return
	}
	c.integrate(ready)
}

// integrate makes one CIB of the members' offers, gives it to all, and takes
// up their operations and results where the last DC left them.
func (c *Core) integrate(names []string) {
	o := c.office
	var offers []namedOffer
	for _, name := range names {
		j := o.joins[name]
		offers = append(offers, namedOffer{name: name, offerMsg: j.offer})
		j.offer, j.joined = nil, true
		delete(o.reports, name)
		c.fenceTargetBack(name)
	}
	own := c.cib
	merged, winner := mergeOffers(own, offers, c.members.here)
	if winner != c.cfg.Node && winner != "" && !durablyEqual(own, merged) {
		c.archive(own, winner)
	}
	if !sameOnDisk(own, merged) {
		c.disk.stale = true
	}
	c.cib = merged
	o.ready = true
	c.waitedForAll()
	c.partitionCommand()
	for _, n := range offers {
		o.nextCall[n.name] = max(o.nextCall[n.name], nextCall(merged.Status.Node(n.name), n.offerMsg))
		c.announce(EventNodeJoined, levelInfo, "node", n.name, "incarnation", n.Incarnation)
	}
	for _, name := range c.joinedNames() {
		if name != c.cfg.Node {
			c.resync(name)
		}
	}
	for _, n := range offers {
		c.attributesOf(n.name, n.Attributes)
		for i := range n.Reports {
			c.reported(n.name, &n.Reports[i])
		}
		for i := range n.Guests {
			c.guestFenceAsked(n.name, &n.Guests[i])
		}
		if n.Leaving {
			c.leaveAsked(n.name, &leaveMsg{})
		}
	}
	early := o.early
	o.early = nil
	for _, e := range early {
		c.asked(e.from, e.ask)
	}
	c.markDirty("nodes joined")
}

// waitedForAll ends wait-for-all when every node with a vote has joined.
func (c *Core) waitedForAll() {
	for _, name := range sortedKeys(c.cfg.Quorum.Votes) {
		if !c.joined(name) {
			return
		}
	}
	c.members.joinedAll = true
}

// partitionCommand writes into the CIB who decides now, before it is given to
// the members.
func (c *Core) partitionCommand() {
	if next, err := cib.Apply(c.cib, c.partition()); err == nil {
		c.cib = next
	}
}

// mayWrite reports whether this partition writes with quorum. One that has just
// gained it does so only when whoever brought the votes has joined: the newcomer
// may hold a greater version, which a new term here would beat.
func (c *Core) mayWrite() bool {
	return c.quorum().Have && (c.cib.HaveQuorum || !c.joining())
}

// partition is the command that says who decides now, and with what right. The
// term is that of the last DC that wrote with quorum and without dispute.
func (c *Core) partition() cib.Command {
	set := cib.SetPartition{DC: c.cfg.Node, HaveQuorum: c.mayWrite()}
	if set.HaveQuorum && len(c.disputed()) == 0 {
		set.Term = c.vote.term
	}
	return cib.Command{SetPartition: &set}
}

// nextCall is a call id that the node has not used.
func nextCall(n *cib.NodeState, o *offerMsg) uint64 {
	last := o.LastCall
	for _, r := range o.Running {
		last = max(last, r.Operation.ID)
	}
	if n != nil {
		for _, h := range n.History {
			for _, op := range h.Ops {
				last = max(last, uint64(max(op.CallID, 0)))
			}
		}
	}
	return last + 1
}

// archive keeps a CIB that lost a merge for an administrator.
func (c *Core) archive(lost *cib.CIB, winner string) {
	name := "cib-" + lost.Version.String() + "-term-" + strconv.FormatUint(lost.Version.Term, 10) + ".json"
	c.emit(Archive{Name: name, Data: c.stateOf(lost)})
	c.announce(EventCIBMerged, levelWarn, "lost", lost.Version.String(), "winner", winner, "archive", name)
}
