package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

type scoreType = cib.Score

// addPromotionScores lets where an instance could be promoted count for where
// the instances go at all.
func (r *resource) addPromotionScores() {
	if r.clone.scoresAdded {
		return
	}
	r.clone.scoresAdded = true
	for _, c := range r.children {
		for _, pl := range c.allowed.list() {
			if !pl.usable() {
				continue
			}
			s, _ := c.promotionScore(pl.node)
			if s > 0 {
				pl.score = pl.score.Add(s)
			}
			c.priority = max(c.priority, s)
		}
	}
}

// promotionScore is what the agent says by the node attribute master-RSC; set
// is false if it says nothing.
func (r *resource) promotionScore(n *node) (s scoreType, set bool) {
	if len(r.children) > 0 {
		for _, c := range r.children {
			cs, cSet := c.promotionScore(n)
			s += cs
			set = set || cSet
		}
		return s, set
	}
	if !r.promotionApplies(n) {
		return 0, false
	}
	name := r.id
	if r.historyName != "" {
		name = r.historyName
	}
	v, ok := n.attrFor("master-"+name, r)
	if !ok && !r.unique && baseName(r.id) != r.id {
		v, ok = n.attrFor("master-"+baseName(r.id), r)
	}
	if !ok {
		return 0, false
	}
	return score(v), true
}

// promotionApplies: the attribute was set by this instance, as far as one can
// tell, and it may run there.
func (r *resource) promotionApplies(n *node) bool {
	applies := false
	name := baseName(r.id)
	top := r.top()
	if !r.unique {
		active := top.activeInstanceOn(name, n)
		applies = active == r || active == nil && top.anyKnown(name, n)
	}
	if !applies {
		known := slices.Contains(r.known, true)
		applies = len(r.running) == 0 && !known || r.isKnown(n) || r.runsOn(n)
	}
	pl := r.allowed.get(n)
	return applies && pl != nil && pl.score >= 0
}

func (r *resource) activeInstanceOn(name string, n *node) *resource {
	for _, c := range r.children {
		var found *resource
		c.walk(func(m *resource) {
			if found == nil && (m.xmlID == name || m.id == name) && m.runsOn(n) {
				found = m
			}
		})
		if found != nil {
			return found
		}
	}
	return nil
}

func (r *resource) anyKnown(name string, n *node) bool {
	for _, c := range r.children {
		if m := c.member(name); m != nil && m.isKnown(n) {
			return true
		}
	}
	return false
}

// setInstanceRoles promotes the best instances, as many as wanted.
func (r *resource) setInstanceRoles() {
	for _, pl := range r.allowed.list() {
		pl.count = 0
	}
	for _, c := range r.children {
		c.setPriority(r)
	}
	r.sortForPromotion()
	promoted := 0
	for _, c := range r.children {
		c.decideRole(r, &promoted)
	}
}

func (r *resource) setPriority(cl *resource) {
	if r.state(true) == roleStarted {
		r.walk(func(m *resource) {
			if m.role == roleStarted {
				m.role = roleUnpromoted
			}
		})
	}
	pl := r.where()
	if pl == nil {
		return
	}
	next := r.state(false)
	switch next {
	case roleStarted, roleUnknown:
		s, set := r.promotionScore(pl.node)
		r.priority = s
		if !set {
			r.priority = -1
		}
	case roleUnpromoted, roleStopped:
		r.priority = minusInfinity
	}
	for _, list := range [][]*location{r.locations, cl.locations} {
		for _, l := range slices.Backward(list) {
			if l.role != rolePromoted {
				continue
			}
			for _, at := range l.nodes {
				if at.node == pl.node {
					r.priority = r.priority.Add(at.score)
					break
				}
			}
		}
	}
	for _, c := range slices.Clone(r.thisWith) {
		c.applyDependent(r, c.primary)
	}
	r.sortIndex = r.priority
	if next == rolePromoted {
		r.sortIndex = infinity
	}
}

// sortForPromotion orders the instances by their fitness, colocations of the
// promoted role included.
func (r *resource) sortForPromotion() {
	if r.clone.sorted {
		return
	}
	r.clone.sorted = true
	r.merging = true
	for _, c := range r.children {
		if pl := c.where(); pl != nil && c.sortIndex >= 0 {
			if at := r.allowed.get(pl.node); at != nil {
				at.score = c.sortIndex.Add(at.score)
			}
		}
	}
	for _, c := range slices.Clone(r.thisWith) {
		if c.dependentRole == rolePromoted {
			sel := selection(0)
			if c.score < infinity {
				sel = selectActive
			}
			r.addColocated(c.primary, c, sel)
		}
	}
	for _, c := range slices.Clone(r.withThis) {
		if c.primaryRole == rolePromoted && c.influences(nil) {
			r.addColocated(c.dependent, c, selectActive|selectNonnegative)
		}
	}
	r.p.requirePromotionTickets(r)
	for _, c := range r.children {
		pl := c.where()
		switch {
		case !c.managed && c.next == rolePromoted:
			c.sortIndex = infinity
		case pl != nil && c.sortIndex >= 0:
			if at := r.allowed.get(pl.node); at != nil {
				c.sortIndex = at.score
			}
		}
	}
	k := keptScores{}
	mergeSort(r.children, k.comparePromotion)
	r.merging = false
}

func (k keptScores) comparePromotion(a, b *resource) int {
	if c := order(b.sortIndex, a.sortIndex); c != 0 {
		return c
	}
	if ra, rb := a.state(true), b.state(true); ra != rb {
		return int(rb) - int(ra)
	}
	return k.compare(a, b)
}

func (r *resource) decideRole(cl *resource, promoted *int) {
	p := r.p
	pl := r.where()
	if p.in.Scores {
		line := ScoreLine{Kind: PromotionScore, Resource: r.id, Score: r.sortIndex}
		if pl != nil {
			line.Node = pl.name
		}
		p.scores = append(p.scores, line)
	}
	var chosen *place
	if r.sortIndex >= 0 && (*promoted < cl.clone.promotedMax || !cl.managed) {
		chosen = r.promotionPlace()
	}
	frozen := r.role < rolePromoted && !p.options.haveQuorum && p.options.quorum == quorumFreeze
	if chosen == nil || frozen {
		r.walk(func(m *resource) {
			m.next = roleUnpromoted
			if len(m.assignedTo()) == 0 {
				m.next = roleStopped
			}
		})
		return
	}
	chosen.count++
	r.walk(func(m *resource) {
		if m.next == roleUnknown {
			m.next = rolePromoted
		}
	})
	*promoted++
}

// promotionPlace is the clone's place where r can be promoted, nil if nowhere.
func (r *resource) promotionPlace() *place {
	for _, c := range r.children {
		if c.promotionPlace() == nil {
			return nil
		}
	}
	pl := r.where()
	switch {
	case pl == nil:
		return nil
	case !r.managed:
		if r.state(true) != rolePromoted {
			return nil
		}
	case r.priority < 0, !pl.usable():
		return nil
	case pl.isGuest() && pl.remote.container.where() == nil:
		return nil
	}
	top := r.top()
	at := top.allowed.get(pl.node)
	if at == nil || int(at.count) >= top.clone.promotedNodeMax && r.managed {
		return nil
	}
	return at
}

func (r *resource) createPromotableActions() {
	promoting, demoting := false, false
	for _, c := range r.children {
		c.createActions()
		c.walk(func(m *resource) {
			if len(m.children) > 0 {
				return
			}
			for _, a := range m.actions {
				if !a.is(actOptional) {
					promoting = promoting || a.task == "promote"
					demoting = demoting || a.task == "demote"
				}
			}
		})
	}
	r.createPromotablePseudos(promoting, demoting)
	for _, c := range r.children {
		c.priority = r.priority
	}
}

func (r *resource) createPromotablePseudos(promoting, demoting bool) {
	p := r.p
	promote := r.pseudo("promote", !promoting, true)
	promoted := r.pseudo("promoted", !promoting, true)
	promoted.priority = infinity
	if r.clone.promote == nil {
		r.clone.promote = p.noticePseudos(r, "promote", promote, promoted)
	}
	demote := r.pseudo("demote", !demoting, true)
	demoted := r.pseudo("demoted", !demoting, true)
	demoted.priority = infinity
	if r.clone.demote == nil {
		r.clone.demote = p.noticePseudos(r, "demote", demote, demoted)
		if r.clone.demote != nil {
			t := &r.clone
			p.link(t.stop.postDone, t.promote.pre, ordOptional)
			p.link(t.start.postDone, t.promote.pre, ordOptional)
			for _, later := range []*notices{t.promote, t.start, t.stop} {
				p.link(t.demote.postDone, later.pre, ordOptional)
			}
		}
	}
}

// orderStages lets instances go down before any goes up, each way step by step.
func (r *resource) orderStages() {
	for _, m := range [][2]string{{"stopped", "start"}, {"stopped", "promote"}, {"demoted", "stop"}, {"demoted", "start"},
		{"demoted", "promote"}, {"running", "promote"}, {"demote", "demoted"}} {
		r.p.orderKeys(r, m[0], r, m[1], ordOptional)
	}
}

func (r *resource) constrainPromotable() {
	p := r.p
	r.orderStages()
	var last *resource
	for _, c := range r.children {
		p.orderKeys(c, "demote", c, "promote", ordOptional)
		p.orderKeys(r, "promote", c, "promote", ordOptional)
		p.orderKeys(c, "promote", r, "promoted", ordOptional)
		if last != nil && r.clone.ordered {
			p.orderKeys(last, "promote", c, "promote", ordOptional)
		}
		p.orderKeys(r, "demote", c, "demote", ordFirstPrinted)
		p.orderKeys(c, "demote", r, "demoted", ordThenPrinted)
		if last != nil && r.clone.ordered {
			p.orderKeys(c, "demote", last, "demote", ordOptional)
		}
		last = c
	}
}

// placeWithPromotable places a primitive where instances of the wanted role are.
func (c *colocation) placeWithPromotable(dependent, primary *resource) {
	var on []*place
	attr := c.attribute("#uname")
	for _, child := range primary.children {
		pl := child.where()
		if pl == nil || child.state(false) != c.primaryRole {
			continue
		}
		on = append(on, pl)
		if c.score >= infinity {
			continue
		}
		for _, at := range dependent.allowed.list() {
			if strings.EqualFold(at.attrs[attr], pl.attrs[attr]) {
				at.score = at.score.Add(c.score)
			}
		}
	}
	if c.score >= infinity && (c.dependentRole != rolePromoted || c.primaryRole != rolePromoted) {
		dependent.limitTo(on, true)
	}
	dependent.follow(c, primary)
}

// promoteWithPromotable makes an instance more fit for promotion beside one of
// the wanted role.
func (c *colocation) promoteWithPromotable(dependent, primary *resource) {
	if primary.compatible(dependent, c.primaryRole, false) != nil {
		dependent.priority = dependent.priority.Add(c.score)
	} else if c.score >= infinity {
		dependent.priority = minusInfinity
	}
}
