package embedded

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cluster"
)

func TestBothSidesSayWhyTheyRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*lab, *Options)
		atA    string
		atB    string
	}{
		{"another secret", func(_ *lab, o *Options) { o.Secret = bytes.Repeat([]byte{7}, 32) },
			`node "b" has another secret`, `node "a" has another secret`},
		{"a foreign cluster name", func(_ *lab, o *Options) { o.Cluster = "beta" },
			`node "b" belongs to cluster with another name`, `node "a" belongs to cluster with another name`},
		{"a node that is not configured here", func(l *lab, o *Options) {
			o.Node = "z"
			o.Nodes = []Node{l.opts.Nodes[0], {Name: "z", Links: l.opts.Nodes[1].Links}}
		}, `node "z" is not configured on node "a"`, `refused by node "a": node "z" is not configured`},
		{"a second host of the same name", func(l *lab, o *Options) {
			o.Node = "a"
			o.Nodes = []Node{{Name: "a", Links: l.opts.Nodes[1].Links}, {Name: "b", Links: l.opts.Nodes[0].Links}}
		}, `another host calls itself "a"`, `another host calls itself "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, time.Second, "a", "b")
			a := l.start("a", "a1")
			b := l.start("b", "b1", func(o *Options) { c.change(l, o) })
			a.await(t, 0, "the refusal", refusedSaying(c.atA))
			b.await(t, 0, "the refusal", refusedSaying(c.atB))
			// What one refuses the other hears as a refusal, too.
			if c.atA[:8] != `node "z"` { // who knows node a does not refuse it
				a.await(t, 0, "the other's reason", refusedSaying("refused by node"))
			}
			b.await(t, 0, "the other's reason", refusedSaying("refused by node"))
			a.never(t, 0, "met a stranger", func(ev cluster.Event) bool {
				v, ok := ev.(cluster.View)
				return ok && len(v.Members) > 1
			})
		})
	}
}

func TestAnotherMajorVersionIsRefusedWithBothVersionsNamed(t *testing.T) {
	t.Parallel()
	l, a, _ := pair(t, time.Second)
	mark := a.mark()
	p := packet{Major: 9, Kind: packetHeartbeat, From: "b"}
	l.throw(t, l.addr(1, 1), l.addr(1, 0), p.encode(nil))
	a.await(t, mark, "the refusal", refusedSaying("speaks protocol 9"))
	a.await(t, mark, "the refusal", refusedSaying(`node "a" speaks 1`))
}

// throw sends a datagram from an address to a node's gossip port.
func (l *lab) throw(t *testing.T, from, to netip.Addr, b []byte) {
	t.Helper()
	c, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)),
		net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, DefaultGossipPort)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestForgedPacketsChangeNothing(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA := a.mark()
	bye := heartbeat{Leaving: true}
	p := packet{
		Major: protocolMajor, Kind: packetHeartbeat, Cluster: a.hash, Fingerprint: a.id.fingerprint,
		Run: b.run, Seq: 1 << 40, Link: linkID("lan1"), To: linkID("a"), From: "b", Body: bye.encode(),
	}
	l.throw(t, l.addr(1, 1), l.addr(1, 0), p.encode([]byte("a guessed key")))
	a.await(t, markA, "the refusal", refusedSaying("fails authentication"))
	b.Send("a", []byte("still here"))
	a.await(t, markA, "the message", message("b", "still here"))
	a.never(t, markA, "lost b", members("a"))
}

func TestGarbageOnEveryPortLeavesTheClusterUntouched(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA := a.mark()
	for _, junk := range [][]byte{nil, []byte("K"), []byte("KV\x01"), bytes.Repeat([]byte{0xff}, 60000), []byte("GET / HTTP/1.1\r\n\r\n")} {
		l.throw(t, l.addr(3, 0), l.addr(1, 0), junk)
		for _, port := range []uint16{DefaultGossipPort, DefaultPeerPort} {
			c, err := net.Dial("tcp", netip.AddrPortFrom(l.addr(1, 0), port).String())
			if err != nil {
				t.Fatal(err)
			}
			// The engine may have hung up before all of it is written.
			_, _ = c.Write(junk)
			c.Close()
		}
	}
	a.await(t, markA, "the refusal", refusedSaying("garbage on link lan1"))
	a.await(t, markA, "the refusal", refusedSaying("not a peer of kvmha"))
	b.Send("a", []byte("still here"))
	a.await(t, markA, "the message", message("b", "still here"))
	a.never(t, markA, "lost b", members("a"))
}

func TestAStrangerWithoutTheSecretFailsTLSThoughItsHelloIsRight(t *testing.T) {
	t.Parallel()
	l, a, _ := pair(t, time.Second)
	mark := a.mark()
	// Node b's side, with the right fingerprint but keys of another secret.
	imposter := newEngine(t, l, func(o *Options) { o.Node = "b"; o.Secret = bytes.Repeat([]byte{7}, 32) })
	imposter.id.fingerprint = a.id.fingerprint
	if err := imposter.open(t.Context()); err != nil && !strings.Contains(err.Error(), "in use") {
		t.Fatal(err)
	}
	for _, n := range l.opts.Nodes {
		if n.Name == "a" {
			imposter.addPeer(n)
		}
	}
	conn, err := net.Dial("tcp", netip.AddrPortFrom(l.addr(1, 0), DefaultPeerPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	tc, err := imposter.greetAsDialer(conn, "a")
	if err == nil {
		// With TLS 1.3 the client learns of the refusal at its first read.
		_, err = readFrame(tc, maxOpen)
	}
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error is %v, want one about certificates", err)
	}
	a.never(t, mark, "lost b", members("a"))
}

// newEngine makes an engine that is not run.
func newEngine(t *testing.T, l *lab, change func(*Options)) *Engine {
	t.Helper()
	o := l.opts
	o.Incarnation, o.Logger = "x", nil
	change(&o)
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
