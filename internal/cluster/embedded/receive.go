package embedded

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// receive judges a datagram in the link's own goroutine and hands what is good
// to the loop.
func (e *Engine) receive(l *link, b []byte, from netip.AddrPort, at time.Time) {
	pkt, err := decodePacket(b)
	if err != nil {
		e.reportRefused(from.Addr(), refuse("garbage on link %s, udp port %d: %v; is another program using this port?", l.name, e.opts.GossipPort, err))
		return
	}
	if pkt.Kind == packetRefusal && pkt.Major == protocolMajor {
		e.refusedBy(pkt, from.Addr())
		return
	}
	if err := e.judgeSender(pkt); err != nil {
		e.reportRefused(from.Addr(), err)
		e.answerRefusal(l, pkt, from, err, at)
		return
	}
	if !authentic(e.id.packetKey, b) {
		e.reportRefused(from.Addr(), refuse("packet of node %q fails authentication: forged or damaged", pkt.From))
		return
	}
	p := e.peers[pkt.From]
	pl := p.linkOn(l)
	switch {
	case pkt.To != linkID(e.opts.Node):
		e.reportRefused(from.Addr(), refuse("node %q takes this node %q for another one: check the addresses on both", pkt.From, e.opts.Node))
	case pl == nil || pl.id != pkt.Link:
		e.reportRefused(from.Addr(), refuse("a packet of node %q for another link came in on link %s: the links are crossed", pkt.From, l.name))
	default:
		e.post(func(now time.Time) { e.heard(p, pl, pkt, at, now) })
	}
}

// judgeSender returns why a packet's sender is refused, or nil.
func (e *Engine) judgeSender(pkt *packet) error {
	name := printable([]byte(pkt.From))
	return e.judgeStranger(int(pkt.Major), name, pkt.Cluster == e.hash,
		fmt.Sprintf("with another name (hash %x)", pkt.Cluster[:4]), hex.EncodeToString(pkt.Fingerprint[:]))
}

// answerRefusal tells a stranger why, so that the reason is in his log too.
func (e *Engine) answerRefusal(l *link, pkt *packet, to netip.AddrPort, why error, at time.Time) {
	said := e.replies
	if !e.isConfigured(to.Addr()) {
		said = e.uninvited
	}
	if !said.due(to.Addr().String(), at) {
		return
	}
	answer := packet{
		Major: protocolMajor, Kind: packetRefusal, Cluster: e.hash, Fingerprint: e.id.fingerprint,
		Run: e.run, Link: pkt.Link, To: linkID(pkt.From), From: e.opts.Node, Body: []byte(why.Error()),
	}
	l.send(answer.encode(e.id.packetKey), net.UDPAddrFromAddrPort(to))
}

// refusedBy reports that somebody at a configured address turned this node
// away. The packet proves nothing, so it changes nothing.
func (e *Engine) refusedBy(pkt *packet, from netip.Addr) {
	if e.isConfigured(from) {
		e.reportRefused(from, refuse("refused by node %q: %s", printable([]byte(pkt.From)), printable(pkt.Body)))
	}
}

// heard takes an authentic packet of a peer.
func (e *Engine) heard(p *peer, pl *peerLink, pkt *packet, at, now time.Time) {
	if pkt.Run == p.leftRun {
		return
	}
	if p.session != nil && pkt.Run != p.session.run {
		e.heardOtherRun(p, pl, pkt.Run, now)
		return
	}
	p.startRun(pkt.Run)
	if !pl.seen.fresh(pkt.Seq) {
		return
	}
	switch pkt.Kind {
	case packetGossip:
		// No sign of life: memberlist's goroutines may go on in a process
		// whose loop hangs.
		if p.seen.fresh(pkt.Seq) {
			e.gossip.deliver(p, pkt.Body, at)
		}
	case packetHeartbeat:
		e.heardBeat(p, pl, pkt, at, now)
	}
}

// heardBeat notes a sign of life.
func (e *Engine) heardBeat(p *peer, pl *peerLink, pkt *packet, at, now time.Time) {
	wasSilent := e.pauses.silence(pl.heard, now) > 4*e.opts.KeepAlive
	e.warnLate(p, pl, p.lastHeard(), at)
	pl.heard = at
	pl.lately.Store(at.UnixNano())
	e.heartbeat(p, pl, pkt, now)
	if wasSilent {
		// Tell it at once that this link works, instead of at the next beat.
		e.beat(p, now)
		e.publish(now)
	}
}

// heardOtherRun deals with a packet of another run than the session's: the
// peer has restarted, or an old packet was replayed. A connection will tell.
func (e *Engine) heardOtherRun(p *peer, pl *peerLink, run uint64, now time.Time) {
	if p.otherRun != run {
		// The first by name dials as soon as it hears the other.
		p.otherRun = run
		e.beat(p, now)
	}
	if e.opts.Node > p.name || e.leaving || p.dialing || now.Before(p.nextDial) {
		return
	}
	e.dialOver(p, pl, now)
}

// warnLate logs a gap in a member's heartbeats that is longer than warntime.
func (e *Engine) warnLate(p *peer, pl *peerLink, last, at time.Time) {
	if p.session == nil || last.IsZero() {
		return
	}
	if gap := e.pauses.silence(last, at); gap > e.opts.WarnTime {
		e.log.Warn("late-heartbeat", "peer", p.name, "link", pl.name,
			"gap", fmt.Sprintf("%d ms of %v", gap.Milliseconds(), e.opts.DeadTime))
	}
}

// heartbeat takes what a peer says in a heartbeat.
func (e *Engine) heartbeat(p *peer, pl *peerLink, pkt *packet, now time.Time) {
	h, err := decodeHeartbeat(pkt.Body)
	if err != nil {
		e.log.Warn("heartbeat-unreadable", "peer", p.name, "link", pl.name, "error", err)
		return
	}
	p.noteHearsUs(h.Heard, pl.heard)
	if pkt.Seq < p.newest {
		return // overtaken on another link
	}
	p.newest = pkt.Seq
	switch s := p.session; {
	case s == nil:
		if h.Leaving {
			p.leftRun = pkt.Run
			return
		}
		e.connect(p, now)
	case h.Session == s.id:
		s.confirmed = true
		if h.Leaving && p.leavingAt.IsZero() {
			p.leavingAt = now
		}
	case s.confirmed:
		e.lose(p, "has ended the session: it lost this node, or was restarted", now)
	}
}

// send sends a packet to a peer on every link. All copies carry one sequence
// number.
func (e *Engine) send(p *peer, kind packetKind, body []byte) {
	pkt := packet{
		Major: protocolMajor, Kind: kind, Cluster: e.hash, Fingerprint: e.id.fingerprint,
		Run: e.run, Seq: p.seq.Add(1), To: linkID(p.name), From: e.opts.Node, Body: body,
	}
	for _, pl := range p.links {
		pkt.Link = pl.id
		pl.own.send(pkt.encode(e.id.packetKey), pl.udp)
	}
}
