package policy

// applyShutdownLocks keeps resources of nodes that were shut down cleanly for
// those nodes ("Pacemaker Explained, shutdown-lock").
func (p *plan) applyShutdownLocks() {
	if !p.options.shutdownLock {
		return
	}
	for _, r := range p.resources {
		p.lockToNode(r)
	}
}

func (p *plan) lockToNode(r *resource) {
	switch r.variant {
	case group:
		for _, m := range r.children {
			p.lockToNode(m)
		}
		return
	case clone, bundle:
		return
	}
	if r.class == "stonith" || r.class == "" || r.isRemoteConnection() {
		return
	}
	if r.lockNode != nil {
		if len(r.running) > 0 {
			p.newAction(r, "lrm_delete", 0, r.lockNode, false).because(Reason{Kind: ReasonHistory, Node: r.lockNode.name, Detail: "its shutdown lock is void, because it is active"})
			r.lockNode, r.lockTime = nil, 0
		}
	} else if len(r.running) == 1 {
		if n := r.running[0]; n.shutdown && !n.unclean {
			r.lockNode, r.lockTime = n, leadingInt(n.attrs["shutdown"])
			if r.lockTime == 0 {
				r.lockTime = p.now.Unix()
			}
		}
	}
	if r.lockNode == nil {
		return
	}
	if p.options.lockLimit > 0 {
		p.recheckAt(r.lockTime + p.options.lockLimit + 1)
	}
	for _, n := range p.nodes {
		if n != r.lockNode {
			p.scoreOn(r, n, minusInfinity)
		}
	}
	r.noteElsewhere(r.lockNode, Reason{Kind: ReasonLock, Other: r.lockNode.name}, minusInfinity)
}

// locked: the action happens under a shutdown lock, which it must carry on.
func (a *action) locked() bool {
	return a.r != nil && a.r.lockNode != nil && a.n == a.r.lockNode && (!a.n.shutdown || a.task == "stop")
}
