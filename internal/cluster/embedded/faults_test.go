package embedded

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// faults is a network that loses what it is told to lose, one direction of one
// pair of addresses at a time. What is lost is lost silently: not even the end
// of a connection gets through, as when a cable is cut or the power fails.
type faults struct {
	mu      sync.Mutex
	cuts    map[[2]netip.Addr]bool
	changed chan struct{}
	conns   map[*faultyConn]bool
	held    []net.Conn
}

func newFaults() *faults {
	return &faults{cuts: map[[2]netip.Addr]bool{}, changed: make(chan struct{}), conns: map[*faultyConn]bool{}}
}

// set cuts or heals the direction from a to b.
func (f *faults) set(cut bool, a, b netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cuts[[2]netip.Addr{a, b}] = cut
	close(f.changed)
	f.changed = make(chan struct{})
}

// both cuts or heals both directions.
func (f *faults) both(cut bool, a, b netip.Addr) {
	f.set(cut, a, b)
	f.set(cut, b, a)
}

func (f *faults) state(a, b netip.Addr) (bool, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cuts[[2]netip.Addr{a, b}], f.changed
}

// breakConns resets every connection at once.
func (f *faults) breakConns() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Conn.Close()
	}
}

// end closes what a cut kept open.
func (f *faults) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.held {
		c.Close()
	}
}

var _ Network = (*faults)(nil)

func (f *faults) ListenPacket(ctx context.Context, local netip.AddrPort) (net.PacketConn, error) {
	pc, err := hostNetwork{}.ListenPacket(ctx, local)
	if err != nil {
		return nil, err
	}
	return &faultyPackets{PacketConn: pc, f: f, local: local.Addr()}, nil
}

func (f *faults) Listen(ctx context.Context, local netip.AddrPort) (net.Listener, error) {
	l, err := hostNetwork{}.Listen(ctx, local)
	if err != nil {
		return nil, err
	}
	return &faultyListener{Listener: l, f: f, local: local.Addr()}, nil
}

func (f *faults) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	for _, way := range [][2]netip.Addr{{local, remote.Addr()}, {remote.Addr(), local}} {
		if cut, _ := f.state(way[0], way[1]); cut {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
	c, err := hostNetwork{}.Dial(ctx, local, remote)
	if err != nil {
		return nil, err
	}
	return f.wrap(c, local), nil
}

func (f *faults) wrap(c net.Conn, local netip.Addr) net.Conn {
	fc := &faultyConn{Conn: c, f: f, local: local, remote: remoteAddr(c), closed: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[fc] = true
	return fc
}

type faultyPackets struct {
	net.PacketConn
	f     *faults
	local netip.Addr
}

func (p *faultyPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	if cut, _ := p.f.state(p.local, unmapped(to.(*net.UDPAddr).AddrPort()).Addr()); cut {
		return len(b), nil
	}
	return p.PacketConn.WriteTo(b, to)
}

type faultyListener struct {
	net.Listener
	f     *faults
	local netip.Addr
}

func (l *faultyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.f.wrap(c, l.local), nil
}

type faultyConn struct {
	net.Conn
	f             *faults
	local, remote netip.Addr
	once          sync.Once
	closed        chan struct{}
	deadline      atomic.Int64 // of writes, in nanoseconds; 0 is none
}

// SetDeadline keeps the deadline for writes that wait for a cut link.
func (c *faultyConn) SetDeadline(t time.Time) error {
	if t.IsZero() {
		c.deadline.Store(0)
	} else {
		c.deadline.Store(t.UnixNano())
	}
	return c.Conn.SetDeadline(t)
}

// Write waits while its direction is cut, as TCP does.
func (c *faultyConn) Write(b []byte) (int, error) {
	var expired <-chan time.Time
	if at := c.deadline.Load(); at != 0 {
		expired = time.After(time.Until(time.Unix(0, at)))
	}
	for {
		cut, changed := c.f.state(c.local, c.remote)
		if !cut {
			return c.Conn.Write(b)
		}
		select {
		case <-changed:
		case <-c.closed:
			return 0, os.ErrClosed
		case <-expired:
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// Close hides the end from the other side while the direction is cut.
func (c *faultyConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		cut, _ := c.f.state(c.local, c.remote)
		c.f.mu.Lock()
		delete(c.f.conns, c)
		if cut {
			c.f.held = append(c.f.held, c.Conn)
		}
		c.f.mu.Unlock()
		if cut {
			_ = c.SetDeadline(time.Unix(1, 0))
			return
		}
		_ = c.Conn.Close()
	})
	return nil
}
