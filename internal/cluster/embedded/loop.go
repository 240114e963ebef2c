package embedded

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kvmha/internal/cluster"
)

// unmetBeat is the most that passes between two heartbeats to a peer that is
// no member: it decides how soon two nodes find each other.
const unmetBeat = 100 * time.Millisecond

// rejoinEvery is how often gossip and streams towards a peer are tried again.
const rejoinEvery = 200 * time.Millisecond

// loop is the one goroutine that owns the peers. It never waits for anything
// but its next input.
func (e *Engine) loop(ctx context.Context) {
	e.realtime("loop")
	ticker := time.NewTicker(e.opts.tick())
	defer ticker.Stop()
	e.pauses.beat(time.Now())
	e.check(time.Now())
	for {
		select {
		case f := <-e.inbox:
			now := time.Now()
			e.noticePause(now) // before anybody is judged by this input
			f(now)
		case <-ticker.C:
			now := time.Now()
			e.noticePause(now)
			e.check(now)
		case <-ctx.Done():
			return
		}
	}
}

func (e *Engine) noticePause(now time.Time) {
	worst := e.pauses.worst
	gap := e.pauses.beat(now)
	if gap == 0 || (gap <= worst && !e.own.due("starved", now)) {
		return
	}
	e.log.Warn("starved", "gap", fmt.Sprintf("%d ms of %v", gap.Milliseconds(), e.opts.DeadTime),
		"worst_gap", fmt.Sprintf("%d ms of %v", e.pauses.worst.Milliseconds(), e.opts.DeadTime),
		"remedy", "this host is overloaded; raise deadtime or enable realtime")
}

// check judges every peer and does what is due.
func (e *Engine) check(now time.Time) {
	for _, p := range e.order {
		e.judge(p, now)
		if !now.Before(p.nextBeat) {
			e.beat(p, now)
		}
		e.connect(p, now)
		e.rejoin(p, now)
	}
	e.checkLeft()
	e.publish(now)
}

// judge ends the session of a peer that is lost.
func (e *Engine) judge(p *peer, now time.Time) {
	s := p.session
	if s == nil {
		return
	}
	silence := e.silence(p, now)
	switch {
	case isLost(silence, e.opts.DeadTime, p.says):
		e.lose(p, fmt.Sprintf("silent on all links for %d ms", silence.Milliseconds()), now)
	case p.conn == nil && e.pauses.silence(p.connLostAt, now) >= e.opts.DeadTime:
		e.lose(p, fmt.Sprintf("heartbeats arrive, but no stream (tcp port %d) for %v", e.opts.PeerPort, e.opts.DeadTime), now)
	case s.stream.overflowed():
		e.lose(p, fmt.Sprintf("does not take its messages: %v", errOverflow), now)
	case !p.leavingAt.IsZero() && (p.conn == nil || now.Sub(p.leavingAt) > 4*e.opts.KeepAlive):
		e.left(p, now)
	}
}

// silence is how long a peer with a session was not heard on any link.
func (e *Engine) silence(p *peer, now time.Time) time.Duration {
	last := p.lastHeard()
	if p.session.since.After(last) {
		last = p.session.since
	}
	return e.pauses.silence(last, now)
}

// beat sends a heartbeat to a peer on every link.
func (e *Engine) beat(p *peer, now time.Time) {
	silent := func(t time.Time) time.Duration { return e.pauses.silence(t, now) }
	h := heartbeat{Leaving: e.leaving, Heard: p.heardOn(silent, 4*e.opts.KeepAlive)}
	p.nextBeat = now.Add(min(e.opts.KeepAlive, unmetBeat))
	if p.session != nil {
		h.Session = p.session.id
		p.nextBeat = now.Add(e.opts.KeepAlive)
	}
	e.send(p, packetHeartbeat, h.encode())
}

// connect dials a peer when this node is the one to dial (the first by name,
// so that two nodes never dial each other at once) and a connection is missing
// or stands on a link that falters while another does not.
func (e *Engine) connect(p *peer, now time.Time) {
	if e.opts.Node > p.name || e.leaving || p.dialing || now.Before(p.nextDial) || p.run == 0 || p.run == p.leftRun {
		return
	}
	usable := e.usableLinks(p, now)
	if len(usable) == 0 || (p.conn != nil && slices.Contains(usable, p.conn.link)) {
		return
	}
	if p.session == nil && e.heldOff(p, now) > 0 {
		return
	}
	e.dialOver(p, usable[p.dialTries%len(usable)], now)
}

// dialOver dials a peer over one link, to resume its session or begin one.
func (e *Engine) dialOver(p *peer, l *peerLink, now time.Time) {
	p.dialing = true
	p.nextDial = now.Add(rejoinEvery)
	proposal := open{Incarnation: e.opts.Incarnation, BootID: e.opts.BootID, Fresh: rand.Uint64() | 1}
	var s *stream
	if p.session != nil {
		proposal.Resume, s = p.session.id, p.session.stream
	}
	e.spawn(func(ctx context.Context) { e.dial(ctx, p, l, proposal, s) })
}

// usableLinks returns the links that work both ways now. A peer without a
// connection may also be dialed where it is only heard: it may not have had
// the time to say that it hears this node.
func (e *Engine) usableLinks(p *peer, now time.Time) (links []*peerLink) {
	for _, pl := range p.links {
		if linkUsable(e.pauses.silence(pl.heard, now), e.pauses.silence(pl.hearsUs, now), e.opts.KeepAlive) {
			links = append(links, pl)
		}
	}
	if len(links) > 0 || p.conn != nil {
		return links
	}
	for _, pl := range p.links {
		if e.pauses.silence(pl.heard, now) < 4*e.opts.KeepAlive {
			links = append(links, pl)
		}
	}
	return links
}

// heldOff returns how long a flapping peer has to stay out, and logs it once.
func (e *Engine) heldOff(p *peer, now time.Time) time.Duration {
	wait := holdOff(p.losses, now, e.opts.DeadTime)
	if wait > 0 && !p.heldOff {
		e.log.Warn("peer-flaps", "peer", p.name, "losses", len(p.losses), "held_off", wait.Round(time.Millisecond))
	}
	p.heldOff = wait > 0
	return wait
}

// publish puts a view into the events if it differs from the last one.
func (e *Engine) publish(now time.Time) {
	v, routes := e.view(now)
	if e.viewed && slices.Equal(v.Members, e.last.Members) && slices.Equal(v.Links, e.last.Links) &&
		v.Starved == e.last.Starved && v.GapMS == e.last.GapMS {
		return
	}
	e.logLinks(v)
	e.last, e.viewed = v, true
	e.out.put(delivery{event: v, routes: routes})
}

// view is what the engine knows now.
func (e *Engine) view(now time.Time) (cluster.View, map[string]*stream) {
	routes := map[string]*stream{}
	v := cluster.View{
		Members: []cluster.Member{{Name: e.opts.Node, Incarnation: e.opts.Incarnation, BootID: e.opts.BootID}},
		Starved: e.pauses.starved(now, e.opts.DeadTime),
		GapMS:   e.pauses.worst.Milliseconds(),
	}
	for _, p := range e.order {
		if s := p.session; s != nil {
			v.Members = append(v.Members, cluster.Member{Name: p.name, Incarnation: s.incarnation, BootID: s.bootID, Left: s.left})
			routes[p.name] = s.stream
		}
		for _, pl := range p.links {
			up := linkUp(e.pauses.silence(pl.heard, now), e.pauses.silence(pl.hearsUs, now), e.opts.DeadTime)
			v.Links = append(v.Links, cluster.Link{Peer: p.name, Name: pl.name, Up: up})
		}
	}
	slices.SortFunc(v.Members, func(a, b cluster.Member) int { return strings.Compare(a.Name, b.Name) })
	return v, routes
}

// logLinks logs the links that changed.
func (e *Engine) logLinks(v cluster.View) {
	if !e.viewed {
		return
	}
	for i, l := range v.Links {
		if was := e.last.Links[i]; was.Up != l.Up {
			state, level := "up", e.log.Info
			if !l.Up {
				state, level = "dead", e.log.Warn
			}
			level("link-state", "peer", l.Peer, "link", l.Name, "state", state)
		}
	}
}
