package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// settleState draws the conclusions from a whole history: fencing of nodes
// that cannot be asked, recovery, and where the resource is active.
func (p *plan) settleState(st *historyState) {
	r, n, reaction := st.r, st.n, st.onFail
	if r.role != roleUnknown {
		for q := r; q != nil; q = q.parent {
			q.setKnown(n)
			if q.unique {
				break
			}
		}
	}
	if r.role > roleStopped && !n.online && !n.maintenance && r.managed {
		p.fenceHolder(r, n)
	}
	saved := reaction
	if n.unclean {
		reaction = failIgnore
	}
	p.react(st, reaction)
	if r.failed && r.isRemote {
		if m := p.nodeByName[r.id]; m != nil && m.unclean {
			m.unseen = false
		}
	}
	if r.role != roleStopped && r.role != roleUnknown {
		if r.orphan {
			p.warn("Detected active orphan %s running on %s", r.id, n.label())
		}
		p.addRunning(r, n, saved != failIgnore)
		switch reaction {
		case failIgnore:
		case failDemote, failBlock:
			r.failed = true
		default:
			r.failed, r.mustStop = true, true
		}
	} else if strings.Contains(r.historyName, ":") {
		r.historyName = ""
	} else {
		for _, stop := range r.findActions("stop", 0, n) {
			stop.set(actOptional)
		}
	}
	if r.role == roleStopped && r.partialSource == n && r.partialTarget != nil && len(r.running) > 0 {
		r.role = roleStarted
	}
}

// fenceHolder fences a node that holds a resource and cannot be asked to stop it.
func (p *plan) fenceHolder(r *resource, n *node) {
	reason := r.id + " is thought to be active there"
	switch {
	case n.isGuest():
		r.failed, r.mustStop = true, true
	case p.options.fencing:
		if n.isRemote() && n.remote != nil && !n.remote.failed {
			n.unseen = true
			reason = r.id + " is active there (fencing will be revoked if remote connection can be re-established elsewhere)"
		}
	default:
		return
	}
	p.fenceNode(n, reason, false)
}

func (p *plan) react(st *historyState, reaction onFail) {
	r, n := st.r, st.n
	active := r.role != roleStopped && r.role != roleUnknown
	switch reaction {
	case failDemote:
		r.failed = true
		r.demoteOn(n, false)
	case failFence:
		p.fenceNode(n, r.id+" failed there", false)
	case failStandby:
		n.standby, n.standbyOnFail = true, true
	case failBlock:
		r.managed, r.blocked = false, true
		r.noteAt(nil, blockedReason(st.lastFailure, n), 0)
	case failMigrate:
		p.scoreOn(r, n, cib.MinusInfinity)
		r.noteAt(n, onFailReason(st.lastFailure, n, "migrate"), minusInfinity)
	case failStop:
		r.next = roleStopped
		r.noteAt(nil, onFailReason(st.lastFailure, n, "stop"), minusInfinity)
	case failRecover:
		if active {
			r.failed, r.mustStop = true, true
			r.stopOn(n, false)
		}
	case failContainer:
		r.failed, r.mustStop = true, true
		switch {
		case r.container != nil && r.isBundled():
			p.stopNeeded = append(p.stopNeeded, r.container)
		case r.container != nil:
			r.container.stopOn(n, false)
		case active:
			r.stopOn(n, false)
		}
	case failRemote:
		p.resetRemote(r, n)
	}
}

func (p *plan) resetRemote(r *resource, n *node) {
	r.failed, r.mustStop = true, true
	if p.options.fencing && r.isRemote {
		if m := p.nodeByName[r.id]; m != nil && m.isRemote() && !m.remoteFenced {
			p.fenceNode(m, "remote connection is unrecoverable", false)
		}
	}
	if r.role > roleStopped {
		r.stopOn(n, false)
	}
	if r.reconnectMS != 0 {
		r.next = roleStopped
	}
}

// addRunning notes that a resource is active on a node, for what is around it
// as well, and decides what being active twice means.
func (p *plan) addRunning(r *resource, n *node, failed bool) {
	if r.runsOn(n) {
		return
	}
	r.running = append(r.running, n)
	if r.variant == primitive {
		n.running = append(n.running, r)
		if r.priority != 0 && !failed {
			p.addPriority(r, n)
		}
		if n.maintenance {
			r.managed = false
		}
	}
	if !r.managed {
		p.scoreOn(r, n, cib.Infinity)
		for q := r.parent; q != nil && n.online; q = q.parent {
			q.running = append(q.running, n)
		}
		return
	}
	if r.variant == primitive && r.activeCount() > 1 {
		switch r.multiple {
		case recoverStopOnly:
			r.noteAt(nil, Reason{Kind: ReasonMultiple, Detail: nodeNames(r.running), Value: "stop_only"}, minusInfinity)
			p.banEverywhere(r)
		case recoverBlock:
			r.managed, r.blocked = false, true
			r.noteAt(nil, Reason{Kind: ReasonMultiple, Detail: nodeNames(r.running), Value: "block"}, 0)
			if g := r.parent; g != nil && (g.variant == group || g.variant == bundle) && g.multiple == recoverBlock {
				for _, c := range g.children {
					c.managed, c.blocked = false, true
				}
			}
		}
	}
	if r.parent != nil {
		p.addRunning(r.parent, n, false)
	}
}

func (p *plan) addPriority(r *resource, n *node) {
	v := int(r.priority)
	if r.role == rolePromoted {
		v++
	}
	n.priority += v
	if n.isGuest() {
		for _, host := range n.remote.container.running {
			host.priority += v
		}
	}
}
