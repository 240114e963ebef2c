package policy

import (
	"kvmha/internal/cib"
)

// unpackStatus reads tickets, the nodes' states, then the nodes' histories.
// The history of a remote node is read when it is known that its connection is
// up, so the list is gone through until nothing new turns up.
func (p *plan) unpackStatus() {
	for i := range p.cib.Status.Tickets {
		t := &p.cib.Status.Tickets[i]
		p.tickets[t.ID] = &ticket{id: t.ID, granted: t.Granted, standby: t.Standby}
	}
	for i := range p.cib.Status.Nodes {
		p.unpackNodeState(&p.cib.Status.Nodes[i])
	}
	for p.unpackHistories(false) {
	}
	p.unpackHistories(p.options.fencing)
	for i := len(p.stopNeeded) - 1; i >= 0; i-- {
		if r := p.stopNeeded[i]; r.current() != nil {
			r.stopOn(r.current(), false)
		}
	}
	for _, n := range p.nodes {
		if n.kind != remoteNode {
			continue
		}
		if n.shutdown && n.remote != nil {
			n.remote.next = roleStopped
		}
		if !n.historyRead {
			p.remoteOnline(n)
		}
	}
}

func (p *plan) unpackNodeState(s *cib.NodeState) {
	n := p.findNode(s.ID, s.Uname)
	if n == nil || s.ID == "" || s.Uname == "" {
		if n == nil && s.Uname != "" {
			p.warn("Ignoring recorded node state for '%s' because it is no longer in the configuration", s.Uname)
		}
		return
	}
	n.state = s
	if n.kind == remoteNode {
		n.remoteFenced = leadingInt(s.NodeFenced) != 0
		return
	}
	p.addNodeAttributes(n, func(out map[string]string) {
		p.applySets(s.Attributes, ruleContext{}, out, "", true)
	})
	n.standby = n.standby || isTrue(n.attrs["standby"])
	n.maintenance = n.maintenance || isTrue(n.attrs["maintenance"])
	n.unclean, n.unseen, n.why = false, false, ""
	p.nodeOnline(n, s)
	if !p.options.haveQuorum && n.online && p.options.quorum == quorumSuicide {
		p.fenceNode(n, "cluster does not have quorum", false)
	}
}

// shutdownRequested: the transient attribute shutdown is set and not 0.
func (n *node) shutdownRequested() bool {
	v, set := n.attrs["shutdown"]
	return set && v != "0"
}

func (p *plan) nodeOnline(n *node, s *cib.NodeState) {
	n.shutdown = n.shutdownRequested()
	n.expectedUp = !n.shutdown && s.Expected == "member"
	online := false
	switch {
	case n.kind == pingNode:
		n.unclean = false
	case p.options.fencing:
		online = p.onlineWithFencing(n, s)
	default:
		online = p.onlineWithoutFencing(n, s)
	}
	n.online = n.online || online
	if !online || n.shutdown {
		n.score = cib.MinusInfinity
	}
}

func (p *plan) onlineWithoutFencing(n *node, s *cib.NodeState) bool {
	switch {
	case !s.InCCM:
	case s.Crmd:
		return s.Join == "member"
	case n.expectedUp:
		p.fenceNode(n, "peer is unexpectedly down", false)
	}
	return false
}

// onlineWithFencing decides what a node is that can be fenced: what is not
// clearly a member or clearly down is unclean.
func (p *plan) onlineWithFencing(n *node, s *cib.NodeState) bool {
	terminate := isTrue(n.attrs["terminate"]) || leadingInt(n.attrs["terminate"]) != 0
	expected := s.Expected
	if expected == "" {
		expected = "down"
	}
	online := s.InCCM
	pending := func() { n.standby, n.pending = true, true }
	switch {
	case n.shutdown:
		online = s.Crmd
	case !s.HasInCCM:
		p.fenceNode(n, "peer has not been seen by the cluster", false)
	case s.Join == "banned":
		p.fenceNode(n, "peer failed Pacemaker membership criteria", false)
	case !terminate && expected == "down":
		if s.InCCM || s.Crmd {
			pending()
		}
	case terminate && s.Join == "down" && !s.InCCM && !s.Crmd:
		online = false
	case !s.InCCM:
		p.fenceNode(n, "peer is no longer part of the cluster", true)
	case !s.Crmd:
		p.fenceNode(n, "peer process is no longer available", false)
	case terminate:
		p.fenceNode(n, "termination was requested", false)
	case s.Join == "member":
	case s.Join == "pending" || s.Join == "down":
		pending()
	default:
		p.fenceNode(n, "peer was in an unknown state", false)
	}
	return online
}

// unpackHistories reads the histories of nodes whose state is known; all says
// that the others are to be read as well. It reports whether it read any.
func (p *plan) unpackHistories(all bool) bool {
	read := false
	for i := range p.cib.Status.Nodes {
		s := &p.cib.Status.Nodes[i]
		n := p.findNode(s.ID, s.Uname)
		if n == nil || n.historyRead || !all && !p.historyReadable(n) {
			continue
		}
		if n.kind == remoteNode {
			p.remoteOnline(n)
			p.remoteAttributes(n, s)
		}
		n.historyRead = true
		n.state = s
		p.unpackHistory(n, s)
		read = true
	}
	return read
}

func (p *plan) historyReadable(n *node) bool {
	r := n.remote
	switch {
	case n.isGuest():
		return r.role == roleStarted && r.container.role == roleStarted
	case n.kind == remoteNode:
		return r != nil && (p.options.shutdownLock || r.role == roleStarted)
	}
	return p.options.fencing || p.options.shutdownLock || n.online
}

// fenceNode marks a node as to be fenced, the first reason given being the one
// that is told. A guest node is fenced by recovering what it runs in.
func (p *plan) fenceNode(n *node, reason string, delay bool) {
	switch {
	case n.isGuest():
		c := n.remote.container
		if !c.failed && c.managed {
			n.remoteReset = true
			c.failed, c.mustStop = true, true
			c.noteAt(nil, Reason{Kind: ReasonGuestLost, Node: n.name, Detail: reason}, 0)
		}
	case n.kind == remoteNode && n.remote != nil && n.remote.orphanFiller:
		n.remote.failed, n.remote.mustStop = true, true
	case n.kind == remoteNode:
		if n.remote == nil || n.remote.managed {
			n.remoteReset = true
		}
		n.markUnclean(reason)
		p.fenceAction(n, "", true, reason, false)
	case n.unclean:
	default:
		n.markUnclean(reason)
		p.fenceAction(n, "", true, reason, delay)
	}
}

func (n *node) markUnclean(reason string) {
	if !n.unclean || n.why == "" {
		n.why = reason
	}
	n.unclean = true
}

// canFence: fencing is on, there is a device, and we may use it. A guest is
// fenced with its hosts.
func (p *plan) canFence(n *node) bool { return p.canFenceWithin(n, len(p.nodes)) }

// canFenceWithin is canFence where a guest's host may be a guest, at most so many
// times: a history may say that guests are inside of each other.
func (p *plan) canFenceWithin(n *node, guests int) bool {
	if n != nil && n.isGuest() {
		for _, host := range n.remote.container.running {
			if !host.online && (guests == 0 || !p.canFenceWithin(host, guests-1)) {
				return false
			}
		}
		return true
	}
	o := &p.options
	return o.fencing && p.haveFencing &&
		(o.haveQuorum || o.quorum == quorumIgnore || n != nil && n.online)
}
