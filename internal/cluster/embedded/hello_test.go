package embedded

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestTheHelloTellsBothSidesWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Options) // of node b, the acceptor
		to     string
		atA    string
		atB    string
	}{
		{"good peers are proven", func(*Options) {}, "b", "", ""},
		{"a foreign cluster", func(o *Options) { o.Cluster = "beta" }, "b",
			`refused by the other side: node "a" belongs to cluster "alpha", node "b" to "beta"`, `belongs to cluster "alpha"`},
		{"another secret", func(o *Options) { o.Secret = bytes.Repeat([]byte{7}, 32) }, "b",
			`refused by the other side: node "a" has another secret`, `has another secret`},
		{"an address of another node", func(*Options) {}, "c",
			`looks for node "c" at an address of node "b"`, `looks for node "c"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, time.Second, "a", "b")
			a := newEngine(t, l, func(o *Options) { o.Node = "a" })
			b := newEngine(t, l, func(o *Options) { o.Node = "b"; c.change(o) })
			a.peers["b"], b.peers["a"] = &peer{name: "b"}, &peer{name: "a"}
			left, right := net.Pipe()
			defer left.Close()
			defer right.Close()
			atB := make(chan error, 1)
			go func() {
				tc, _, err := b.greetAsAcceptor(right)
				if err == nil {
					// The client's handshake needs the server's last flight read.
					_, _ = tc.Read(make([]byte, 1))
				}
				atB <- err
			}()
			tc, err := a.greetAsDialer(left, c.to)
			if err == nil {
				_, err = tc.Write([]byte("x"))
			}
			says(t, "a", err, c.atA)
			says(t, "b", <-atB, c.atB)
		})
	}
}

// says checks that err is a refusal with that text, or nil for none.
func says(t *testing.T, who string, err error, text string) {
	t.Helper()
	var why *refusal
	switch {
	case text == "" && err != nil:
		t.Errorf("node %s: %v", who, err)
	case text != "" && (!errors.As(err, &why) || !strings.Contains(err.Error(), text)):
		t.Errorf("node %s: error is %v, want %q", who, err, text)
	}
}

func TestStrangersCannotMakeALogGrow(t *testing.T) {
	t.Parallel()
	n := newNotices(time.Minute)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if !n.due("x", now) || n.due("x", now.Add(59*time.Second)) || !n.due("x", now.Add(time.Minute)) {
		t.Error("one notice a minute is wanted")
	}
	given := 0
	for i := range 10 * maxNotices {
		if n.due(strings.Repeat("y", i%5000)+string(rune(i)), now) {
			given++
		}
	}
	if given > maxNotices || len(n.last) > maxNotices {
		t.Errorf("%d notices given, %d kept", given, len(n.last))
	}
}

func TestStrangersMuteNeitherANoticeNorAnAnswerAboutAPeer(t *testing.T) {
	t.Parallel()
	l := newLab(t, time.Second, "a", "b")
	e := newEngine(t, l, func(o *Options) { o.Node = "a" })
	e.addPeer(l.opts.Nodes[1])
	e.peers["b"].links = []*peerLink{{name: "lan1", remote: l.addr(1, 1)}}
	for i := range 2 * maxNotices {
		stranger := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		e.reportRefused(stranger, refuse("garbage"))
		e.reportRefused(l.addr(1, 1), refuse("node %q is nobody", strings.Repeat("x", i)))
	}
	if n := len(e.strange.last); n != maxNotices {
		t.Errorf("%d notices about strangers kept, want the table full", n)
	}
	if n := len(e.notices.last); n != 1 {
		t.Errorf("%d notices of one cause about one address, want 1 whatever its words are", n)
	}
	if !e.notices.due(l.addr(1, 1).String()+" another cause", time.Now()) {
		t.Error("a notice about a peer is muted")
	}
}

func TestStrangersThatSayNothingKeepNoPeerOut(t *testing.T) {
	t.Parallel()
	l := newLab(t, 4*patience, "a", "b") // a greeting lasts up to half of it
	l.opts.KeepAlive = 50 * time.Millisecond
	b := l.start("b", "b1")
	b.await(t, 0, "its own view", members("b"))
	for range maxGreets + maxForeign {
		c, err := net.Dial("tcp", netip.AddrPortFrom(l.addr(1, 1), DefaultPeerPort).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c2, err := net.Dial("tcp", netip.AddrPortFrom(l.addr(2, 1), DefaultPeerPort).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c2.Close()
	}
	l.start("a", "a1")
	b.await(t, 0, "both", members("a", "b"))
}

func TestOnlyAPeerThatCannotProveItselfIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		refused bool
	}{
		"a certificate of another secret": {errors.New("certificate was not made with this cluster's secret"), true},
		"the other side's alert":          {&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, true},
		"a connection that was reset":     {&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, false},
		"a connection that ended":         {io.EOF, false},
		"one that ended in a record":      {io.ErrUnexpectedEOF, false},
	} {
		var why *refusal
		if got := errors.As(handshakeError("b", c.err), &why); got != c.refused {
			t.Errorf("%s: refused = %v, want %v", name, got, c.refused)
		}
	}
}
