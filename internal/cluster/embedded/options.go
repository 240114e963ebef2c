package embedded

import (
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"kvmha/internal/cluster/secret"
)

// Defaults of Options. The ratios are Heartbeat's usual ones.
const (
	DefaultGossipPort = 7794
	DefaultPeerPort   = 7795
	DefaultDeadTime   = 3 * time.Second
)

// Bounds of Options.
const (
	maxNodes    = 64
	maxLinks    = 8
	maxName     = 64
	minKeepAlve = 10 * time.Millisecond
	minDeadTime = 100 * time.Millisecond
)

// Options configure an Engine. All nodes of a cluster must agree on Cluster,
// Nodes, the ports, the secret and the times.
type Options struct {
	// Cluster is the cluster's name. Nodes of another name are refused.
	Cluster string
	// Node is this node's name; it must be one of Nodes.
	Node string
	// Nodes are all configured nodes, this one included (2 to 64).
	Nodes []Node
	// GossipPort (UDP and TCP) carries heartbeats and gossip, PeerPort (TCP)
	// the peer streams. Zero means 7794 and 7795.
	GossipPort, PeerPort uint16
	// Secret is the cluster's secret as secret.Load returns it.
	Secret []byte

	// KeepAlive is the pause between two heartbeats on a link, DeadTime the
	// silence on all links after which a peer is lost, WarnTime the gap that is
	// worth a warning. Zero means DeadTime 3 s, KeepAlive a tenth of DeadTime
	// (at least 10 ms) and WarnTime half of it. A KeepAlive of more than a
	// third of DeadTime is refused: one lost packet would be a verdict.
	KeepAlive, WarnTime, DeadTime time.Duration

	// Incarnation identifies this run of hostd, BootID this run of the kernel.
	Incarnation, BootID string

	// Realtime locks memory and runs the heartbeat threads under SCHED_RR, so
	// that a busy host does not lose its peers. Needs root; a failure is
	// logged, not fatal.
	Realtime bool

	// Logger takes the engine's events; nil means slog.Default.
	Logger *slog.Logger
	// Network makes the engine's sockets; nil means the host's. Tests put
	// faults here.
	Network Network
}

// Node is one configured node.
type Node struct {
	Name string
	// Links are the node's heartbeat addresses by link name. A link is usable
	// between two nodes that both name it.
	Links map[string]netip.Addr
}

// validate fills defaults in and reports every contradiction at once.
func (o *Options) validate() error {
	o.fill()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.Cluster == "" || len(o.Cluster) > maxName {
		bad("cluster name %q must have 1 to %d bytes", o.Cluster, maxName)
	}
	if len(o.Secret) != secret.Size {
		bad("secret has %d bytes, need %d: load it from the file that \"vm-ctl keygen\" made", len(o.Secret), secret.Size)
	}
	if o.Incarnation == "" || len(o.Incarnation) > maxName || len(o.BootID) > maxName {
		bad("incarnation %q must have 1 to %d bytes, boot id %q at most %d", o.Incarnation, maxName, o.BootID, maxName)
	}
	if o.DeadTime < minDeadTime {
		bad("deadtime %v is below %v", o.DeadTime, minDeadTime)
	}
	if o.KeepAlive < minKeepAlve || o.KeepAlive > o.DeadTime/3 {
		bad("keepalive %v must lie between %v and a third of deadtime %v", o.KeepAlive, minKeepAlve, o.DeadTime)
	}
	if o.WarnTime < o.KeepAlive || o.WarnTime > o.DeadTime {
		bad("warntime %v must lie between keepalive %v and deadtime %v", o.WarnTime, o.KeepAlive, o.DeadTime)
	}
	if o.GossipPort == o.PeerPort {
		bad("gossip port and peer port are both %d", o.PeerPort)
	}
	return errors.Join(append(errs, o.validateNodes()...)...)
}

func (o *Options) fill() {
	setDefault(&o.GossipPort, DefaultGossipPort)
	setDefault(&o.PeerPort, DefaultPeerPort)
	setDefault(&o.DeadTime, DefaultDeadTime)
	setDefault(&o.KeepAlive, max(o.DeadTime/10, minKeepAlve))
	setDefault(&o.WarnTime, o.DeadTime/2)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Network == nil {
		o.Network = hostNetwork{}
	}
}

func setDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

func (o *Options) validateNodes() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Nodes) < 2 || len(o.Nodes) > maxNodes {
		bad("%d nodes configured, need 2 to %d", len(o.Nodes), maxNodes)
	}
	names, owner, hashes := map[string]bool{}, map[netip.Addr]string{}, map[uint32]string{}
	for _, n := range o.Nodes {
		if n.Name == "" || len(n.Name) > maxName || names[n.Name] {
			bad("node name %q is empty, too long or given twice", n.Name)
		}
		names[n.Name] = true
		if len(n.Links) == 0 || len(n.Links) > maxLinks {
			bad("node %s has %d links, need 1 to %d", n.Name, len(n.Links), maxLinks)
		}
		for _, link := range n.linkNames() {
			addr := n.Links[link]
			if !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() {
				bad("node %s link %s: %q is no address of a host", n.Name, link, addr)
			}
			if other, taken := owner[addr]; taken {
				bad("node %s link %s: address %s is also %s", n.Name, link, addr, other)
			}
			owner[addr] = n.Name + " link " + link
			if other, taken := hashes[linkID(link)]; taken && other != link {
				bad("link names %q and %q cannot be told apart on the wire; rename one", other, link)
			}
			hashes[linkID(link)] = link
		}
	}
	if !names[o.Node] {
		bad("this node %q is not among the configured nodes", o.Node)
	}
	return errs
}

// linkNames returns the node's link names in order.
func (n *Node) linkNames() []string {
	names := make([]string, 0, len(n.Links))
	for name := range n.Links {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// linkID is a link's name on the wire.
func linkID(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}
