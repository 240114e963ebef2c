package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// transport carries memberlist over every link: its packets on all links at
// once, in our authenticated packets, and its streams over the first link that
// works. memberlist knows a node by one address, that of its first link.
type transport struct {
	e       *Engine
	packets chan *memberlist.Packet
	streams chan net.Conn
}

var _ memberlist.NodeAwareTransport = (*transport)(nil)

func newTransport(e *Engine) *transport {
	return &transport{e: e, packets: make(chan *memberlist.Packet, 1024), streams: make(chan net.Conn)}
}

// address is where memberlist believes a node to be.
func (o *Options) address(node *Node) netip.AddrPort {
	return netip.AddrPortFrom(node.Links[node.linkNames()[0]], o.GossipPort)
}

// node returns the configured node of that name.
func (o *Options) node(name string) *Node {
	for i := range o.Nodes {
		if o.Nodes[i].Name == name {
			return &o.Nodes[i]
		}
	}
	return nil
}

// FinalAdvertiseAddr returns this node's address in memberlist.
func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	a := t.e.opts.address(t.e.opts.node(t.e.opts.Node))
	return a.Addr().AsSlice(), int(a.Port()), nil
}

// PacketCh yields the packets of all links, each once.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh yields incoming streams of all links.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// WriteToAddress sends a packet to a peer on every link.
func (t *transport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	p, err := t.find(a)
	if err != nil {
		return time.Time{}, err
	}
	t.e.send(p, packetGossip, b)
	return time.Now(), nil
}

// WriteTo is WriteToAddress without a node's name.
func (t *transport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// DialAddressTimeout opens a stream to a peer over the first link that works,
// those that were heard last first.
func (t *transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	p, err := t.find(a)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, pl := range p.recentFirst() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout/time.Duration(len(p.links)))
		conn, err := t.e.opts.Network.Dial(ctx, pl.own.addr, netip.AddrPortFrom(pl.remote, t.e.opts.GossipPort))
		cancel()
		if err == nil {
			limitUnanswered(conn, timeout)
			return conn, nil
		}
		errs = append(errs, fmt.Errorf("link %s: %w", pl.name, err))
	}
	return nil, fmt.Errorf("gossip stream to node %s: %w", p.name, errors.Join(errs...))
}

// DialTimeout is DialAddressTimeout without a node's name.
func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// Shutdown does nothing: Run owns the sockets and closes them.
func (t *transport) Shutdown() error { return nil }

// find returns the peer that memberlist means.
func (t *transport) find(a memberlist.Address) (*peer, error) {
	if p := t.e.peers[a.Name]; p != nil {
		return p, nil
	}
	for i := range t.e.opts.Nodes {
		n := &t.e.opts.Nodes[i]
		if p := t.e.peers[n.Name]; p != nil && t.e.opts.address(n).String() == a.Addr {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s is no configured peer", a.String())
}

// deliver hands a packet to memberlist; when memberlist is behind, the packet
// is lost, as UDP allows.
func (t *transport) deliver(p *peer, b []byte, at time.Time) {
	from := net.UDPAddrFromAddrPort(t.e.opts.address(t.e.opts.node(p.name)))
	select {
	case t.packets <- &memberlist.Packet{Buf: b, From: from, Timestamp: at}:
	default:
	}
}

// incoming hands a stream to memberlist if it comes from a peer's address.
func (t *transport) incoming(ctx context.Context, conn net.Conn) {
	from := remoteAddr(conn)
	if !t.e.isConfigured(from) {
		t.e.reportRefused(from, refuse("gossip stream from an address that no configured node has"))
		conn.Close()
		return
	}
	select {
	case t.streams <- conn:
	case <-ctx.Done():
		conn.Close()
	}
}
