package node

import (
	"strconv"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/policy"
)

// office is what a DC keeps while it is DC. A new DC begins with an empty one:
// everything in it is rebuilt from the members' offers and the CIB.
type office struct {
	since time.Time
	// ready: the first join is done, the CIB is the cluster's.
	ready bool
	joins map[string]*joiner
	asks  uint64 // invitations so far

	// Replication: updates are numbered without a gap.
	seq   uint64
	acks  map[string]uint64
	waits []ackWait
	// Durable changes, one at a time; the first may be in flight.
	changes   []*change
	changeSeq uint64
	// takenBack is the greatest epoch that a change taken back would have made.
	takenBack uint64

	// disputed: a node was lost that may decide as this one does.
	disputed bool
	// key is the DC's part of transition keys.
	key string

	// nextCall is the next call id on each node, reports the number of the
	// last report that was recorded.
	nextCall map[string]uint64
	reports  map[string]uint64

	// Scheduling: dirty says why the answer may be another one now.
	dirty   string
	graph   *graph
	graphNo int
	last    *policy.Transition
	recheck time.Time
	repeats int
	// What status shows in the middle of a transition, and of which CIB it is.
	shown   *policy.Transition
	shownOf *cib.CIB

	fences     []*fenceJob
	fenceID    uint64
	fenceFails map[string]*fenceFailure
	powerFails map[string]*fenceFailure // of switching on again

	kills    []*kill
	accepted map[string]bool // guest fences that this DC took on itself
	reopened []guestAsk      // guest fences whose record is uncertain
	stops    []*forcedStop
	early    []earlyAsk // requests that came before the first join was done
}

// takeOffice makes this node DC and invites every member, itself included.
func (c *Core) takeOffice() {
	c.vote.claim, c.vote.obeyed = nil, true
	c.office = &office{
		since: c.now, joins: map[string]*joiner{}, acks: map[string]uint64{},
		nextCall: map[string]uint64{}, reports: map[string]uint64{}, fenceFails: map[string]*fenceFailure{}, powerFails: map[string]*fenceFailure{}, accepted: map[string]bool{},
	}
	c.vote.dc, c.vote.rumour = c.cfg.Node, c.cfg.Node
	c.office.key = c.transitionKey()
	c.announce(EventDCElected, levelInfo, "dc", c.cfg.Node, "term", strconv.FormatUint(c.vote.term, 10))
	for _, name := range c.members.names() {
		c.invite(name)
	}
}

// markDirty notes that something the scheduler depends on has changed; a
// transition in progress starts nothing more and is computed anew.
func (c *Core) markDirty(why string) {
	o := c.office
	if o == nil {
		return
	}
	if o.dirty == "" {
		o.dirty = why
	}
	o.repeats = 0
	c.activity++
	if o.graph != nil && o.graph.aborted == "" {
		o.graph.aborted = why
		c.announce(EventTransitionStop, levelInfo, "transition", strconv.Itoa(o.graph.no), "why", why)
	}
}

// joined reports whether a member takes part: it is here and has our CIB.
func (c *Core) joined(name string) bool {
	j := c.office.joins[name]
	return c.members.here(name) && j != nil && j.joined
}

// joinedNames are the members that take part, sorted.
func (c *Core) joinedNames() []string {
	var names []string
	for _, name := range c.members.names() {
		if c.joined(name) {
			names = append(names, name)
		}
	}
	return names
}

// officePeerGone forgets a member that went: what it was asked is lost.
func (c *Core) officePeerGone(name string) {
	o := c.office
	delete(o.joins, name)
	delete(o.acks, name)
	c.fencersGone(name)
	c.graphNodeGone(name)
	for i := len(o.stops) - 1; i >= 0; i-- {
		if o.stops[i].node == name {
			o.stops = append(o.stops[:i], o.stops[i+1:]...)
		}
	}
	c.markDirty("node " + name + " has gone")
}

// officeRefused makes a member that obeys another DC a stranger until it joins
// again.
func (c *Core) officeRefused(name string) {
	if j := c.office.joins[name]; j != nil {
		j.joined, j.offer, j.since, j.came, j.no = false, nil, c.now, c.now, 0
	}
}

// quorum judges the members that obey this DC: one that is here but follows
// another DC gives no vote.
func (c *Core) quorum() cluster.Quorum {
	return c.cfg.Quorum.Judge(c.joinedNames(), c.members.joinedAll)
}

// node returns the CIB's state of a node, or an empty one.
func (c *Core) node(name string) cib.NodeState {
	if n := c.cib.Status.Node(name); n != nil {
		return *n
	}
	return cib.NodeState{ID: name, Uname: name}
}

func (c *Core) officeDeadline(d *deadline) {
	o := c.office
	if o == nil {
		return
	}
	if !o.ready {
		d.add(o.since.Add(c.cfg.Timings.Join))
	}
	for _, name := range c.members.names() {
		if j := o.joins[name]; j != nil && !j.joined && !c.lettingGo(name) {
			d.add(j.asked.Add(c.cfg.Timings.Join))
			if c.inJoin(name) && !j.due {
				d.add(j.since.Add(c.cfg.Timings.Join))
			}
		}
	}
	for _, ch := range o.changes {
		if !ch.must {
			d.add(ch.deadline)
		}
	}
	d.add(o.recheck)
	c.graphDeadline(d)
	c.fencingDeadline(d)
	c.intentsDeadline(d)
	c.guestsDeadline(d)
}
