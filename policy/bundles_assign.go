package policy

import "slices"

// assignBundle gives the containers their nodes as a clone does with its
// instances, then places what belongs to each, then the clone inside.
func (r *resource) assignBundle(prefer *place) {
	r.assigning = true
	r.p.showScores("pcmk__bundle_allocate", r)
	nodes := r.p.sortTable(r.allowed, nil)
	containers := r.instances()
	k := keptScores{}
	mergeSort(containers, k.compare)
	r.distribute(containers, nodes, len(r.bundle.replicas), r.bundle.perNode)
	for _, c := range r.bundle.replicas {
		r.assignReplica(c, prefer)
	}
	if inner := r.bundle.inner; inner != nil {
		for _, pl := range inner.allowed.list() {
			pl.score = minusInfinity
			if r.replicaIn(pl.node) != nil {
				pl.score = 0
			}
		}
		inner.assign(prefer)
	}
	r.assigning, r.provisional = false, false
}

// assignReplica places what belongs to a container: its address and connection
// as their colocations say, its child inside of it.
func (r *resource) assignReplica(c *replica, prefer *place) {
	p := r.p
	if c.ip != nil {
		c.ip.assign(prefer)
	}
	if c.remote == nil {
		return
	}
	if host := c.container.allocated; host != nil && host.kind == remoteNode && host.remote != nil {
		// A remote node's daemon has one connection: what goes through it
		// must come from the same cluster node.
		p.addColocation(&colocation{id: "child-remote-with-docker-remote", dependent: c.remote, primary: host.remote,
			score: infinity, influence: true})
	}
	c.remote.assign(prefer)
	for _, pl := range c.child.allowed.list() {
		if pl.node != c.node {
			pl.score = minusInfinity
		} else if p.thresholdReached(c.child, pl.node) == nil {
			pl.score = infinity
		}
	}
	c.child.parent.assigning = true
	c.child.assign(&place{node: c.node, score: 500})
	c.child.parent.assigning = false
}

// colocateWithBundle places a primitive relative to a bundle's containers.
func (c *colocation) colocateWithBundle(dependent, primary *resource) {
	switch {
	case primary.provisional:
		return
	case c.dependent.variant > group:
		if with := primary.compatible(dependent, roleUnknown, false); with != nil {
			c.applyDependent(dependent, with)
		} else if c.score >= infinity {
			dependent.assignAll(nil, true)
			dependent.follow(c, primary)
		}
		return
	case c.score < infinity:
		for _, container := range primary.instances() {
			c.applyPrimary(dependent, container)
		}
		return
	}
	var on []*place
	for _, rep := range primary.bundle.replicas {
		pl := rep.container.where()
		if pl == nil || rep.container.anyBlocked() ||
			c.primaryRole >= rolePromoted && (rep.child == nil || rep.child.next < rolePromoted) {
			continue
		}
		on = append(on, pl)
	}
	dependent.limitTo(slices.Clip(on), false)
	dependent.follow(c, primary)
}

// applyLocationToBundle: a bundle's location is that of its containers; only
// who is promoted is a matter of the clone inside.
func (r *resource) applyLocationToBundle(l *location, nodes []*place) {
	for _, c := range r.bundle.replicas {
		c.container.applyLocation(l, nodes)
		if c.ip != nil {
			c.ip.applyLocation(l, nodes)
		}
	}
	if inner := r.bundle.inner; inner != nil && (l.role == roleUnpromoted || l.role == rolePromoted) {
		inner.applyLocation(l, nodes)
		inner.locations = append(inner.locations, l)
	}
}
