package policy

// createBundleActions creates what brings the parts of each replica where they
// are to be, and the pseudo actions around them.
func (r *resource) createBundleActions() {
	for _, c := range r.bundle.replicas {
		for _, part := range []*resource{c.ip, c.container, c.remote} {
			if part != nil {
				part.createActions()
			}
		}
	}
	r.createStages(r.instances())
	inner := r.bundle.inner
	if inner == nil {
		return
	}
	inner.createActions()
	if inner.promotable {
		for _, task := range [...]string{"promote", "demote"} {
			r.pseudo(task, true, true)
			r.pseudo(doneOf[task], true, true).priority = infinity
		}
	}
}

// probeBundle asks a node about the parts of each replica; about what runs
// inside, only the replica's own node can tell.
func (r *resource) probeBundle(n *node) bool {
	any := false
	for _, c := range r.bundle.replicas {
		if c.ip != nil && c.ip.probe(n) {
			any = true
		}
		if c.child != nil && c.node == n && c.child.probe(n) {
			any = true
		}
		if c.container.probe(n) {
			any = true
			r.orderAfterProbe(c)
		}
		if c.remote != nil && c.remote.probe(n) {
			any = true
			r.orderConnectionProbe(c, n)
		}
	}
	return any
}

// orderAfterProbe: with one replica a node, no other may start there before it
// is known whether this one runs there already.
func (r *resource) orderAfterProbe(c *replica) {
	if r.bundle.perNode != 1 {
		return
	}
	for _, other := range r.bundle.replicas {
		if other != c {
			r.p.orderKeys(c.container, "monitor", other.container, "start", ordOptional|ordSameNode)
		}
	}
}

// orderConnectionProbe: where a connection goes is known when its container
// runs.
func (r *resource) orderConnectionProbe(c *replica, n *node) {
	if list := c.remote.findActions("monitor", 0, n); len(list) > 0 {
		r.p.orderBefore(c.container, "start", list[0], ordProbe)
	}
}

// addBundleActions puts a bundle's actions into the graph, what is inside first.
func (p *plan) addBundleActions(r *resource) {
	if r.bundle.inner != nil {
		p.addResourceActions(r.bundle.inner)
	}
	for _, c := range r.bundle.replicas {
		for _, part := range []*resource{c.ip, c.container, c.remote} {
			if part != nil {
				p.addResourceActions(part)
			}
		}
	}
}
