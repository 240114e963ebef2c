package policy

// Why an action that would be needed cannot be done.

// whyBlocked tells why an action cannot be done, if so.
func (p *plan) whyBlocked(a *action) (Reason, bool) { return p.blockedBecause(a, true) }

// heldBack is whyBlocked, or why an action can be begun and not succeed.
func (p *plan) heldBack(a *action) (Reason, bool) {
	if why := p.unfencedFirst(a); why != nil {
		return *why, true
	}
	return p.whyBlocked(a)
}

// blockedBecause is whyBlocked; deep says that the root of a chain of actions is
// told with it.
func (p *plan) blockedBecause(a *action, deep bool) (Reason, bool) {
	if a.is(actRunnable) {
		return Reason{}, false
	}
	if a.n != nil && !a.is(actOnDC) {
		if out := p.unusable(a.n); len(out) > 0 && (!a.n.online || a.n.pending) {
			return out[0], true
		}
	}
	switch o := &p.options; {
	case a.needs != needsNothing && !o.haveQuorum && (o.quorum == quorumStop || o.quorum == quorumFreeze || o.quorum == quorumDemote):
		return Reason{Kind: ReasonQuorum, Value: o.raw["no-quorum-policy"]}, true
	case a.n != nil && a.n.isGuest() && !p.canFence(a.n):
		return p.hostUnfenced(a.n), true
	case a.r != nil && !a.r.managed && a.task != "start":
		return a.r.unmanagedBecause(), true
	case a.whyAction != nil && a.whyFlag == actRunnable:
		return p.becauseOf(a, a.whyAction, a.whyFlag, deep), true
	case a.why != nil:
		return *a.why, true
	case a.r != nil && a.r.allocated == nil && a.r.variant == primitive:
		return a.r.nowhere(), true
	}
	if other := a.waitsFor(); other != nil {
		return p.becauseOf(a, other, actRunnable, deep), true
	}
	return Reason{Kind: ReasonCluster, Detail: firstText(a.reason, "it is not known where")}, true
}

// waitsFor is an input of a without which a cannot be done, and which cannot be
// done itself; nil if there is none.
func (a *action) waitsFor() *action {
	for _, l := range a.before {
		if !l.a.is(actRunnable) && l.flags&(ordRunnableFirst|ordImpliesThen|ordRestart) != 0 {
			return l.a
		}
	}
	return nil
}

// hostUnfenced says why a guest node's host, which must be fenced before the
// guest is certainly gone, cannot be.
func (p *plan) hostUnfenced(n *node) Reason {
	for _, host := range n.remote.container.running {
		if !host.online && !p.canFence(host) {
			return Reason{Kind: ReasonUnreachable, Node: host.name, Detail: p.whyNoFencing()}
		}
	}
	return Reason{Kind: ReasonUnreachable, Node: n.name, Detail: p.whyNoFencing()}
}

// nowhere sums up why r is to be on no node: the reason that the first usable
// node has, or else the first of all.
func (r *resource) nowhere() Reason {
	var best *Reason
	rank := -1
	for _, n := range r.p.nodes {
		why := r.against(n)
		if len(why) == 0 {
			continue
		}
		// A node that has another instance, or lives in a resource, says least.
		this := 2
		switch {
		case why[0].Kind == ReasonCloneFull || why[0].Kind == ReasonOnlyFor:
			this = 0
		case n.remote != nil:
			this = 1
		case n.usable():
			this = 3
		}
		if this > rank {
			best, rank = &why[0], this
		}
	}
	if best == nil {
		return Reason{Kind: ReasonCluster, Detail: "no node can take it"}
	}
	return *best
}

// root is where a chain of actions that wait for each other begins.
func (a *action) root() *action {
	for range 10 {
		switch {
		case a.whyAction != nil && a.whyFlag == actRunnable && a.r != nil:
			a = a.whyAction
		case a.why == nil && a.r != nil && a.waitsFor() != nil && a.r.allocated != nil:
			a = a.waitsFor()
		default:
			return a
		}
	}
	return a
}

// rootOf tells, where it is not simply an order again, why an action or what is
// behind a stage of a group or clone cannot be done.
func (p *plan) rootOf(a *action) string {
	if a.r == nil {
		return ""
	}
	text := ""
	tell := func(r *resource, why Reason) {
		if text == "" && why.Kind != ReasonCluster {
			why.Subject = firstText(why.Subject, r.id)
			text = why.String()
		}
	}
	a.r.walk(func(m *resource) {
		if m.variant == primitive && m.allocated == nil {
			tell(m, m.nowhere())
		}
	})
	a.r.walk(func(m *resource) {
		if b := m.newestAction(a.task, nil); m.variant == primitive && b != nil && text == "" {
			if why, blocked := p.blockedBecause(b, false); blocked {
				tell(m, why)
			}
		}
	})
	return text
}
