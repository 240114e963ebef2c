package embedded

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// open is the dialer's proposal for a session, the first frame under TLS.
type open struct {
	Incarnation string `json:"incarnation"`
	BootID      string `json:"boot_id"`
	// Resume is the session the dialer holds with the acceptor, 0 for none,
	// and Received how far the acceptor's messages in it have arrived.
	Resume   uint64 `json:"resume,omitempty"`
	Received uint64 `json:"received,omitempty"`
	// Fresh is the session to begin when Resume cannot be.
	Fresh uint64 `json:"fresh"`
}

// opened is the acceptor's answer: Session is the proposal's Resume or Fresh.
type opened struct {
	Incarnation string `json:"incarnation"`
	BootID      string `json:"boot_id"`
	Session     uint64 `json:"session"`
	Received    uint64 `json:"received,omitempty"`
}

// conn is one TLS connection that carries a session for a while.
type conn struct {
	peer *peer
	link *peerLink
	tls  *tls.Conn
	// stream and carrier are set by the loop when it takes the connection.
	stream  *stream
	carrier *carrier
}

// drop closes the connection under TLS at once; its goroutines end.
func (c *conn) drop() { c.tls.NetConn().Close() }

// dial connects to p over l, proposes the session, and serves the connection
// until it breaks. It runs in a goroutine of its own.
func (e *Engine) dial(ctx context.Context, p *peer, l *peerLink, proposal open, s *stream) {
	c, answer, err := e.dialOpen(ctx, p, l, proposal, s)
	if err != nil {
		e.reportRefused(l.remote, err)
		e.post(func(now time.Time) { e.dialFailed(p, l, err, now) })
		return
	}
	e.adopt(ctx, c, func(now time.Time) error { return e.dialed(c, proposal, answer, now) }, nil)
}

func (e *Engine) dialOpen(ctx context.Context, p *peer, l *peerLink, proposal open, s *stream) (*conn, *opened, error) {
	limited, cancel := context.WithTimeout(ctx, e.opts.handshakeTime())
	defer cancel()
	raw, err := e.opts.Network.Dial(limited, l.own.addr, netip.AddrPortFrom(l.remote, e.opts.PeerPort))
	if err != nil {
		return nil, nil, fmt.Errorf("dial: %w", err)
	}
	defer context.AfterFunc(limited, func() { raw.Close() })()
	limitUnanswered(raw, e.opts.DeadTime)
	tc, err := e.greetAsDialer(raw, p.name)
	if err == nil {
		if s != nil {
			proposal.Received = s.have()
		}
		err = writeJSON(tc, frameOpen, proposal)
	}
	answer := &opened{}
	if err == nil {
		err = readJSON(tc, frameOpened, answer)
	}
	if err != nil {
		raw.Close()
		return nil, nil, err
	}
	return &conn{peer: p, link: l, tls: tc}, answer, nil
}

// accepted greets whoever has connected to l, leaves his place among those
// being greeted, and serves the connection.
func (e *Engine) accepted(ctx context.Context, l *link, raw net.Conn, places <-chan struct{}) {
	c, proposal, err := e.acceptOpen(ctx, l, raw)
	<-places
	if err != nil {
		e.reportRefused(remoteAddr(raw), err)
		raw.Close()
		return
	}
	var answer *opened
	decide := func(now time.Time) (err error) {
		answer, err = e.decide(c, proposal, now)
		return err
	}
	e.adopt(ctx, c, decide, func() error { return writeJSON(c.tls, frameOpened, answer) })
}

func (e *Engine) acceptOpen(ctx context.Context, l *link, raw net.Conn) (*conn, *open, error) {
	limited, cancel := context.WithTimeout(ctx, e.opts.handshakeTime())
	defer cancel()
	defer context.AfterFunc(limited, func() { raw.Close() })()
	limitUnanswered(raw, e.opts.DeadTime)
	tc, name, err := e.greetAsAcceptor(raw)
	if err != nil {
		return nil, nil, err
	}
	p := e.peers[name]
	pl := p.linkOn(l)
	if pl == nil {
		return nil, nil, fmt.Errorf("node %s came in on link %s, which it does not have", name, l.name)
	}
	proposal, err := readProposal(tc)
	if err != nil {
		return nil, nil, err
	}
	return &conn{peer: p, link: pl, tls: tc}, proposal, nil
}

// readProposal reads the dialer's first frame and refuses one that says too
// little or too much.
func readProposal(r io.Reader) (*open, error) {
	proposal := &open{}
	if err := readJSON(r, frameOpen, proposal); err != nil {
		return nil, err
	}
	if proposal.Incarnation == "" || len(proposal.Incarnation) > maxName || len(proposal.BootID) > maxName || proposal.Fresh == 0 {
		return nil, fmt.Errorf("%w: incomplete proposal", errFrame)
	}
	return proposal, nil
}

// refuseConn tells a proven peer why it cannot join now, and hangs up.
func refuseConn(tc *tls.Conn, why error) {
	_ = tc.SetDeadline(time.Now().Add(time.Second))
	_ = writeFrame(tc, &frame{Kind: frameRefuse, Body: []byte(why.Error())})
	_ = tc.Close()
}

// adopt lets the loop decide on a connection, answers the peer and then reads
// and writes the connection until it ends.
func (e *Engine) adopt(ctx context.Context, c *conn, decide func(now time.Time) error, answer func() error) {
	defer context.AfterFunc(ctx, c.drop)()
	defer c.drop()
	verdict := make(chan error, 1)
	e.post(func(now time.Time) { verdict <- decide(now) })
	select {
	case why := <-verdict:
		if why != nil {
			e.log.Debug("peer-connection-declined", "peer", c.peer.name, "link", c.link.name, "reason", why)
			refuseConn(c.tls, why)
			return
		}
	case <-ctx.Done():
		return
	}
	var err error
	if answer != nil {
		err = answer()
	}
	if err == nil {
		err = e.serve(ctx, c)
	}
	c.drop()
	e.post(func(now time.Time) { e.connLost(c, err, now) })
}

// serve runs both directions of a connection and returns why it ended.
func (e *Engine) serve(ctx context.Context, c *conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wrote := make(chan error, 1)
	go func() {
		err := c.write(ctx)
		c.drop() // ends the reader as well
		wrote <- err
	}()
	readErr := e.readFrames(ctx, c)
	cancel()
	c.drop()
	if err := <-wrote; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return readErr
}

// write carries the stream's frames and acknowledgements.
func (c *conn) write(ctx context.Context) error {
	w := bufio.NewWriterSize(c.tls, 64<<10)
	var batch []frame
	for {
		var done bool
		batch, done = c.stream.pull(c.carrier, batch)
		if done {
			return w.Flush()
		}
		for i := range batch {
			if err := writeFrame(w, &batch[i]); err != nil {
				return err
			}
		}
		if len(batch) > 0 {
			continue
		}
		if err := w.Flush(); err != nil {
			return err
		}
		select {
		case <-c.carrier.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readFrames hands every frame to the loop. It waits while the engine's reader
// is behind.
func (e *Engine) readFrames(ctx context.Context, c *conn) error {
	r := bufio.NewReaderSize(c.tls, 64<<10)
	for {
		f, err := readFrame(r, maxFrame)
		if err != nil {
			return err
		}
		switch f.Kind {
		case frameAck:
			e.post(func(now time.Time) { e.acked(c, f.Seq, now) })
		case frameData, frameGoodbye:
			if err := e.out.reserve(ctx, len(f.Body)); err != nil {
				return err
			}
			e.post(func(now time.Time) { e.arrived(c, f, now) })
		default:
			return fmt.Errorf("%w: kind %d in a running session", errFrame, f.Kind)
		}
	}
}

func writeJSON(w io.Writer, kind frameKind, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return writeFrame(w, &frame{Kind: kind, Body: body})
}

func readJSON(r io.Reader, kind frameKind, v any) error {
	f, err := readFrame(r, maxOpen)
	if err != nil {
		return err
	}
	if f.Kind == frameRefuse {
		return refuse("refused by the other side: %s", printable(f.Body))
	}
	if f.Kind != kind {
		return fmt.Errorf("%w: kind %d, expected %d", errFrame, f.Kind, kind)
	}
	if err := json.Unmarshal(f.Body, v); err != nil {
		return fmt.Errorf("%w: %v", errFrame, err)
	}
	return nil
}
