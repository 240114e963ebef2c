package policy

import (
	"slices"

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
			r.addColocated(c.dependent, c, selectActive)
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
	now := r.current()
	best := r.p.bestPlace(r.allowed, now)
	var chosen *place
	if prefer != nil && best != nil {
		chosen = r.allowed.get(prefer.node)
		if chosen != nil && (chosen.score < best.score || !chosen.available()) {
			chosen = nil
		}
	}
	if chosen == nil && best != nil {
		chosen = best
		if !r.parent.isUniqueClone() && chosen.score > 0 && chosen.usable() && now != nil && now.usable() && now.score >= 0 {
			if stay := r.allowed.get(now); stay != nil && stay.score == chosen.score {
				chosen = stay
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
			case a.settings.intervalMS != 0 && !(a.expecting && a.targetRC == cib.NotRunning):
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

// sortTable lists the places of a table from the best to the worst.
func (p *plan) sortTable(places table, active *node) []*place {
	list := places.list()
	if p.options.placement == "balanced" {
		list = p.tableOrder(places)
		slices.Reverse(list)
	}
	return p.sortPlaces(list, active)
}

// sortPlaces orders places from the best to the worst.
func (p *plan) sortPlaces(list []*place, active *node) []*place {
	mergeSort(list, func(a, b *place) int {
		switch {
		case p.better(a, b, active):
			return -1
		case p.better(b, a, active):
			return 1
		}
		return 0
	})
	return list
}

// bestPlace is the first that sortTable would give.
func (p *plan) bestPlace(places table, active *node) *place {
	if p.options.placement == "balanced" {
		// To compare capacities is no order, so there is no best without one.
		if list := p.sortTable(places, active); len(list) > 0 {
			return list[0]
		}
		return nil
	}
	var best *place
	for _, pl := range places {
		if pl != nil && (best == nil || p.better(pl, best, active)) {
			best = pl
		}
	}
	return best
}

// better: a is to be preferred to b by what is now active on the node active.
func (p *plan) better(a, b *place, active *node) bool {
	if wa, wb := a.worth(), b.worth(); wa != wb {
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
}

// worth is the score of a node that can be used.
func (p *place) worth() cib.Score {
	if p.usable() {
		return p.score
	}
	return minusInfinity
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
