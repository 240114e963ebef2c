package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"
)

// gossipPacket is how much memberlist may put into a packet: an Ethernet frame
// less IP, UDP and our own header.
const gossipPacket = 1400 - packetFixed - maxName - packetMAC

// startGossip starts memberlist. Its verdict is the second opinion of isLost.
func (e *Engine) startGossip() (*memberlist.Memberlist, error) {
	keyring, err := memberlist.NewKeyring(nil, e.id.gossipKey)
	if err != nil {
		return nil, fmt.Errorf("make keyring: %w", err)
	}
	probe := probeInterval(e.opts.DeadTime, len(e.opts.Nodes))
	c := memberlist.DefaultLANConfig()
	c.Name = e.opts.Node
	c.Transport = e.gossip
	c.Keyring = keyring
	c.Logger = log.New(gossipLog{e}, "", 0)
	c.ProbeInterval = probe
	c.ProbeTimeout = probe * 4 / 10
	c.SuspicionMult = 2
	c.SuspicionMaxTimeoutMult = 1
	c.AwarenessMaxMultiplier = 1 // pauses.go judges our own slowness
	c.GossipInterval = min(max(probe/4, 10*time.Millisecond), 50*time.Millisecond)
	c.GossipToTheDeadTime = 10 * e.opts.DeadTime
	c.TCPTimeout = e.opts.handshakeTime()
	c.UDPBufferSize = gossipPacket
	c.EnableCompression = false
	c.RequireNodeNames = true
	// A stream that answers where packets do not is no sign of life: the links
	// are judged by their packets.
	c.DisableTcpPings = true
	watch := &gossipWatch{e: e}
	c.Delegate, c.Events, c.Alive = watch, watch, watch
	return memberlist.Create(c)
}

// rejoin lets memberlist meet a peer that it does not know but that is heard.
func (e *Engine) rejoin(p *peer, now time.Time) {
	if p.says == gossipAlive || p.joining || e.leaving || now.Before(p.nextJoin) || p.run == 0 || p.run == p.leftRun ||
		e.pauses.silence(p.lastHeard(), now) > 4*e.opts.KeepAlive {
		return
	}
	p.joining = true
	p.nextJoin = now.Add(rejoinEvery)
	at := p.name + "/" + e.opts.address(e.opts.node(p.name)).String()
	e.spawn(func(context.Context) {
		if _, err := e.members.Join([]string{at}); err != nil {
			e.log.Debug("gossip-join-failed", "peer", p.name, "error", err)
		}
		e.post(func(time.Time) { p.joining = false })
	})
}

// leaveGossip lets memberlist tell the others that this node goes. Run waits for
// it before it shuts memberlist down, which panics when it is told to leave
// after that.
func (e *Engine) leaveGossip() {
	limit := min(e.opts.DeadTime/2, 300*time.Millisecond)
	e.departure.Go(func() {
		if err := e.members.Leave(limit); err != nil {
			e.log.Debug("gossip-leave-failed", "error", err)
		}
	})
}

// gossipWatch is memberlist's way to this engine. memberlist calls it from its
// own goroutines, one call at a time, holding its locks.
type gossipWatch struct{ e *Engine }

var (
	_ memberlist.Delegate      = (*gossipWatch)(nil)
	_ memberlist.EventDelegate = (*gossipWatch)(nil)
	_ memberlist.AliveDelegate = (*gossipWatch)(nil)
)

// NotifyAlive refuses nodes that are not configured.
func (w *gossipWatch) NotifyAlive(n *memberlist.Node) error {
	if n.Name != w.e.opts.Node && w.e.peers[n.Name] == nil {
		return errors.New("not configured here")
	}
	return nil
}

// NotifyJoin notes that memberlist holds a peer for alive.
func (w *gossipWatch) NotifyJoin(n *memberlist.Node) { w.note(n.Name, gossipAlive) }

// NotifyLeave notes that memberlist holds a peer for dead or gone.
func (w *gossipWatch) NotifyLeave(n *memberlist.Node) { w.note(n.Name, gossipDead) }

// NotifyUpdate is of no interest: meta does not change during a run.
func (w *gossipWatch) NotifyUpdate(*memberlist.Node) {}

func (w *gossipWatch) note(name string, says gossip) {
	p := w.e.peers[name]
	if p == nil {
		return
	}
	w.e.post(func(now time.Time) {
		p.says = says
		w.e.judge(p, now)
	})
}

// NodeMeta, NotifyMsg, GetBroadcasts, LocalState and MergeRemoteState carry
// nothing: incarnations and messages have streams of their own.
func (w *gossipWatch) NodeMeta(int) []byte             { return nil }
func (w *gossipWatch) NotifyMsg([]byte)                {}
func (w *gossipWatch) GetBroadcasts(int, int) [][]byte { return nil }
func (w *gossipWatch) LocalState(bool) []byte          { return nil }
func (w *gossipWatch) MergeRemoteState([]byte, bool)   {}

// gossipLog passes memberlist's log on at debug level: what matters of it, the
// engine says itself.
type gossipLog struct{ e *Engine }

var _ io.Writer = gossipLog{}

func (g gossipLog) Write(b []byte) (int, error) {
	g.e.log.Debug("gossip", "text", strings.TrimSpace(string(b)))
	return len(b), nil
}
