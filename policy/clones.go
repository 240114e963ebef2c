package policy

import "slices"

// assignClone gives the instances their nodes: those that are active stay
// where they are as far as possible, the rest go where there is room.
func (r *resource) assignClone(prefer *place) {
	if !r.provisional || r.assigning {
		return
	}
	if r.promotable {
		r.addPromotionScores()
	}
	r.assigning = true
	for _, c := range slices.Clone(r.thisWith) {
		c.primary.assign(prefer)
	}
	for _, c := range slices.Clone(r.withThis) {
		if c.influences(nil) {
			r.addColocated(c.dependent, c, selectActive|selectNonnegative)
		}
	}
	r.p.showScores("pcmk__clone_allocate", r)
	nodes := r.p.sortTable(r.allowed, nil)
	r.sortInstances()
	r.distribute(r.children, nodes, r.clone.max, r.clone.nodeMax)
	if r.promotable {
		r.setInstanceRoles()
	}
	r.provisional, r.assigning = false, false
}

// distribute assigns up to limit instances, at most perNode on one node.
func (r *resource) distribute(instances []*resource, nodes []*place, limit, perNode int) {
	usable := 0
	for _, pl := range nodes {
		pl.count = 0
		if pl.usable() {
			usable++
		}
	}
	// With fewer instances than nodes, which nodes they take matters to what
	// is colocated with them.
	all := limit < usable
	even := 1
	if usable > 0 {
		even = max(1, limit/usable)
	}
	assigned := 0
	for _, c := range instances {
		if assigned >= limit {
			break
		}
		if len(c.running) == 0 || !c.provisional || c.failed {
			continue
		}
		now := c.current()
		if !now.usable() || now.score < 0 {
			continue
		}
		if pl := c.topPlace(now); pl != nil && int(pl.count) >= even {
			continue
		}
		if r.assignInstance(c, now, all, perNode) != nil {
			assigned++
		}
	}
	for _, c := range instances {
		switch {
		case !c.provisional:
		case assigned >= limit:
			r.p.scoreEverywhere(c, minusInfinity)
		case r.assignInstance(c, nil, all, perNode) != nil:
			assigned++
		}
	}
}

// assignInstance assigns one instance, if prefer is given there or not at all.
func (r *resource) assignInstance(c *resource, prefer *node, all bool, perNode int) *place {
	if !c.provisional {
		return c.where()
	}
	if c.assigning {
		return nil
	}
	r.inheritColocations(c, all)
	if prefer != nil {
		if pl := c.allowed.get(prefer); pl == nil || pl.score < 0 {
			return nil
		}
	}
	for _, pl := range c.allowed.list() {
		c.limitInstance(pl, perNode)
	}
	backup := c.allowed.copy()
	chosen := c.assign(r.p.placeOrNil(c, prefer))
	if chosen != nil && prefer != nil && chosen.node != prefer {
		c.allowed = backup
		c.unassign()
		chosen = nil
	}
	if chosen != nil {
		if pl := c.topPlace(chosen.node); pl != nil {
			pl.count++
		}
	}
	return chosen
}

func (p *plan) placeOrNil(r *resource, n *node) *place {
	if n == nil {
		return nil
	}
	return p.placeFor(r, n)
}

// limitInstance forbids what the clone forbids, and nodes that are full.
func (r *resource) limitInstance(pl *place, perNode int) {
	if pl.usable() && !r.orphan {
		if top := r.topPlace(pl.node); top != nil && top.score >= 0 && int(top.count) < perNode {
			return
		}
	}
	r.addScore(pl.node, minusInfinity)
}

// addScore adds to a score that exists, in r and all that is in it.
func (r *resource) addScore(n *node, s scoreType) {
	if pl := r.allowed.get(n); pl != nil {
		pl.score = pl.score.Add(s)
	}
	for _, c := range r.children {
		c.addScore(n, s)
	}
}

func (r *resource) inheritColocations(c *resource, all bool) {
	for _, k := range r.thisWith {
		if all || k.score < 0 || k.score == infinity {
			c.addThisWith(k)
		}
	}
	for _, k := range r.withThis {
		if k.influences(c) && (all || k.score < 0) {
			c.addWithThis(k)
		}
	}
}

func (r *resource) sortInstances() {
	k := keptScores{}
	mergeSort(r.children, k.compare)
}

// keptScores remembers, during one sort, what is costly to find out.
type keptScores map[*resource]scoreType

func (k keptScores) of(r *resource) scoreType {
	s, known := k[r]
	if !known {
		s = r.colocatedScore()
		k[r] = s
	}
	return s
}

// compare orders instances by which is to keep or get a place first.
func (k keptScores) compare(a, b *resource) int {
	na, countA, _ := a.activeOn()
	nb, countB, _ := b.activeOn()
	if countA > 0 && countB > 0 && countA != countB {
		return countA - countB
	}
	allowed := func(r *resource, n *node) (*node, bool) {
		if n == nil {
			return nil, true
		}
		if pl := r.allowed.get(n); pl == nil || pl.score < 0 {
			return nil, false
		}
		return n, true
	}
	na, canA := allowed(a, na)
	nb, canB := allowed(b, nb)
	if c := yesFirst(canA, canB); c != 0 {
		return c
	}
	if c := order(b.priority, a.priority); c != 0 {
		return c
	}
	if na == nil || nb == nil {
		return yesFirst(na != nil, nb != nil)
	}
	if c := yesFirst(na.usable(), nb.usable()); c != 0 {
		return c
	}
	pa, pb := a.topPlace(na), b.topPlace(nb)
	if pa == nil || pb == nil {
		return yesFirst(pa != nil, pb != nil)
	}
	if pa.count != pb.count {
		return int(pa.count - pb.count)
	}
	if c := yesFirst(!a.anyFailed(), !b.anyFailed()); c != 0 {
		return c
	}
	if c := order(k.of(b), k.of(a)); c != 0 {
		return c
	}
	return int(instanceNumber(a) - instanceNumber(b))
}

func yesFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (r *resource) anyFailed() bool {
	return r.failed || slices.ContainsFunc(r.children, (*resource).anyFailed)
}

// colocatedScore is what the clone's colocations think of the instance's node.
func (r *resource) colocatedScore() scoreType {
	n := r.current()
	if len(r.parent.thisWith) == 0 && len(r.parent.withThis) == 0 {
		return n.score
	}
	t := &r.p.tally
	t.takeOne(n)
	for _, c := range r.parent.thisWith {
		c.primary.addScoresTo(t, c.attr, float32(c.score)/float32(infinity), 0)
	}
	for _, c := range r.parent.withThis {
		if c.influences(r) {
			c.dependent.addScoresTo(t, c.attr, float32(c.score)/float32(infinity), selectNonnegative)
		}
	}
	return t.scores[0]
}

// createCloneActions creates the instances' actions and the pseudo actions
// around them.
func (r *resource) createCloneActions() {
	for _, c := range r.children {
		c.createActions()
	}
	r.createStages(r.children)
	r.orderInstances()
	if r.promotable {
		r.createPromotableActions()
	}
}

// createStages creates the pseudo actions around the starts and stops of
// instances, and, for clones, the notifications about them.
func (r *resource) createStages(instances []*resource) {
	p := r.p
	active, starting, stopping, migratable := false, false, false, true
	for _, c := range instances {
		up, down := false, false
		c.walk(func(m *resource) { m.noteChanges(&down, &up, &active) })
		if up && down {
			migratable = false
		}
		starting, stopping = starting || up, stopping || down
	}
	start := r.pseudo("start", !starting, true)
	started := r.pseudo("running", !starting, false)
	started.priority = infinity
	if active || starting {
		started.set(actRunnable)
	}
	if r.isClone() && r.clone.start == nil {
		r.clone.start = p.noticePseudos(r, "start", start, started)
	}
	stop := r.pseudo("stop", !stopping, true)
	stopped := r.pseudo("stopped", !stopping, true)
	stopped.priority = infinity
	if migratable {
		stop.set(actMigratable)
	}
	if r.isClone() && r.clone.stop == nil {
		r.clone.stop = p.noticePseudos(r, "stop", stop, stopped)
		if r.clone.start != nil && r.clone.stop != nil {
			p.link(r.clone.stop.postDone, r.clone.start.pre, ordOptional)
		}
	}
}

func (r *resource) noteChanges(stopping, starting, active *bool) {
	if len(r.children) > 0 {
		return
	}
	*active = *active || len(r.running) > 0
	for _, a := range r.actions {
		if a.is(actOptional) || a.flags&(actPseudo|actRunnable) == 0 {
			continue
		}
		switch a.task {
		case "stop":
			*stopping = true
		case "start":
			*starting = *starting || a.is(actRunnable)
		}
	}
}

// orderInstances starts the instances of an ordered clone one by one.
func (r *resource) orderInstances() {
	if !r.clone.ordered {
		return
	}
	sortByInstance(r.children)
	required := func(c *resource, task string) *action {
		var match *action
		for _, a := range c.findActions(task, 0, nil) {
			if !a.is(actOptional) {
				if match != nil {
					return nil
				}
				match = a
			}
		}
		return match
	}
	var lastStop, lastStart *action
	for _, c := range r.children {
		if stop := required(c, "stop"); stop != nil {
			r.p.link(stop, lastStop, ordOptional)
			lastStop = stop
		}
		if start := required(c, "start"); start != nil {
			r.p.link(lastStart, start, ordOptional)
			lastStart = start
		}
	}
}

func (r *resource) constrainClone() {
	p := r.p
	p.orderKeys(r, "stopped", r, "start", ordOptional)
	p.orderKeys(r, "start", r, "running", ordRunnableFirst)
	p.orderKeys(r, "stop", r, "stopped", ordRunnableFirst)
	if r.promotable {
		p.orderKeys(r, "demoted", r, "stop", ordOptional)
		p.orderKeys(r, "running", r, "promote", ordRunnableFirst)
	}
	if r.clone.ordered {
		sortByInstance(r.children)
	}
	var last *resource
	for _, c := range r.children {
		c.internalConstraints()
		p.orderKeys(r, "start", c, "start", ordRunnableFirst|ordFirstPrinted)
		p.orderKeys(c, "start", r, "running", ordThenPrinted)
		if r.clone.ordered && last != nil {
			p.orderKeys(last, "start", c, "start", ordOptional)
		}
		p.orderKeys(r, "stop", c, "stop", ordFirstPrinted)
		p.orderKeys(c, "stop", r, "stopped", ordThenPrinted)
		if r.clone.ordered && last != nil {
			p.orderKeys(c, "stop", last, "stop", ordOptional)
		}
		last = c
	}
	if r.promotable {
		r.constrainPromotable()
	}
}
