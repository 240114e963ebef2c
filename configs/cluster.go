package configs

import "time"

// clusterTable names the cluster and sets how its nodes find and judge each
// other. Every node must have the same values; a node with another name or
// secret is turned away.
type clusterTable struct {
	table
	// Name of the cluster. Nodes of a cluster with another name are refused.
	Name string `toml:"name" required:"true" is:"id"`
	// File that holds the shared secret, made by `vm-ctl keygen` and copied to
	// every node. It must belong to root and be readable by nobody else.
	Secret string `toml:"secret" default:"/etc/kvmha/secret" is:"path"`
	// Port of heartbeats and gossip, UDP and TCP, on every link.
	GossipPort int `toml:"gossip-port" default:"7794" min:"1" max:"65535"`
	// TCP port of the encrypted messages between members, on every link.
	PeerPort int `toml:"peer-port" default:"7795" min:"1" max:"65535"`
	// Interval of heartbeats on each link; at most a third of deadtime. A tenth
	// of deadtime when it is not given.
	Keepalive time.Duration `toml:"keepalive"`
	// After this silence a link is reported as late in log and events. Half of
	// deadtime when it is not given.
	Warntime time.Duration `toml:"warntime"`
	// After this silence on all links a node is taken for dead and fenced. Below
	// 1s a busy host may be shot for nothing.
	Deadtime time.Duration `toml:"deadtime" default:"3s"`
	// How long a starting node waits for the others before it takes those it
	// has never seen for dead. At least deadtime; 30s when it is not given.
	Initdead time.Duration `toml:"initdead"`
	// One of two nodes may go on alone: fencing decides which. It implies
	// wait-for-all. True when it is not given and there are exactly two nodes.
	TwoNode string `toml:"two-node" is:"bool"`
	// A cluster that starts does nothing before all nodes have been seen
	// together once, so that no half starts alone after a power failure. A hostd
	// that is killed and comes back on a host that runs on need not wait again.
	WaitForAll bool `toml:"wait-for-all" default:"false"`
	// Folder on each node for what must outlive a power cut.
	StateDir string `toml:"state-dir" default:"/var/lib/kvmha" is:"path"`
	// Socket on which hostd serves vm-ctl.
	ControlSocket string `toml:"control-socket" default:"/run/kvmha/hostd.sock" is:"path"`
	// Nobody but the hosts is on the network that live migrations take. It ends
	// the warning about VMs that migrate over plain tcp.
	MigrationNetworkPrivate bool `toml:"migration-network-private" default:"false"`
	// Watchdog device that resets a node whose hostd hangs. None when it is
	// not given.
	Watchdog string `toml:"watchdog" is:"path"`
}

// Bounds of the times. Below them the engine cannot tell a pause of the kernel
// from a death.
const (
	minKeepalive    = 10 * time.Millisecond
	minDeadtime     = 100 * time.Millisecond
	defaultInitdead = 30 * time.Second
)

// check holds Heartbeat's order of times: keepalive < warntime <= deadtime <=
// initdead. It also sets those that follow from deadtime.
func (t *clusterTable) check(p *problems) {
	if t.GossipPort == t.PeerPort {
		p.add(t.key("peer-port"), "%d is the gossip-port too: write another", t.PeerPort)
	}
	if p.wrong(t.key("deadtime")) {
		return
	}
	if t.Deadtime < minDeadtime {
		p.add(t.key("deadtime"), "%v is below %v, the shortest silence that can be judged", t.Deadtime, minDeadtime)
		return
	}
	t.fill(p)
	if t.Keepalive < minKeepalive || t.Keepalive > t.Deadtime/3 {
		p.add(t.key("keepalive"), "%v must lie between %v and a third of deadtime %v, so that one lost heartbeat is no verdict", t.Keepalive, minKeepalive, t.Deadtime)
	}
	if t.Warntime < t.Keepalive || t.Warntime > t.Deadtime {
		p.add(t.key("warntime"), "%v must lie between keepalive %v and deadtime %v", t.Warntime, t.Keepalive, t.Deadtime)
	}
	if t.Initdead < t.Deadtime {
		p.add(t.key("initdead"), "%v is shorter than deadtime %v: a start takes longer than a silence", t.Initdead, t.Deadtime)
	}
}

// fill derives from deadtime the times that are not given, or not readable.
func (t *clusterTable) fill(p *problems) {
	for _, one := range []struct {
		key      string
		value    *time.Duration
		fallback time.Duration
	}{
		{"keepalive", &t.Keepalive, max(t.Deadtime/10, minKeepalive)},
		{"warntime", &t.Warntime, t.Deadtime / 2},
		{"initdead", &t.Initdead, max(defaultInitdead, 2*t.Deadtime)},
	} {
		if _, given := p.where[t.key(one.key)]; !given || p.wrong(t.key(one.key)) {
			*one.value = one.fallback
		}
	}
}

// cluster returns the engine's part of a document without errors.
func (doc *document) cluster() *Cluster {
	t := &doc.Cluster
	c := &Cluster{
		Name: t.Name, SecretFile: t.Secret, GossipPort: uint16(t.GossipPort), PeerPort: uint16(t.PeerPort),
		Keepalive: t.Keepalive, Warntime: t.Warntime, Deadtime: t.Deadtime, Initdead: t.Initdead,
		TwoNode:    t.TwoNode == "true" || t.TwoNode == "" && len(doc.Nodes) == 2,
		WaitForAll: t.WaitForAll,
		StateDir:   t.StateDir, ControlSocket: t.ControlSocket, Watchdog: t.Watchdog,
	}
	for i := range doc.Nodes {
		c.Nodes = append(c.Nodes, doc.Nodes[i].engine())
	}
	return c
}
