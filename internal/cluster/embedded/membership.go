package embedded

import (
	"errors"
	"fmt"
	"time"

	"kvmha/internal/cluster"
)

// This file holds what changes the membership: sessions that begin, resume and
// end. All of it runs in the loop.

// decide answers a dialer's proposal and takes the connection.
func (e *Engine) decide(c *conn, proposal *open, now time.Time) (*opened, error) {
	p := c.peer
	switch run := runHash(proposal.Incarnation); {
	case e.leaving:
		return nil, fmt.Errorf("node %q is leaving the cluster", e.opts.Node)
	case run == p.leftRun:
		return nil, fmt.Errorf("node %q has said goodbye; start it anew", p.name)
	case p.name > e.opts.Node:
		return nil, fmt.Errorf("node %q must wait to be dialed by %q", p.name, e.opts.Node)
	}
	answer := &opened{Incarnation: e.opts.Incarnation, BootID: e.opts.BootID}
	if s := p.session; s != nil && s.id == proposal.Resume && s.incarnation == proposal.Incarnation {
		if err := e.carry(c, proposal.Received, now); err != nil {
			return nil, err
		}
		answer.Session, answer.Received = s.id, s.stream.have()
		return answer, nil
	}
	if p.session == nil {
		if wait := e.heldOff(p, now); wait > 0 {
			return nil, fmt.Errorf("node %q was lost too often lately and is held off for %v", p.name, wait.Round(time.Millisecond))
		}
	}
	answer.Session = proposal.Fresh
	return answer, e.begin(c, proposal.Fresh, proposal.Incarnation, proposal.BootID, now)
}

// dialed takes the connection that this node's proposal has led to.
func (e *Engine) dialed(c *conn, proposal open, answer *opened, now time.Time) error {
	p := c.peer
	p.dialing = false
	s := p.session
	switch {
	case e.leaving:
		return fmt.Errorf("node %q is leaving the cluster", e.opts.Node)
	case answer.Incarnation == "" || len(answer.Incarnation) > maxName || len(answer.BootID) > maxName:
		return fmt.Errorf("%w: incomplete answer", errFrame)
	case runHash(answer.Incarnation) == p.leftRun:
		return fmt.Errorf("node %q has said goodbye; start it anew", p.name)
	case answer.Session == proposal.Fresh:
		return e.begin(c, proposal.Fresh, answer.Incarnation, answer.BootID, now)
	case s == nil || answer.Session != proposal.Resume || s.id != answer.Session || s.incarnation != answer.Incarnation:
		return fmt.Errorf("node %q has ended session %x", e.opts.Node, answer.Session)
	}
	return e.carry(c, answer.Received, now)
}

// dialFailed tries the next link soon.
func (e *Engine) dialFailed(p *peer, l *peerLink, err error, now time.Time) {
	p.dialing = false
	p.dialTries++
	e.log.Debug("peer-dial-failed", "peer", p.name, "link", l.name, "error", err)
	var why *refusal
	if !errors.As(err, &why) && len(p.links) > 1 {
		p.nextDial = now
	}
}

// begin starts a session, after ending the one before.
func (e *Engine) begin(c *conn, id uint64, incarnation, bootID string, now time.Time) error {
	p := c.peer
	if old := p.session; old != nil {
		if old.incarnation == incarnation {
			e.lose(p, "has begun a new session", now)
		} else {
			e.log.Warn("peer-restarted", "peer", p.name, "incarnation", incarnation, "was", old.incarnation)
			e.endSession(p, now)
		}
	}
	run := runHash(incarnation)
	p.startRun(run)
	p.session = &session{id: id, incarnation: incarnation, bootID: bootID, run: run, since: now, stream: newStream()}
	if err := e.carry(c, 0, now); err != nil {
		return err
	}
	e.log.Info("peer-joined", "peer", p.name, "incarnation", incarnation, "boot_id", bootID, "link", c.link.name)
	e.publish(now)
	e.beat(p, now)
	return nil
}

// carry lets c carry the peer's session from now on.
func (e *Engine) carry(c *conn, received uint64, now time.Time) error {
	p := c.peer
	carrier, err := p.session.stream.carry(received)
	if err != nil {
		e.lose(p, err.Error(), now)
		return err
	}
	if p.conn != nil {
		p.conn.drop()
		e.log.Info("stream-moved", "peer", p.name, "from", p.conn.link.name, "to", c.link.name)
	}
	c.stream, c.carrier = p.session.stream, carrier
	p.conn = c
	return nil
}

// connLost notes the end of a connection. The session lives on for a while.
func (e *Engine) connLost(c *conn, err error, now time.Time) {
	p := c.peer
	if p.conn != c {
		return
	}
	p.conn, p.connLostAt, p.nextDial = nil, now, now
	e.log.Info("stream-broken", "peer", p.name, "link", c.link.name, "error", err)
	e.connect(p, now)
}

// lose drops a peer that did not say goodbye.
func (e *Engine) lose(p *peer, reason string, now time.Time) {
	e.log.Warn("peer-lost", "peer", p.name, "reason", reason)
	if len(p.losses) >= 16 {
		p.losses = p.losses[1:]
	}
	p.losses = append(p.losses, now)
	e.endSession(p, now)
	e.publish(now)
	// The heartbeat without a session tells the peer, in case it still hears.
	e.beat(p, now)
}

// endSession forgets the peer's session and closes its connection.
func (e *Engine) endSession(p *peer, now time.Time) {
	if p.conn != nil {
		p.conn.drop()
	}
	p.session, p.conn, p.leavingAt, p.nextDial = nil, nil, time.Time{}, now
}

// left drops a peer that has said goodbye: one view shows it as Left, the next
// one does not show it. Its connection closes after the last acknowledgement.
func (e *Engine) left(p *peer, now time.Time) {
	e.log.Info("peer-left", "peer", p.name)
	p.session.left = true
	e.publish(now)
	p.leftRun = p.session.run
	p.session.stream.finishing()
	p.conn = nil
	e.endSession(p, now)
	e.publish(now)
}

// arrived takes a message or a goodbye; room for it is reserved.
func (e *Engine) arrived(c *conn, f *frame, now time.Time) {
	p := c.peer
	if p.conn != c {
		e.out.release(len(f.Body))
		return
	}
	fresh, err := c.stream.accept(f.Seq)
	if err != nil || !fresh || f.Kind != frameData {
		e.out.release(len(f.Body))
	}
	switch {
	case err != nil:
		e.log.Warn("stream-corrupt", "peer", p.name, "link", c.link.name, "error", err)
		c.drop()
	case fresh && f.Kind == frameGoodbye:
		e.left(p, now)
	case fresh:
		e.out.put(delivery{event: cluster.Message{From: p.name, Body: f.Body}, size: len(f.Body)})
	}
}

// acked takes an acknowledgement.
func (e *Engine) acked(c *conn, seq uint64, now time.Time) {
	if c.peer.conn != c {
		return
	}
	if err := c.stream.ack(seq); err != nil {
		e.log.Warn("stream-corrupt", "peer", c.peer.name, "link", c.link.name, "error", err)
		c.drop()
		return
	}
	if e.leaving {
		e.checkLeft()
		e.publish(now)
	}
}

// sayGoodbye begins Leave.
func (e *Engine) sayGoodbye(now time.Time) {
	if e.leaving {
		return
	}
	e.leaving = true
	for _, p := range e.order {
		if p.session != nil {
			p.session.stream.push(frameGoodbye, nil)
		}
		e.beat(p, now)
	}
	e.leaveGossip()
	e.checkLeft()
}

// checkLeft ends the sessions whose peers have our goodbye, and Leave when
// none is left.
func (e *Engine) checkLeft() {
	if !e.leaving {
		return
	}
	waiting := false
	for _, p := range e.order {
		switch {
		case p.session == nil:
		case p.session.stream.drained():
			e.endSession(p, time.Time{})
		default:
			waiting = true
		}
	}
	if waiting {
		return
	}
	select {
	case <-e.leftDone:
	default:
		close(e.leftDone)
	}
}
