package conformance

import (
	"fmt"
	"strconv"
)

// makeRemote adds a remote node and the resource that connects it.
func (c *cluster) makeRemote() {
	p := &primitive{id: c.id("far"), class: "ocf", provider: "pacemaker", kind: "remote", instances: 1, nearby: true}
	p.params.put("server", c.maybe(0.7, "192.0.2.9"))
	p.params.put("reconnect_interval", c.maybe(0.2, "60"))
	p.ops = []operation{{"monitor", "", 60, 30}}
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
		vm.ops = []operation{{"monitor", "", 30, 20}}
	}
	name := c.id("guest")
	var meta pairs
	meta.put("remote-node", name)
	meta.put("remote-addr", c.maybe(0.5, "192.0.2.20"))
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
	connection.ops = []operation{{"monitor", "", 30, 30}}
	c.primitives = append(c.primitives, connection)
	c.addNode(&host{id: name, name: name, kind: "guest", connection: connection})
}

// makeBundle adds replicas of a container, some with a resource in them.
func (c *cluster) makeBundle() {
	id, engine, replicas := c.id("bun"), c.pick("podman", "docker"), 1+c.r.IntN(3)
	container := el(engine, "image", "localhost/app:1", "replicas", strconv.Itoa(replicas), "replicas-per-host", c.maybe(0.2, "2"))
	network := el("network", "ip-range-start", c.maybe(0.6, "192.0.2.100"))
	storage := el("storage").add(el("storage-mapping", "id", id+"-store", "source-dir", "/srv/"+id, "target-dir", "/srv"))
	e := el("bundle", "id", id).add(container, network, storage)
	var child *primitive
	if c.chance(0.7) {
		multiple := "anonymous"
		if c.chance(0.5) {
			multiple = "promotable"
			container.set("promoted-max", c.pick("1", "2"))
		}
		network.set("control-port", "3121")
		child = c.newPrimitive("inner", multiple, replicas)
		c.primitives = c.primitives[:len(c.primitives)-1]
		child.class, child.provider, child.nearby = "ocf", "pacemaker", false
		child.kind = map[string]string{"anonymous": "Dummy", "promotable": "Stateful"}[multiple]
		e.add(c.primitiveElement(child))
	}
	e.add(c.nvset("meta_attributes", id+"-meta", c.preferences("bundle"), nil))
	if len(network.attrs) == 0 {
		network.set("host-interface", "eth0")
	}
	c.resources.add(e)
	c.tops = append(c.tops, &top{id: id, multiple: true, promotable: container.attr("promoted-max") != "", ends: []*primitive{{id: id}}})
	for i := range replicas {
		implied := func(name, provider, kind string) *primitive {
			p := &primitive{id: name, class: "ocf", provider: provider, kind: kind, instances: 1, nearby: true, implied: true}
			p.ops = []operation{{"monitor", "", 60, 20}}
			c.primitives = append(c.primitives, p)
			return p
		}
		box := implied(fmt.Sprintf("%s-%s-%d", id, engine, i), "heartbeat", engine)
		if network.attr("ip-range-start") != "" {
			implied(fmt.Sprintf("%s-ip-192.0.2.%d", id, 100+i), "heartbeat", "IPaddr2").after = box
		}
		if child != nil {
			c.addGuest(fmt.Sprintf("%s-%d", id, i), box)
		}
	}
	if child != nil {
		child.inside = id + "-"
		c.primitives = append(c.primitives, child)
	}
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
