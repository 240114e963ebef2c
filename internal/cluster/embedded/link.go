package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"kvmha/internal/pause"
)

// link is one heartbeat network of this node: a UDP socket and two listeners
// bound to the node's address on it. Packets to send pass through a queue, so
// that a link that blocks holds nothing else up; what does not fit is lost, as
// on a wire.
type link struct {
	name   string
	id     uint32
	addr   netip.Addr
	packet net.PacketConn
	gossip net.Listener
	peers  net.Listener
	queue  chan datagram
	log    *slog.Logger
}

// datagram is bytes on their way to an address.
type datagram struct {
	to net.Addr
	b  []byte
}

// linkQueue is how many datagrams may wait for a link.
const linkQueue = 256

// openLink opens a link's sockets. The error names the address and the remedy.
func openLink(ctx context.Context, o *Options, name string, addr netip.Addr) (_ *link, err error) {
	l := &link{name: name, id: linkID(name), addr: addr, queue: make(chan datagram, linkQueue), log: o.Logger}
	defer func() {
		if err != nil {
			l.close()
			err = fmt.Errorf("open link %s at %s (is another hostd running, or is the address of another host?): %w", name, addr, err)
		}
	}()
	gossip := netip.AddrPortFrom(addr, o.GossipPort)
	if l.packet, err = o.Network.ListenPacket(ctx, gossip); err != nil {
		return nil, err
	}
	if l.gossip, err = o.Network.Listen(ctx, gossip); err != nil {
		return nil, err
	}
	l.peers, err = o.Network.Listen(ctx, netip.AddrPortFrom(addr, o.PeerPort))
	return l, err
}

// close closes what is open of the link's sockets.
func (l *link) close() {
	if l.packet != nil {
		l.packet.Close()
	}
	if l.gossip != nil {
		l.gossip.Close()
	}
	if l.peers != nil {
		l.peers.Close()
	}
}

// send queues a datagram; a full queue loses it.
func (l *link) send(b []byte, to net.Addr) {
	select {
	case l.queue <- datagram{to: to, b: b}:
	default:
	}
}

// write sends what is queued until ctx ends. A failing link is logged once
// until it works again.
func (l *link) write(ctx context.Context) {
	failing := false
	for {
		select {
		case d := <-l.queue:
			_, err := l.packet.WriteTo(d.b, d.to)
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil && !failing:
				failing = true
				l.log.Warn("link-send-failed", "link", l.name, "address", l.addr, "to", d.to, "error", err)
			case err == nil && failing:
				failing = false
				l.log.Info("link-send-works", "link", l.name, "address", l.addr)
			}
		case <-ctx.Done():
			return
		}
	}
}

// read hands every datagram to take until the socket closes.
func (l *link) read(ctx context.Context, take func(l *link, b []byte, from netip.AddrPort, at time.Time)) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := l.packet.ReadFrom(buf)
		at := time.Now()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil {
			// ICMP errors of earlier sends surface here; the socket lives on.
			if !pause.For(ctx, 10*time.Millisecond) {
				return
			}
			continue
		}
		if udp, ok := from.(*net.UDPAddr); ok {
			b := make([]byte, n)
			copy(b, buf)
			take(l, b, unmapped(udp.AddrPort()), at)
		}
	}
}

// accept hands every connection of a listener to take until the listener
// closes; take owns the connection.
func (l *link) accept(ctx context.Context, from net.Listener, take func(l *link, conn net.Conn)) {
	for {
		conn, err := from.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return
		}
		if err != nil {
			// Out of file descriptors, most likely: others may free some.
			l.log.Warn("link-accept-failed", "link", l.name, "error", err)
			if !pause.For(ctx, 100*time.Millisecond) {
				return
			}
			continue
		}
		take(l, conn)
	}
}

// unmapped is an address without its IPv4-in-IPv6 wrapping.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// remoteAddr returns the address of a connection's other end.
func remoteAddr(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return unmapped(tcp.AddrPort()).Addr()
	}
	return netip.Addr{}
}

// notices limits what others can make this node say: one notice about an
// address and a kind of cause in a while. When the table is full it stays silent,
// so that a log cannot be made to grow; the few configured addresses have a
// table of their own, which strangers cannot fill.
type notices struct {
	mu    sync.Mutex
	every time.Duration
	last  map[string]time.Time
}

// maxNotices bounds the memory that strangers can take.
const maxNotices = 1024

func newNotices(every time.Duration) *notices {
	return &notices{every: every, last: map[string]time.Time{}}
}

// due reports whether the notice may be given now.
func (n *notices) due(key string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at, ok := n.last[key]; ok && now.Sub(at) < n.every {
		return false
	}
	if len(n.last) >= maxNotices {
		for k, at := range n.last {
			if now.Sub(at) >= n.every {
				delete(n.last, k)
			}
		}
		if len(n.last) >= maxNotices {
			return false
		}
	}
	n.last[key] = now
	return true
}
