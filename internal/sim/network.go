package sim

import (
	"encoding/json"
	"time"

	"kvmha/internal/cluster"
	"kvmha/internal/node"
)

// linkNames are the heartbeat networks every pair of hosts has.
var linkNames = []string{"lan0", "lan1"}

// wire is one direction of one link.
type wire struct{ from, to, link string }

// network plays cluster.Engine for all: it decides who sees whom and carries
// messages. Views are each node's own; nothing makes them change together.
type network struct {
	w    *world
	cut  map[wire]bool
	slow time.Duration // the worst delay of a message while above 0
	// calm is when the last slow message has arrived.
	calm time.Time
	// deadtime is how long at most a lost peer stays in a view.
	deadtime time.Duration
	pairs    []*pair
}

// pair is what two hosts are to each other, whatever runs on them.
type pair struct {
	a, b    *host
	up      bool
	changes uint64 // counts changes of up: what was planned before is void
	session *session
}

// session is the ordered stream between two runs of hostd, from the moment
// both may see each other until one of them drops the other.
type session struct {
	ends   [2]*process
	sees   [2]bool
	broken bool
	// frozen: the pair is down; what is under way waits, as in a TCP stream.
	frozen bool
	queue  [2][]parcel // by receiver
	last   [2]time.Time
	left   [2]bool // this end has been told that the other said goodbye
}

type parcel struct {
	body    json.RawMessage
	at      time.Time
	goodbye bool
}

func newNetwork(w *world, deadtime time.Duration) *network {
	n := &network{w: w, cut: map[wire]bool{}, deadtime: deadtime}
	for i, a := range w.hosts {
		for _, b := range w.hosts[i+1:] {
			n.pairs = append(n.pairs, &pair{a: a, b: b})
		}
	}
	return n
}

// pathOpen tells whether some link carries from one host to another.
func (n *network) pathOpen(from, to *host) bool {
	for _, l := range linkNames {
		if !n.cut[wire{from.name, to.name, l}] {
			return true
		}
	}
	return false
}

// reachable: both run hostd with CPU, and each hears the other.
func (n *network) reachable(a, b *host) bool {
	for _, h := range [...]*host{a, b} {
		if !h.powered || h.proc == nil || h.proc.stalled() || h.proc.leaving {
			return false
		}
	}
	return n.pathOpen(a, b) && n.pathOpen(b, a)
}

// refresh looks at every pair after anything that may have changed one.
func (n *network) refresh() {
	for _, p := range n.pairs {
		if up := n.reachable(p.a, p.b); up != p.up {
			p.up = up
			p.changes++
			if up {
				n.cameUp(p)
			} else {
				n.wentDown(p)
			}
		}
	}
}

func (s *session) is(a, b *process) bool { return s.ends[0] == a && s.ends[1] == b }

func (n *network) wentDown(p *pair) {
	s := p.session
	if s == nil {
		return
	}
	s.frozen = true
	for end, proc := range s.ends {
		if proc.alive {
			n.planDrop(p, s, end)
		}
	}
}

// planDrop lets one end lose the other after the time detection takes, unless
// the pair comes back first.
func (n *network) planDrop(p *pair, s *session, end int) {
	changes := p.changes
	n.w.agenda.after(n.w.dice.between(n.deadtime*6/10, n.deadtime), func() {
		if p.changes == changes && !p.up {
			n.drop(s, end)
		}
	})
}

// drop takes the peer out of one end's view, which ends the stream for both.
func (n *network) drop(s *session, end int) {
	s.broken = true
	if !s.sees[end] {
		return
	}
	s.sees[end] = false
	p, peer := s.ends[end], s.ends[1-end]
	if p.alive && p.peers[peer.host.name] == s {
		delete(p.peers, peer.host.name)
		p.viewSince = n.w.agenda.now
		n.w.peerLost(p, peer)
		p.deliverView()
	}
}

func (n *network) cameUp(p *pair) {
	s := p.session
	if s != nil && !s.broken && s.is(p.a.proc, p.b.proc) {
		s.frozen = false
		for end := range s.ends {
			n.later(s, end, n.latency())
		}
		return
	}
	changes := p.changes
	n.w.agenda.after(n.w.dice.mostly(2*time.Millisecond, 80*time.Millisecond, 0.2, 600*time.Millisecond), func() {
		if p.changes == changes && p.up {
			n.join(p)
		}
	})
}

// join begins a new stream. An end that still has the old one in its view
// drops it first, or is shown the new incarnation in its place.
func (n *network) join(p *pair) {
	if old := p.session; old != nil {
		for end, proc := range old.ends {
			replaced := old.ends[1-end].incarnation != [...]*host{p.b, p.a}[end].proc.incarnation
			if proc.alive && old.sees[end] && !(replaced && n.w.dice.chance(0.5)) {
				n.drop(old, end)
			}
		}
		old.broken = true
	}
	if !p.up { // a view may have ended a process
		return
	}
	s := &session{ends: [2]*process{p.a.proc, p.b.proc}}
	p.session = s
	for end := range s.ends {
		n.w.agenda.after(n.w.dice.between(0, 20*time.Millisecond), func() { n.admit(s, end) })
	}
}

func (n *network) admit(s *session, end int) {
	p, peer := s.ends[end], s.ends[1-end]
	if s.broken || !p.alive {
		return
	}
	s.sees[end] = true
	if old := p.peers[peer.host.name]; old != nil { // replaced in one view
		for i, q := range old.ends {
			if q == p {
				old.sees[i] = false
			}
		}
	}
	p.peers[peer.host.name] = s
	p.viewSince = n.w.agenda.now
	p.deliverView()
	n.pump(s, end)
}

// died says that a run of hostd ended. What it had sent may still arrive; the
// goodbye of one that left does.
func (n *network) died(p *process) {
	if p.leaving {
		return
	}
	for _, pr := range n.pairs {
		s := pr.session
		if s == nil || s.broken || (s.ends[0] != p && s.ends[1] != p) {
			continue
		}
		for end, q := range s.ends {
			if q != p && n.w.dice.chance(0.5) {
				s.queue[end] = nil
			}
		}
	}
}

func (n *network) latency() time.Duration {
	d := n.w.dice.mostly(50*time.Microsecond, time.Millisecond, 0.02, 20*time.Millisecond)
	if n.slow > 0 {
		d = n.w.dice.between(d, n.slow)
	}
	return d
}

// send puts a message into the stream to a member; to anyone else it is lost.
func (n *network) send(p *process, to string, body json.RawMessage) {
	s := p.peers[to]
	if to == p.host.name {
		n.w.violate("a core sends to others only", "%s sends a message to itself", to)
		return
	}
	if s == nil || s.broken || p.leaving {
		return
	}
	n.enqueue(s, p, parcel{body: append(json.RawMessage(nil), body...)})
}

func (n *network) enqueue(s *session, from *process, one parcel) {
	end := 0
	if s.ends[0] == from {
		end = 1
	}
	d := n.latency()
	one.at = n.w.agenda.now.Add(d)
	if one.at.Before(s.last[end]) {
		one.at = s.last[end]
	}
	s.last[end] = one.at
	s.queue[end] = append(s.queue[end], one)
	n.later(s, end, one.at.Sub(n.w.agenda.now))
}

func (n *network) later(s *session, end int, d time.Duration) {
	n.w.agenda.after(d, func() { n.pump(s, end) })
}

// pump delivers what has arrived at one end, in order. A stream whose sender
// died still delivers what was on the wire.
func (n *network) pump(s *session, end int) {
	for len(s.queue[end]) > 0 && !s.broken && s.sees[end] {
		p, peer, one := s.ends[end], s.ends[1-end], s.queue[end][0]
		if !p.alive || one.at.After(n.w.agenda.now) || (s.frozen && peer.alive && !peer.leaving) {
			return
		}
		s.queue[end] = s.queue[end][1:]
		if one.goodbye {
			s.left[end] = true
			n.drop(s, end)
			return
		}
		p.deliver(node.PeerMessage{From: peer.host.name, Body: one.body})
	}
}

// goodbye tells the peers that this run ends on purpose.
func (n *network) goodbye(p *process) {
	for _, h := range n.w.hosts {
		if s := p.peers[h.name]; s != nil && !s.broken && n.pathOpen(p.host, h) {
			n.enqueue(s, p, parcel{goodbye: true})
		}
	}
	n.refresh()
}

// view is what p sees now. A peer that has just said goodbye is shown once
// more, as one that left.
func (n *network) view(p *process) cluster.View {
	v := cluster.View{Starved: p.starved > 0, GapMS: p.starved.Milliseconds()}
	for _, h := range n.w.hosts {
		s := p.peers[h.name]
		switch {
		case h == p.host:
			v.Members = append(v.Members, cluster.Member{Name: h.name, Incarnation: p.incarnation, BootID: h.bootID()})
			continue
		case s != nil:
			v.Members = append(v.Members, s.member(p, false))
		default:
			if gone := n.justLeft(p, h); gone != nil {
				v.Members = append(v.Members, gone.member(p, true))
			}
		}
		for _, l := range linkNames {
			up := h.powered && !n.cut[wire{h.name, p.host.name, l}] && !n.cut[wire{p.host.name, h.name, l}]
			v.Links = append(v.Links, cluster.Link{Peer: h.name, Name: l, Up: up})
		}
	}
	return v
}

// justLeft returns the stream that ended with a goodbye to p, the first time.
func (n *network) justLeft(p *process, h *host) *session {
	for _, pr := range n.pairs {
		s := pr.session
		if s == nil || (pr.a != h && pr.b != h) {
			continue
		}
		for end, q := range s.ends {
			if q == p && s.left[end] {
				s.left[end] = false
				return s
			}
		}
	}
	return nil
}

// member describes the peer of p in this stream.
func (s *session) member(p *process, left bool) cluster.Member {
	peer := s.ends[0]
	if peer == p {
		peer = s.ends[1]
	}
	return cluster.Member{Name: peer.host.name, Incarnation: peer.incarnation, BootID: peer.boot, Left: left}
}
