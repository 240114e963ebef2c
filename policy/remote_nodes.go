package policy

import "kvmha/internal/cib"

// unpackRemoteNodes creates the nodes that resources bring with them: each
// ocf:pacemaker:remote primitive is one, and so is each resource with the
// meta-attribute remote-node, for which a connection resource is made up
// ("Pacemaker Remote").
func (p *plan) unpackRemoteNodes() {
	var implied []*cib.Resource
	consider := func(c *cib.Resource) {
		if remote := impliedConnection(c); remote != nil && p.cib.Config.FindResource(remote.ID) == nil {
			implied = append(implied, remote)
		}
	}
	for _, c := range p.cib.Config.Resources {
		switch {
		case isConnection(c):
			p.addRemoteNode(c.ID)
		case c.Kind == cib.Primitive:
			consider(c)
		case c.Kind == cib.Group:
			for _, m := range c.Children {
				consider(m)
			}
		}
	}
	for _, c := range implied {
		p.addRemoteNode(c.ID)
	}
	p.implied = implied
}

func (p *plan) addRemoteNode(id string) {
	if p.nodeByName[id] == nil {
		p.addNode(id, id, "remote")
	}
}

func isConnection(c *cib.Resource) bool {
	return c.Kind == cib.Primitive && c.Class == "ocf" && c.Provider == "pacemaker" && c.Type == "remote"
}

// impliedConnection is the connection resource of a guest node, nil if c
// brings none.
func impliedConnection(c *cib.Resource) *cib.Resource {
	values := map[string]string{"remote-connect-timeout": "60s"}
	for _, s := range c.Meta {
		for _, nv := range s.Pairs {
			values[nv.Name] = nv.Value
		}
	}
	name := values["remote-node"]
	if name == "" {
		return nil
	}
	pairs := []cib.NV{{Name: "internal_rsc", Value: "true"}, {Name: "container", Value: c.ID}}
	for _, m := range [][2]string{{"remote-allow-migrate", "allow-migrate"}, {"is-managed", "is-managed"}} {
		if v, ok := values[m[0]]; ok {
			pairs = append(pairs, cib.NV{Name: m[1], Value: v})
		}
	}
	r := &cib.Resource{
		ID: name, Kind: cib.Primitive, Class: "ocf", Provider: "pacemaker", Type: "remote",
		Meta: []cib.NVSet{{ID: name + "-meta_attributes", Pairs: pairs}},
		Ops: []cib.OpSpec{
			{ID: name + "-monitor-30s", Name: "monitor", Interval: "30s", Timeout: "30s"},
			{ID: name + "-start-0", Name: "start", Interval: "0", Timeout: values["remote-connect-timeout"]},
		},
	}
	var params []cib.NV
	for _, m := range [][2]string{{"remote-addr", "addr"}, {"remote-port", "port"}} {
		if v, ok := values[m[0]]; ok {
			params = append(params, cib.NV{Name: m[1], Value: v})
		}
	}
	if params != nil {
		r.Params = []cib.NVSet{{ID: name + "-instance_attributes", Pairs: params}}
	}
	return r
}

// linkRemote connects a connection resource with its node.
func (p *plan) linkRemote(r *resource) {
	if !r.isRemote {
		return
	}
	n := p.nodeByName[r.id]
	if n == nil {
		return
	}
	n.remote = r
	if r.container == nil {
		p.assumeUnseen(n)
	} else {
		n.attrs["#kind"] = "container"
	}
}

// remoteOnline derives a remote or guest node's state from its connection.
func (p *plan) remoteOnline(n *node) {
	r := n.remote
	if r == nil {
		n.online = false
		return
	}
	container := r.container
	var host *node
	if container != nil && len(r.running) == 1 {
		host = r.running[0]
	}
	if r.role == roleStarted {
		n.online = true
		n.shutdown = n.shutdown || r.next == roleStopped
	}
	switch {
	case container != nil && container.failed:
		n.online, n.remoteReset = false, true
	case r.failed:
		n.online = false
	case r.role == roleStopped || container != nil && container.role == roleStopped:
		n.online, n.remoteReset = false, false
	case host != nil && !host.online && host.unclean:
		n.online, n.remoteReset = false, true
	}
}

// remoteAttributes reads what the status says of a remote or guest node.
func (p *plan) remoteAttributes(n *node, s *cib.NodeState) {
	n.remoteMaintenance = leadingInt(s.InMaintenance) != 0
	if !n.remoteReset {
		n.unclean, n.unseen = false, false
	}
	p.addNodeAttributes(n, func(out map[string]string) {
		p.applySets(s.Attributes, ruleContext{}, out, "", true)
	})
	n.shutdown = n.shutdown || n.shutdownRequested()
	n.standby = n.standby || isTrue(n.attrs["standby"])
	if isTrue(n.attrs["maintenance"]) || n.remote != nil && !n.remote.managed {
		n.maintenance = true
	}
	if v := n.attrs["resource-discovery-enabled"]; v != "" && !isTrue(v) {
		n.noDiscovery = !n.isRemote() || p.options.fencing
	}
}

// guestsOn are the guest nodes whose connections run on host.
func (p *plan) guestsOn(host *node) []*node {
	var out []*node
	for _, r := range host.running {
		if r.isRemote && r.container != nil {
			out = append(out, p.nodeByName[r.id])
		}
	}
	return out
}
