package embedded

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds waits for what must happen; it says nothing about how fast.
const patience = 20 * time.Second

var netCounter atomic.Uint32

// lab is a few engines in this process, each with addresses of its own in
// 127.0.0.0/8.
type lab struct {
	t      testing.TB
	f      *faults
	opts   Options
	base   [2]byte
	nodes  map[string]*node
	ctx    context.Context
	cancel context.CancelFunc
	secret []byte
}

// node is one engine and everything it has reported.
type node struct {
	*Engine
	name   string
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	events  []cluster.Event
	at      []time.Time
	changed chan struct{}
	log     strings.Builder
}

// newLab makes a cluster of the named nodes with links "lan1" and "lan2".
func newLab(t testing.TB, deadtime time.Duration, names ...string) *lab {
	l := &lab{t: t, f: newFaults(), nodes: map[string]*node{}, secret: make([]byte, 32)}
	l.base = [2]byte{byte(20 + os.Getpid()%200), byte(netCounter.Add(1))}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.opts = Options{Cluster: "alpha", DeadTime: deadtime, Network: l.f, Secret: l.secret}
	for i, name := range names {
		l.opts.Nodes = append(l.opts.Nodes, Node{Name: name, Links: map[string]netip.Addr{
			"lan1": l.addr(1, i), "lan2": l.addr(2, i),
		}})
	}
	t.Cleanup(func() {
		l.cancel()
		for _, n := range l.nodes {
			<-n.done
		}
		l.f.end()
	})
	return l
}

func (l *lab) addr(link, node int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, l.base[0], l.base[1], byte(link*16 + node + 1)})
}

// start starts a node under a new incarnation; change may alter its options.
func (l *lab) start(name, incarnation string, change ...func(*Options)) *node {
	l.t.Helper()
	n := &node{name: name, done: make(chan struct{}), changed: make(chan struct{})}
	o := l.opts
	o.Node, o.Incarnation, o.BootID = name, incarnation, "boot-"+name
	o.Logger = slog.New(slog.NewTextHandler(n, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, c := range change {
		c(&o)
	}
	e, err := New(o)
	if err != nil {
		l.t.Fatal(err)
	}
	n.Engine = e
	ctx, cancel := context.WithCancel(l.ctx)
	n.cancel = cancel
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx) }()
	go func() {
		defer close(n.done)
		for {
			select {
			case ev := <-e.Events():
				n.note(ev)
			case err := <-ran:
				if err != nil {
					l.t.Errorf("node %s: Run: %v", name, err)
				}
				return
			}
		}
	}()
	l.nodes[name+"/"+incarnation] = n
	return n
}

// Write takes the node's log.
func (n *node) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if os.Getenv("ENGINE_LOG") != "" {
		fmt.Fprintf(os.Stderr, "%s: %s", n.name, b)
	}
	return n.log.Write(b)
}

var _ io.Writer = (*node)(nil)

func (n *node) note(ev cluster.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, ev)
	n.at = append(n.at, time.Now())
	close(n.changed)
	n.changed = make(chan struct{})
}

// stop ends the engine as a kill of the process would: its sockets close.
func (n *node) stop() {
	n.cancel()
	<-n.done
}

// mark is a place in a node's events.
func (n *node) mark() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.events)
}

// await waits for an event from place on that suits, and returns the place
// after it and when it came.
func (n *node) await(t testing.TB, place int, what string, suits func(cluster.Event) bool) (int, time.Time) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		n.mu.Lock()
		for ; place < len(n.events); place++ {
			if suits(n.events[place]) {
				at := n.at[place]
				n.mu.Unlock()
				return place + 1, at
			}
		}
		changed := n.changed
		n.mu.Unlock()
		select {
		case <-changed:
		case <-limit.C:
			n.mu.Lock()
			defer n.mu.Unlock()
			t.Fatalf("node %s: %s did not happen; events: %+v\nlog:\n%s", n.name, what, tail(n.events), n.log.String())
		}
	}
}

func tail(evs []cluster.Event) []cluster.Event { return evs[max(0, len(evs)-10):] }

// members suits a view with exactly these members.
func members(names ...string) func(cluster.Event) bool {
	want := strings.Join(names, " ")
	return func(ev cluster.Event) bool {
		v, ok := ev.(cluster.View)
		return ok && memberNames(v) == want
	}
}

func memberNames(v cluster.View) string {
	var have []string
	for _, m := range v.Members {
		have = append(have, m.Name)
	}
	return strings.Join(have, " ")
}

// linkState suits a view that shows a peer's link in that state.
func linkState(peer, link string, up bool) func(cluster.Event) bool {
	return func(ev cluster.Event) bool {
		v, ok := ev.(cluster.View)
		if !ok {
			return false
		}
		for _, l := range v.Links {
			if l.Peer == peer && l.Name == link {
				return l.Up == up
			}
		}
		return false
	}
}

// allUp suits a view whose links are all up.
func allUp(ev cluster.Event) bool {
	v, ok := ev.(cluster.View)
	if !ok {
		return false
	}
	for _, l := range v.Links {
		if !l.Up {
			return false
		}
	}
	return true
}

// refusedSaying suits a Refused whose reason contains text.
func refusedSaying(text string) func(cluster.Event) bool {
	return func(ev cluster.Event) bool {
		r, ok := ev.(cluster.Refused)
		return ok && strings.Contains(r.Reason, text)
	}
}

// never fails if an event from place on suits.
func (n *node) never(t testing.TB, place int, what string, suits func(cluster.Event) bool) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, ev := range n.events[place:] {
		if suits(ev) {
			t.Fatalf("node %s: %s: %+v\nlog:\n%s", n.name, what, ev, n.log.String())
		}
	}
}

// awaitGossip waits until memberlist knows every peer too.
func (n *node) awaitGossip(t testing.TB) {
	t.Helper()
	limit := time.Now().Add(patience)
	for {
		all := make(chan bool, 1)
		n.post(func(time.Time) {
			ok := true
			for _, p := range n.order {
				ok = ok && p.says == gossipAlive
			}
			all <- ok
		})
		if <-all {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("node %s: memberlist has not met every peer", n.name)
		}
	}
}

// worstGap is the longest pause that the node has reported.
func (n *node) worstGap() (worst time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, ev := range n.events {
		if v, ok := ev.(cluster.View); ok {
			worst = max(worst, time.Duration(v.GapMS)*time.Millisecond)
		}
	}
	return worst
}

// vanish cuts a node off from everybody on every link, as a power cut does.
func (l *lab) vanish(node int) {
	for link := 1; link <= 2; link++ {
		for other := range l.opts.Nodes {
			l.f.both(true, l.addr(link, node), l.addr(link, other))
		}
	}
}

// heal undoes every cut.
func (l *lab) heal() {
	for link := 1; link <= 2; link++ {
		for a := range l.opts.Nodes {
			for b := range l.opts.Nodes {
				l.f.set(false, l.addr(link, a), l.addr(link, b))
			}
		}
	}
}
