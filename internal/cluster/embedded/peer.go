package embedded

import (
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// peer is what this node knows about one other configured node. Name, links
// and the counter are fixed or atomic; everything else belongs to the loop.
type peer struct {
	name  string
	links []*peerLink // links that both nodes have, by name
	seq   atomic.Uint64

	run      uint64 // the run whose heartbeats count as signs of life
	seen     window // gossip packets of that run
	otherRun uint64 // a run that was heard during a session with p.run
	newest   uint64 // highest sequence number of a heartbeat of that run
	says     gossip
	session  *session
	conn     *conn

	connLostAt time.Time // since when the session has no connection
	leavingAt  time.Time // when a heartbeat first said that the peer leaves
	leftRun    uint64    // the run that has said goodbye; it does not come back
	losses     []time.Time
	heldOff    bool // a hold-off has been logged

	dialing   bool
	nextDial  time.Time
	dialTries int
	nextBeat  time.Time
	joining   bool
	nextJoin  time.Time
}

// session is one stretch of membership of a peer, agreed by both sides under
// one number. It ends when either side ends it and never comes back.
type session struct {
	id          uint64
	incarnation string
	bootID      string
	run         uint64
	since       time.Time
	stream      *stream
	// confirmed is true once the peer's heartbeats carried this session; from
	// then on a heartbeat with another one means that the peer has ended it.
	confirmed bool
	left      bool
}

// peerLink is one link between this node and a peer.
type peerLink struct {
	name   string
	id     uint32
	own    *link
	remote netip.Addr
	udp    net.Addr

	seen    window
	heard   time.Time // when the last sign of life came in on it
	hearsUs time.Time // when the peer last said that it hears this node on it
	// lately is heard for readers outside the loop, in nanoseconds.
	lately atomic.Int64
}

// linkOn returns the peer's link that l is this node's end of, or nil.
func (p *peer) linkOn(l *link) *peerLink {
	for _, pl := range p.links {
		if pl.own == l {
			return pl
		}
	}
	return nil
}

// lastHeard returns the last sign of life on any link.
func (p *peer) lastHeard() (last time.Time) {
	for _, pl := range p.links {
		if pl.heard.After(last) {
			last = pl.heard
		}
	}
	return last
}

// startRun forgets what was heard of an earlier run of the peer.
func (p *peer) startRun(run uint64) {
	if p.run == run {
		return
	}
	p.run = run
	p.seen, p.newest = window{}, 0
	p.leavingAt = time.Time{}
	for _, pl := range p.links {
		pl.seen, pl.heard, pl.hearsUs = window{}, time.Time{}, time.Time{}
	}
}

// noteHearsUs takes over on which links the peer hears this node.
func (p *peer) noteHearsUs(links []uint32, at time.Time) {
	for _, pl := range p.links {
		if slices.Contains(links, pl.id) {
			pl.hearsUs = at
		}
	}
}

// heardOn lists the links on which the peer was heard lately, for heartbeats.
func (p *peer) heardOn(silent func(time.Time) time.Duration, limit time.Duration) []uint32 {
	var ids []uint32
	for _, pl := range p.links {
		if silent(pl.heard) < limit {
			ids = append(ids, pl.id)
		}
	}
	return ids
}

// recentFirst returns the links, the one that was heard last first. Safe
// outside the loop.
func (p *peer) recentFirst() []*peerLink {
	links := slices.Clone(p.links)
	slices.SortStableFunc(links, func(a, b *peerLink) int {
		return int(min(max(b.lately.Load()-a.lately.Load(), -1), 1))
	})
	return links
}
