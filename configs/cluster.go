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
	// Port of failure detection, UDP and TCP, on every link.
	Port int `toml:"port" default:"5560" min:"1" max:"65535"`
	// TCP port of the encrypted messages between members, on every link.
	MessagePort int `toml:"message-port" default:"5561" min:"1" max:"65535"`
	// Interval of heartbeats on each link. A fifth of deadtime when it is not given.
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
	// together once, so that no half starts alone after a power failure.
	WaitForAll bool `toml:"wait-for-all" default:"false"`
	// Folder on each node for what must outlive a power cut.
	StateDir string `toml:"state-dir" default:"/var/lib/kvmha" is:"path"`
	// Socket on which hostd serves vm-ctl.
	ControlSocket string `toml:"control-socket" default:"/run/kvmha/hostd.sock" is:"path"`
	// Watchdog device that resets a node whose hostd hangs. None when it is
	// not given.
	Watchdog string `toml:"watchdog" is:"path"`
}

const defaultInitdead = 30 * time.Second

// check holds Heartbeat's order of times: keepalive < warntime <= deadtime <=
// initdead. It also sets those that follow from deadtime.
func (t *clusterTable) check(p *problems) {
	if t.Deadtime == 0 {
		if _, given := p.where[t.key("deadtime")]; given && !p.wrong(t.key("deadtime")) {
			p.add(t.key("deadtime"), "must be more than 0")
		}
		return
	}
	times := []struct {
		key      string
		value    *time.Duration
		fallback time.Duration
	}{
		{"keepalive", &t.Keepalive, t.Deadtime / 5},
		{"warntime", &t.Warntime, t.Deadtime / 2},
		{"initdead", &t.Initdead, max(defaultInitdead, 2*t.Deadtime)},
	}
	for _, one := range times {
		if _, given := p.where[t.key(one.key)]; !given || p.wrong(t.key(one.key)) {
			*one.value = one.fallback
		}
	}
	switch {
	case t.Keepalive <= 0:
		p.add(t.key("keepalive"), "must be more than 0")
	case t.Keepalive*2 > t.Deadtime:
		p.add(t.key("keepalive"), "%v leaves no room for one lost heartbeat within deadtime %v: write at most %v", t.Keepalive, t.Deadtime, t.Deadtime/2)
	}
	if t.Warntime > t.Deadtime {
		p.add(t.key("warntime"), "%v is longer than deadtime %v, so nobody would be warned", t.Warntime, t.Deadtime)
	}
	if t.Initdead < t.Deadtime {
		p.add(t.key("initdead"), "%v is shorter than deadtime %v: a start takes longer than a silence", t.Initdead, t.Deadtime)
	}
	if t.Port == t.MessagePort {
		p.add(t.key("message-port"), "%d is the port of failure detection too: write another", t.MessagePort)
	}
}

// cluster returns the engine's part of a document without errors.
func (doc *document) cluster() *Cluster {
	t := &doc.Cluster
	c := &Cluster{
		Name: t.Name, SecretFile: t.Secret, Port: t.Port, MessagePort: t.MessagePort,
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
