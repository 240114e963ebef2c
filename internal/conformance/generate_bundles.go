package conformance

import (
	"fmt"
	"strconv"
	"strings"
)

// makeBundle adds replicas of a container, some with a resource in them.
func (c *cluster) makeBundle() {
	id, engine, replicas := c.id("bun"), c.pick("podman", "docker", "podman", "docker", "rkt"), 1+c.r.IntN(3)
	container := el(engine, "image", "localhost/app:1", "replicas", strconv.Itoa(replicas), "replicas-per-host", c.maybe(0.2, "2"),
		"network", c.maybe(0.15, "host", "bridge"), "options", c.maybe(0.15, "--log-driver=journald"), "run-command", c.maybe(0.15, "/bin/serve --all"))
	network := c.network(id, replicas)
	e := el("bundle", "id", id).add(container, network, c.storage(id))
	var child *primitive
	if c.chance(0.7) {
		child = c.inBundle(e, container, replicas)
		if network.attr("ip-range-start") == "" && network.attr("control-port") == "" {
			network.set("control-port", "3121")
		}
	}
	e.add(c.nvset("meta_attributes", id+"-meta", c.preferences("bundle"), nil))
	if len(network.attrs) == 0 {
		network.set("host-interface", "eth0")
	}
	c.resources.add(e)
	c.tops = append(c.tops, &top{id: id, multiple: true, promotable: container.attr("promoted-max") != "" || container.attr("masters") != "",
		ends: []*primitive{{id: id}}})
	for i := range replicas {
		c.addReplica(id, engine, i, network, child != nil)
	}
	if child != nil {
		child.inside = id + "-"
		c.primitives = append(c.primitives, child)
	}
}

// inBundle adds the primitive that runs in the containers.
func (c *cluster) inBundle(bundle, container *element, replicas int) *primitive {
	multiple := "anonymous"
	if c.chance(0.5) {
		multiple = "promotable"
		container.set(c.pick("promoted-max", "promoted-max", "masters"), c.pick("1", "2"))
	}
	p := c.newPrimitive("inner", multiple, replicas)
	c.primitives = c.primitives[:len(c.primitives)-1]
	p.class, p.provider, p.nearby = "ocf", "pacemaker", false
	p.kind = map[string]string{"anonymous": "Dummy", "promotable": "Stateful"}[multiple]
	bundle.add(c.primitiveElement(p))
	return p
}

// addReplica adds the resources that the cluster makes of one container.
func (c *cluster) addReplica(id, engine string, number int, network *element, node bool) {
	implied := func(name, provider, kind string) *primitive {
		p := &primitive{id: name, class: "ocf", provider: provider, kind: kind, instances: 1, nearby: true, implied: true}
		p.ops = []operation{{name: "monitor", interval: 60, timeout: 20}}
		c.primitives = append(c.primitives, p)
		return p
	}
	box := implied(fmt.Sprintf("%s-%s-%d", id, engine, number), "heartbeat", engine)
	if first := network.attr("ip-range-start"); first != "" {
		implied(id+"-ip-"+strings.ReplaceAll(addressAfter(first, number), ":", "."), "heartbeat", "IPaddr2").after = box
	}
	if node {
		c.addGuest(fmt.Sprintf("%s-%d", id, number), box)
	}
}

// addressAfter is the address of a replica as the reference counts: behind
// x.x.x.254 follows the first of the next net.
func addressAfter(first string, number int) string {
	var net, host int
	if n, _ := fmt.Sscanf(first, "192.0.%d.%d", &net, &host); n != 2 {
		return first
	}
	for range number {
		if host++; host > 254 {
			net, host = net+1, 1
		}
	}
	return fmt.Sprintf("192.0.%d.%d", net, host)
}

func (c *cluster) network(id string, replicas int) *element {
	first := []string{"192.0.2.100", "192.0.2.100", "192.0.2.253"}
	if replicas == 1 {
		// Nobody counts on from it.
		first = append(first, "2001:db8::1")
	}
	n := el("network", "ip-range-start", c.maybe(0.6, first...), "control-port", c.maybe(0.2, "3121", "9999"),
		"host-interface", c.maybe(0.25, "eth0", "bond1"), "host-netmask", c.maybe(0.25, "24", "32"), "add-host", c.maybe(0.25, "true", "false"))
	for range c.r.IntN(3) {
		m := el("port-mapping", "id", c.id(id+"-port"))
		switch c.r.IntN(3) {
		case 0:
			m.set("port", "80")
		case 1:
			m.set("port", "443")
			m.set("internal-port", "8443")
		default:
			m.set("range", "7000-7010")
		}
		n.add(m)
	}
	return n
}

func (c *cluster) storage(id string) *element {
	if c.chance(0.3) {
		return nil
	}
	s := el("storage")
	for range 1 + c.r.IntN(2) {
		s.add(el("storage-mapping", "id", c.id(id+"-store"), c.pick("source-dir", "source-dir-root"), "/srv/"+id,
			"target-dir", c.pick("/srv", "/data", "/var/log"), "options", c.maybe(0.4, "rw", "ro,Z")))
	}
	return s
}
