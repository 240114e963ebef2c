package conformance

// makeRemote adds a remote node and the resource that connects it.
func (c *cluster) makeRemote() {
	p := &primitive{id: c.id("far"), class: "ocf", provider: "pacemaker", kind: "remote", instances: 1, nearby: true}
	p.params.put("server", c.maybe(0.7, "192.0.2.9"))
	p.params.put("reconnect_interval", c.maybe(0.2, "60"))
	p.ops = []operation{{name: "monitor", interval: 60, timeout: 30}}
	c.primitives = append(c.primitives, p)
	c.resources.add(el("primitive", "id", p.id, "class", p.class, "provider", p.provider, "type", p.kind).add(
		c.nvset("instance_attributes", p.id+"-params", p.params, nil), c.operationsElement(p)))
	c.addNode(&host{id: p.id, name: p.id, kind: "remote", connection: p})
	if c.chance(0.3) {
		c.tops = append(c.tops, &top{id: p.id, ends: []*primitive{p}})
	}
}

// makeGuest adds a virtual machine that is a node, too.
func (c *cluster) makeGuest() {
	vm := &primitive{id: c.id("vm"), class: "ocf", provider: "heartbeat", kind: "VirtualDomain", instances: 1, nearby: true}
	vm.params.put("config", "/etc/vm/"+vm.id)
	vm.migrates = c.chance(0.3)
	if c.on["monitors"] {
		vm.ops = []operation{{name: "monitor", interval: 30, timeout: 20}}
	}
	name := c.id("guest")
	var meta pairs
	meta.put("remote-node", name)
	meta.put("remote-addr", c.maybe(0.5, "192.0.2.20"))
	meta.put("remote-port", c.maybe(0.2, "3131"))
	meta.put("remote-connect-timeout", c.maybe(0.2, "25s"))
	meta.put("remote-allow-migrate", c.maybe(0.2, "false", "true"))
	if vm.migrates {
		meta.put("allow-migrate", "true")
	}
	c.primitives = append(c.primitives, vm)
	c.resources.add(el("primitive", "id", vm.id, "class", vm.class, "provider", vm.provider, "type", vm.kind).add(
		c.nvset("instance_attributes", vm.id+"-params", vm.params, nil), c.nvset("meta_attributes", vm.id+"-meta", meta, nil), c.operationsElement(vm)))
	c.tops = append(c.tops, &top{id: vm.id, ends: []*primitive{vm}})
	c.addGuest(name, vm)
}

// addGuest adds a node that lives in a container, and the connection to it
// that the cluster makes by itself.
func (c *cluster) addGuest(name string, container *primitive) {
	connection := &primitive{id: name, class: "ocf", provider: "pacemaker", kind: "remote", instances: 1, nearby: true, implied: true, after: container}
	connection.ops = []operation{{name: "monitor", interval: 30, timeout: 30}}
	c.primitives = append(c.primitives, connection)
	c.addNode(&host{id: name, name: name, kind: "guest", connection: connection})
}

// connect lets a remote or guest node live if its connection runs somewhere.
func (c *cluster) connect(p *primitive) {
	for _, h := range c.nodes {
		if h.connection == p {
			h.fate = "off"
			if len(p.on) > 0 {
				h.fate = "online"
			}
		}
	}
}
