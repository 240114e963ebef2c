package policy

import (
	"strconv"

	"kvmha/internal/cib"
)

// unpackBundle makes the resources that a bundle stands for.
func (r *resource) unpackBundle() bool {
	p := r.p
	if r.cfg.Bundle == nil || r.cfg.Bundle.Engine == "" {
		p.fault("Ignoring <bundle> resource '%s' without a container engine", r.id)
		return false
	}
	s := p.readBundle(r.cfg)
	r.bundle.image = s.image
	if s.perNode == 1 {
		r.unique = false
	}
	if len(r.cfg.Children) > 0 {
		if !r.unpackInner(s) {
			return false
		}
	} else {
		for i := range s.replicas {
			r.bundle.replicas = append(r.bundle.replicas, &replica{number: i})
		}
	}
	r.bundle.perNode = s.perNode
	r.assignAddresses(s)
	for _, c := range r.bundle.replicas {
		if !r.unpackReplica(s, c) {
			p.fault("Failed unpacking resource %s", r.id)
			return false
		}
	}
	if r.bundle.inner != nil {
		r.children = append(r.children, r.bundle.inner)
	}
	return true
}

// connectable: the cluster can reach what runs inside: by the containers' own
// addresses, or by a port of the host, which one container alone can have.
func (r *resource) connectable(s *bundleSpec) bool {
	if s.firstAddress != "" {
		return true
	}
	if s.controlPort == "" {
		r.p.fault("Cannot control %s inside %s without either ip-range-start or control-port", r.id, r.cfg.Children[0].ID)
		return false
	}
	if s.perNode > 1 {
		r.p.fault("Specifying the 'control-port' for %s requires 'replicas-per-host=1'", r.id)
		s.perNode = 1
	}
	return true
}

// unpackInner makes the clone of the primitive inside, and a replica for each
// of its instances.
func (r *resource) unpackInner(s *bundleSpec) bool {
	if !r.connectable(s) {
		return false
	}
	inner := r.p.unpackResource(s.innerClone(r.cfg.Children[0]), r, -1)
	if inner == nil {
		return false
	}
	s.addConnection()
	r.bundle.inner = inner
	const target = "container-attribute-target"
	for i, child := range inner.children {
		child.exclusiveDiscovery = true
		inner.notify = inner.notify || child.notify
		r.bundle.replicas = append(r.bundle.replicas, &replica{number: i, child: child})
		if v, set := child.meta[target]; set {
			r.meta[target], inner.meta[target] = v, v
		}
	}
	return true
}

// innerClone is the configuration of the clone inside. Its name says "master"
// when it is promotable, as histories of clusters that run do.
func (s *bundleSpec) innerClone(child *cib.Resource) *cib.Resource {
	id := s.id + "-clone"
	pairs := []cib.NV{
		{Name: "ordered", Value: "true"}, {Name: "clone-max", Value: strconv.Itoa(s.replicas)},
		{Name: "clone-node-max", Value: strconv.Itoa(s.perNode)},
		{Name: "globally-unique", Value: strconv.FormatBool(s.perNode > 1)},
	}
	if s.promotedMax > 0 {
		id = s.id + "-master"
		pairs = append(pairs, cib.NV{Name: "promotable", Value: "true"},
			cib.NV{Name: "promoted-max", Value: strconv.Itoa(s.promotedMax)})
	}
	return &cib.Resource{
		ID: id, Kind: cib.Clone, Children: []*cib.Resource{child},
		Meta: []cib.NVSet{{ID: id + "-meta", Pairs: pairs}},
	}
}

// assignAddresses gives the replicas consecutive addresses.
func (r *resource) assignAddresses(s *bundleSpec) {
	if s.firstAddress == "" {
		return
	}
	address := s.firstAddress
	for _, c := range r.bundle.replicas {
		if address == "" {
			r.p.fault("%s: no address is left for replica %d after ip-range-start %s", r.id, c.number, s.firstAddress)
			return
		}
		c.address = address
		s.addHostEntry(c)
		address = nextAddress(address)
	}
}

// unpackReplica makes a replica's container and what goes with it.
func (r *resource) unpackReplica(s *bundleSpec, c *replica) bool {
	p := r.p
	if c.container = p.unpackResource(s.container(c), r, -1); c.container == nil {
		return false
	}
	r.children = append(r.children, c.container)
	if c.address != "" {
		if c.ip = p.unpackResource(s.address(c), r, -1); c.ip == nil {
			return false
		}
		r.children = append(r.children, c.ip)
	}
	if c.child == nil {
		return true
	}
	if !r.unpackConnection(s, c) {
		return false
	}
	if c.address != "" {
		c.child.meta["external-ip"] = c.address
	}
	// Only the primitive can be given a utilization, but the container is what
	// uses the node.
	c.container.utilization, c.child.utilization = c.child.utilization, c.container.utilization
	c.container.utilizationNames, c.child.utilizationNames = c.child.utilizationNames, c.container.utilizationNames
	return true
}

// unpackConnection makes the connection to a replica, and the guest node that
// the container is by it. Nothing but the replica's child may run there.
func (r *resource) unpackConnection(s *bundleSpec, c *replica) bool {
	p := r.p
	cfg := s.connection(c, s.replicaName(c))
	if p.findResource(cfg.ID) != nil {
		cfg = s.connection(c, "pcmk-internal-"+c.child.id+"-remote-"+strconv.Itoa(c.number))
	}
	n := p.nodeByName[cfg.ID]
	if n == nil {
		n = p.addNode(cfg.ID, cfg.ID, "remote")
	}
	n.score, n.mode = minusInfinity, discoverNever
	for _, other := range p.resources {
		other.shutOut(n)
	}
	c.node = n
	c.child.allowed = nil
	c.child.allowed.set(&place{node: n, score: 500, mode: discoverExclusive})
	c.child.parent.allowed.set(&place{node: n, score: minusInfinity, mode: discoverExclusive})
	if c.remote = p.unpackResource(cfg, r, -1); c.remote == nil {
		return false
	}
	for _, pl := range c.remote.allowed.list() {
		if pl.kind == remoteNode {
			pl.score = minusInfinity
		}
	}
	n.remote, n.attrs["#kind"] = c.remote, "container"
	c.remote.container = c.container
	// The container may run on a remote node, which cannot have connections:
	// so this one need not be where the container is.
	c.remote.allowRemoteRemote = true
	r.children = append(r.children, c.remote)
	return true
}

// shutOut forbids a node to r and all that is in it, where they know it.
func (r *resource) shutOut(n *node) {
	r.walk(func(m *resource) {
		if pl := m.allowed.get(n); pl != nil {
			pl.score, pl.mode = minusInfinity, discoverNever
		}
	})
}

// connection is the configuration of a replica's connection.
func (s *bundleSpec) connection(c *replica, id string) *cib.Resource {
	params := []cib.NV{
		{Name: "addr", Value: firstText(c.address, hostAddress)},
		{Name: "port", Value: firstText(s.controlPort, remotePort)},
	}
	meta := []cib.NV{{Name: "internal_rsc", Value: "true"}, {Name: "container", Value: c.container.id}}
	return &cib.Resource{
		ID: id, Kind: cib.Primitive, Class: "ocf", Provider: "pacemaker", Type: "remote",
		Meta:   []cib.NVSet{{ID: id + "-meta_attributes", Pairs: meta}},
		Params: []cib.NVSet{{ID: id + "-instance_attributes", Pairs: params}},
		Ops:    []cib.OpSpec{{ID: id + "-monitor-30s", Name: "monitor", Interval: "30s", Timeout: "30s"}},
	}
}
