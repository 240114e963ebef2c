package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"kvmha/internal/cluster"
)

// Engine is the embedded engine. Make one with New, then call Run once.
type Engine struct {
	opts Options
	log  *slog.Logger
	id   *identity
	hash [8]byte // of the cluster's name
	run  uint64  // hash of our incarnation

	peers map[string]*peer // configured nodes but this one; the map is fixed
	order []*peer          // the same by name
	links []*link          // opened by Run

	inbox     chan func(now time.Time)
	out       *outbox
	events    chan cluster.Event
	routes    atomic.Pointer[map[string]*stream]
	gossip    *transport
	members   *memberlist.Memberlist
	notices   *notices // what is logged and reported about configured addresses
	strange   *notices // the same about all others, who may fill it
	replies   *notices // what is answered to configured addresses
	uninvited *notices // the same to all others
	own       *notices // what is logged about this node; no stranger can fill it

	running   sync.WaitGroup
	spawned   sync.WaitGroup
	departure sync.WaitGroup  // memberlist's leaving
	alive     context.Context // ends with Run; set by Run for what the loop spawns
	stop      chan struct{}   // closed when Run ends
	greets    chan struct{}   // one token for each greeting of a configured address
	foreign   chan struct{}   // one token for each greeting of any other

	// Of the loop only.
	pauses   pauses
	last     cluster.View
	viewed   bool
	leaving  bool
	leftDone chan struct{} // closed when every peer has our goodbye
}

var _ cluster.Engine = (*Engine)(nil)

// maxGreets bounds how many connections from configured addresses are greeted at
// once, maxForeign those from all others: a stranger is told why he is refused,
// but he cannot take a peer's place.
const (
	maxGreets  = 64
	maxForeign = 16
)

// noticeEvery is how often one cause is reported about one address.
const noticeEvery = time.Minute

// New checks the options and derives the keys; it opens no socket yet.
func New(opts Options) (*Engine, error) {
	opts.Nodes = slices.Clone(opts.Nodes)
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("cluster engine of node %q: %w", opts.Node, err)
	}
	id, err := newIdentity(opts.Secret, opts.Cluster, opts.Node)
	if err != nil {
		return nil, fmt.Errorf("cluster engine of node %q: %w", opts.Node, err)
	}
	e := &Engine{
		opts: opts, log: opts.Logger, id: id,
		hash: clusterHash(opts.Cluster), run: runHash(opts.Incarnation),
		peers:     map[string]*peer{},
		inbox:     make(chan func(time.Time), 1024),
		out:       newOutbox(),
		events:    make(chan cluster.Event),
		notices:   newNotices(noticeEvery),
		strange:   newNotices(noticeEvery),
		replies:   newNotices(time.Second),
		uninvited: newNotices(time.Second),
		own:       newNotices(noticeEvery),
		stop:      make(chan struct{}),
		greets:    make(chan struct{}, maxGreets),
		foreign:   make(chan struct{}, maxForeign),
		leftDone:  make(chan struct{}),
		pauses: pauses{
			period:    opts.tick(),
			threshold: 2 * opts.KeepAlive,
			keep:      2 * opts.DeadTime,
		},
	}
	e.gossip = newTransport(e)
	return e, nil
}

// tick is how often the loop looks at the clock.
func (o *Options) tick() time.Duration {
	return min(max(o.KeepAlive/4, 5*time.Millisecond), 25*time.Millisecond)
}

// Events returns the channel of views, messages and refusals. It is never
// closed; stop reading when Run has returned.
func (e *Engine) Events() <-chan cluster.Event { return e.events }

// Send queues body for one member of the last view read from Events. The
// engine keeps body; do not change it. A message to this node itself, to a
// node that is no member, or of more than MaxMessage bytes is dropped, the
// last with a log line. A member that lets 64 MiB or 65536 messages wait is
// dropped from the view.
func (e *Engine) Send(to string, body []byte) {
	if len(body) > MaxMessage {
		e.log.Error("message-too-long", "peer", to, "bytes", len(body), "limit", MaxMessage)
		return
	}
	routes := e.routes.Load()
	if routes == nil {
		return
	}
	if s := (*routes)[to]; s != nil {
		s.push(frameData, body)
	}
}

// Run opens the links, joins the peers and works until ctx ends. It returns an
// error when a link's sockets cannot be opened. When ctx ends without Leave
// before, the peers see this node vanish, as if it had crashed.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.stop)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.alive = ctx
	e.lockMemory()
	if err := e.open(ctx); err != nil {
		return fmt.Errorf("cluster engine of node %q: %w", e.opts.Node, err)
	}
	defer e.closeLinks()
	members, err := e.startGossip()
	if err != nil {
		return fmt.Errorf("cluster engine of node %q: start gossip: %w", e.opts.Node, err)
	}
	e.members = members
	e.running.Go(func() { e.out.pump(ctx, e.events, func(r map[string]*stream) { e.routes.Store(&r) }) })
	for _, l := range e.links {
		e.serveLink(ctx, l)
	}
	e.loop(ctx)
	cancel()
	e.closeLinks()
	e.departure.Wait()
	if err := members.Shutdown(); err != nil {
		e.log.Warn("gossip-shutdown-failed", "error", err)
	}
	e.running.Wait()
	e.spawned.Wait()
	return nil
}

// open opens this node's links and ties the peers' links to them.
func (e *Engine) open(ctx context.Context) error {
	i := slices.IndexFunc(e.opts.Nodes, func(n Node) bool { return n.Name == e.opts.Node })
	own := e.opts.Nodes[i]
	var errs []error
	for _, name := range own.linkNames() {
		l, err := openLink(ctx, &e.opts, name, own.Links[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		e.links = append(e.links, l)
	}
	if len(errs) > 0 {
		e.closeLinks()
		return errors.Join(errs...)
	}
	for _, n := range e.opts.Nodes {
		if n.Name != e.opts.Node {
			e.addPeer(n)
		}
	}
	slices.SortFunc(e.order, func(a, b *peer) int { return strings.Compare(a.name, b.name) })
	return nil
}

func (e *Engine) addPeer(n Node) {
	p := &peer{name: n.Name}
	for _, l := range e.links {
		addr, ok := n.Links[l.name]
		if !ok {
			continue
		}
		p.links = append(p.links, &peerLink{
			name: l.name, id: l.id, own: l, remote: addr,
			udp: net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, e.opts.GossipPort)),
		})
	}
	if len(p.links) == 0 {
		e.log.Error("peer-has-no-common-link", "peer", n.Name)
	}
	e.peers[n.Name] = p
	e.order = append(e.order, p)
}

func (e *Engine) closeLinks() {
	for _, l := range e.links {
		l.close()
	}
}

// serveLink starts the goroutines of one link.
func (e *Engine) serveLink(ctx context.Context, l *link) {
	e.running.Go(func() { e.realtime("send " + l.name); l.write(ctx) })
	e.running.Go(func() { e.realtime("receive " + l.name); l.read(ctx, e.receive) })
	e.running.Go(func() { l.accept(ctx, l.gossip, func(_ *link, c net.Conn) { e.gossip.incoming(ctx, c) }) })
	e.running.Go(func() {
		l.accept(ctx, l.peers, func(l *link, c net.Conn) {
			places := e.greets
			if !e.isConfigured(remoteAddr(c)) {
				places = e.foreign
			}
			select {
			case places <- struct{}{}:
				e.spawned.Go(func() { e.accepted(ctx, l, c, places) })
			default:
				c.Close()
			}
		})
	})
}

// isConfigured tells whether some peer has that address on some link.
func (e *Engine) isConfigured(addr netip.Addr) bool {
	for _, p := range e.order {
		for _, pl := range p.links {
			if pl.remote == addr {
				return true
			}
		}
	}
	return false
}

// Leave says goodbye to every peer after everything sent before, and waits
// until they have it, a peer is lost, or ctx ends. The peers' next view shows
// this node as Left. After it this node takes no further part; end Run then.
func (e *Engine) Leave(ctx context.Context) error {
	e.post(e.sayGoodbye)
	select {
	case <-e.leftDone:
	case <-e.stop:
		return errors.New("leave the cluster: the engine is not running")
	case <-ctx.Done():
		return fmt.Errorf("leave the cluster: not every peer has acknowledged the goodbye: %w", ctx.Err())
	}
	return nil
}

// post hands work to the loop; after the loop's end it is dropped.
func (e *Engine) post(f func(now time.Time)) {
	select {
	case e.inbox <- f:
	case <-e.stop:
	}
}

// spawn runs f in a goroutine that Run waits for. For the loop only.
func (e *Engine) spawn(f func(ctx context.Context)) {
	e.spawned.Go(func() { f(e.alive) })
}

// reportRefused logs why somebody at addr was turned away, or turned this
// node away, and puts it into the events.
func (e *Engine) reportRefused(addr netip.Addr, err error) {
	var why *refusal
	if !errors.As(err, &why) {
		e.log.Debug("peer-handshake-failed", "address", addr, "error", err)
		return
	}
	said := e.notices
	if !e.isConfigured(addr) {
		said = e.strange
	}
	// By the kind of cause: its words hold what the other side has chosen.
	if !said.due(addr.String()+" "+why.kind, time.Now()) {
		return
	}
	e.log.Warn("peer-refused", "address", addr, "reason", why.reason)
	e.out.put(delivery{event: cluster.Refused{Address: addr.String(), Reason: why.reason}})
}
