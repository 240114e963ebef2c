package policy

import (
	"sort"

	"kvmha/internal/cib"
)

// assign gives r its node, and before it to what r must be with. prefer is a
// node to take if it is as good as any.
func (r *resource) assign(prefer *place) *place {
	switch r.variant {
	case group:
		return r.assignGroup(prefer)
	case clone:
		r.assignClone(prefer)
		return nil
	case bundle:
		r.assignBundle(prefer)
		return nil
	}
	return r.assignPrimitive(prefer)
}

func (r *resource) assignPrimitive(prefer *place) *place {
	p := r.p
	if r.parent != nil && !r.parent.assigning {
		r.parent.assign(prefer)
	}
	if !r.provisional {
		return r.allocated
	}
	if r.assigning {
		// Two resources depend on each other: the second decides alone.
		return nil
	}
	r.assigning = true
	for _, c := range append([]*colocation(nil), r.thisWith...) {
		r.followPrimary(c)
	}
	for _, c := range append([]*colocation(nil), r.withThis...) {
		if c.influences(nil) {
			f := float32(c.score) / float32(infinity)
			r.allowed, _ = c.dependent.addColocatedScores(r.allowed, true, c.attr, f, selectActive)
		}
	}
	switch {
	case r.next == roleStopped:
		p.scoreEverywhere(r, minusInfinity)
	case r.next > r.role && !p.options.haveQuorum && p.options.quorum == quorumFreeze:
		r.next = r.role
	}
	p.showScores("pcmk__primitive_assign", r)
	if p.options.fencing && !p.haveFencing {
		r.managed = false
	}
	switch {
	case !r.managed:
		r.next = r.role
		var stay *place
		if n := r.current(); n != nil {
			stay = &place{node: n, score: n.score}
		}
		r.finish(stay, true)
	case p.options.stopAll:
		r.finish(nil, true)
		r.explain("stop-all-resources is set")
	default:
		r.assignBest(prefer)
	}
	r.assigning = false
	if r.isRemote {
		p.connectionAssigned(r)
	}
	return r.allocated
}

// followPrimary assigns what r is colocated with, then lets that act on r. A
// mere wish does not leave r without a node.
func (r *resource) followPrimary(c *colocation) {
	var saved table
	if c.dependentRole >= rolePromoted || c.score < 0 && c.score > minusInfinity {
		saved = r.allowed.copy()
	}
	c.primary.assign(nil)
	c.applyDependent(r, c.primary)
	if saved != nil && !r.allowed.anyAvailable() {
		r.allowed = saved
	}
}

// assignBest takes the best node: the highest score, then, among equals, the
// one that has least to do, then the one r is on, then the first by name.
func (r *resource) assignBest(prefer *place) {
	if free := r.p.limitByCapacity(r); prefer == nil {
		prefer = free
	}
	list := r.p.sortPlaces(r.allowed.list(), r.current())
	var chosen *place
	if prefer != nil && len(list) > 0 {
		chosen = r.allowed.get(prefer.node)
		if chosen != nil && (chosen.score < list[0].score || !chosen.available()) {
			chosen = nil
		}
	}
	if chosen == nil && len(list) > 0 {
		chosen = list[0]
		if !r.parent.isUniqueClone() && chosen.score > 0 && chosen.usable() {
			if now := r.current(); now != nil && now.usable() && now.score >= 0 {
				for _, pl := range list[1:] {
					if pl.score != chosen.score {
						break
					}
					if pl.node == now {
						chosen = pl
					}
				}
			}
		}
	}
	r.finish(chosen, false)
}

// finish settles r's node. Unless forced, a node that cannot take r is no node.
func (r *resource) finish(chosen *place, force bool) bool {
	if !force && chosen != nil && (chosen.score < 0 || !chosen.available() && !chosen.isGuest()) {
		r.next = roleStopped
		chosen = nil
	}
	r.unassign()
	r.provisional = false
	if chosen == nil {
		r.next = roleStopped
		for _, a := range r.actions {
			switch {
			case a.task == "stop":
				a.clear(actOptional)
			case a.task == "start":
				a.clear(actRunnable)
			case a.meta["interval"] != "" && a.meta["interval"] != "0" && a.meta["op_target_rc"] != "7":
				a.clear(actRunnable)
			}
		}
		return false
	}
	r.allocated = chosen.copy()
	chosen.assigned++
	chosen.count++
	r.consume(chosen.node, -1)
	r.p.showNeeds(r, chosen.node)
	return true
}

func (r *resource) unassign() {
	if r.allocated == nil {
		return
	}
	r.provisional = true
	r.allocated.assigned--
	r.consume(r.allocated.node, 1)
	r.allocated = nil
}

// assignAll settles the node of r and all that is in it. It reports whether
// anything had one before.
func (r *resource) assignAll(chosen *place, force bool) bool {
	if len(r.children) == 0 {
		had := r.allocated != nil
		r.finish(chosen, force)
		return had
	}
	had := false
	for _, c := range r.children {
		had = c.assignAll(chosen, force) || had
	}
	return had
}

// sortPlaces orders places from the best to the worst.
func (p *plan) sortPlaces(list []*place, active *node) []*place {
	worth := func(pl *place) cib.Score {
		if pl.usable() {
			return pl.score
		}
		return minusInfinity
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if wa, wb := worth(a), worth(b); wa != wb {
			return wa > wb
		}
		if p.options.placement != "minimal" {
			if p.options.placement == "balanced" {
				if c := compareCapacity(a.node, b.node); c != 0 {
					return c < 0
				}
			}
			if a.assigned != b.assigned {
				return a.assigned < b.assigned
			}
			if active != nil && (a.node == active) != (b.node == active) {
				return a.node == active
			}
		}
		return a.name < b.name
	})
	return list
}

// topPlace is n as the resource around r sees it.
func (r *resource) topPlace(n *node) *place {
	if n == nil {
		return nil
	}
	if r.parent != nil {
		return r.parent.allowed.get(n)
	}
	return r.allowed.get(n)
}

// connectionAssigned: where its connection runs, a remote node is reachable.
func (p *plan) connectionAssigned(r *resource) {
	n := p.nodeByName[r.id]
	if n == nil {
		return
	}
	if r.allocated != nil && r.next != roleStopped {
		n.online = true
		if n.unseen {
			n.unclean = false
		}
	} else {
		n.shutdown = true
	}
}

// showScores records the scores that crm_simulate -s prints.
func (p *plan) showScores(phase string, r *resource) {
	if !p.in.Scores || r.orphan {
		return
	}
	for _, n := range p.nodes {
		if pl := r.allowed.get(n); pl != nil {
			p.scores = append(p.scores, ScoreLine{Func: phase, Resource: r.id, Node: n.name, Score: pl.score})
		}
	}
	for _, c := range r.children {
		p.showScores(phase, c)
	}
}
