package policy

// constrainBundle orders and colocates the parts of a bundle among themselves:
// the address, then the container on its node, then the connection to it, then
// what runs inside.
func (r *resource) constrainBundle() {
	p, inner := r.p, r.bundle.inner
	if inner != nil {
		p.orderKeys(r, "start", inner, "start", ordFirstPrinted)
		p.orderKeys(r, "stop", inner, "stop", ordFirstPrinted)
		p.orderKeys(inner, "running", r, "running", ordThenPrinted)
		p.orderKeys(inner, "stopped", r, "stopped", ordThenPrinted)
	}
	for _, c := range r.bundle.replicas {
		r.constrainReplica(c)
	}
	if inner == nil {
		return
	}
	inner.internalConstraints()
	if inner.promotable {
		r.orderStages()
		p.orderKeys(inner, "demoted", r, "demoted", ordThenPrinted)
		p.orderKeys(r, "demote", inner, "demote", ordFirstPrinted)
		p.orderKeys(inner, "promoted", r, "promoted", ordThenPrinted)
		p.orderKeys(r, "promote", inner, "promote", ordFirstPrinted)
	}
}

func (r *resource) constrainReplica(c *replica) {
	p := r.p
	c.container.internalConstraints()
	p.orderKeys(r, "start", c.container, "start", ordRunnableFirst|ordFirstPrinted)
	if c.child != nil {
		p.orderKeys(r, "stop", c.child, "stop", ordFirstPrinted)
	}
	p.orderKeys(r, "stop", c.container, "stop", ordFirstPrinted)
	p.orderKeys(c.container, "start", r, "running", ordThenPrinted)
	p.orderKeys(c.container, "stop", r, "stopped", ordThenPrinted)
	if c.ip != nil {
		c.ip.internalConstraints()
		p.orderKeys(c.ip, "start", c.container, "start", ordRunnableFirst|ordPreserve)
		p.orderKeys(c.container, "stop", c.ip, "stop", ordImpliesFirst|ordPreserve)
		p.addColocation(&colocation{id: "ip-with-docker", dependent: c.ip, primary: c.container, score: infinity, influence: true})
	}
	if c.remote != nil {
		// That the connection follows the container, and what is inside the
		// connection, holds for all guest nodes.
		c.remote.internalConstraints()
	}
}

// bundleFlags follow from the containers, or, for what only happens inside of
// them, from the instances there.
func (r *resource) bundleFlags(a *action, n *node) actFlag {
	if r.bundle.inner != nil {
		switch knownTask(a.task) {
		case "start", "running", "stop", "stopped", "monitor":
		default:
			return r.stageFlags(a, r.bundle.inner.children, n)
		}
	}
	return r.stageFlags(a, r.instances(), n)
}
