package policy

import (
	"slices"
	"strings"
)

// anyBlocked: r or something in it is blocked.
func (r *resource) anyBlocked() bool {
	return r.blocked || slices.ContainsFunc(r.children, (*resource).anyBlocked)
}

// compatible finds the instance of r that other, an instance of another clone,
// belongs with: one on the same node, in the wanted role.
func (r *resource) compatible(other *resource, in role, now bool) *resource {
	if n := other.placedOn(now); n != nil {
		return r.compatibleOn(n, in, now)
	}
	for _, pl := range r.p.sortTable(other.allowed, nil) {
		if c := r.compatibleOn(pl.node, in, now); c != nil {
			return c
		}
	}
	return nil
}

func (r *resource) compatibleOn(n *node, in role, now bool) *resource {
	for _, c := range r.instances() {
		if c.placedOn(now) == n && (in == roleUnknown || c.state(now) == in) && !c.anyBlocked() {
			return c
		}
	}
	return nil
}

// colocateWithClone places a primitive relative to a clone: with the instance
// of its own node if interleaved, else with any.
func (c *colocation) colocateWithClone(dependent, primary *resource) {
	if primary.promotable {
		switch {
		case primary.provisional:
			return
		case c.primaryRole == roleUnknown:
		case dependent.provisional:
			c.placeWithPromotable(dependent, primary)
			return
		case c.dependentRole == rolePromoted:
			c.promoteWithPromotable(dependent, primary)
			return
		}
	}
	interleave := false
	if isTrue(c.dependent.meta["interleave"]) && c.dependent.variant > group {
		if interleave = perNode(c.dependent) == perNode(c.primary); !interleave {
			dependent.p.fault("Cannot interleave %s and %s because they do not support the same number of instances per node", c.dependent.id, c.primary.id)
		}
	}
	switch {
	case primary.provisional:
	case interleave:
		if with := primary.compatible(dependent, roleUnknown, false); with != nil {
			c.applyDependent(dependent, with)
		} else if c.score >= infinity {
			dependent.assignAll(nil, true)
			dependent.follow(c, primary)
		}
	case c.score >= infinity:
		var on []*place
		for _, child := range primary.children {
			if pl := child.where(); pl != nil && !child.anyBlocked() {
				on = append(on, pl)
			}
		}
		dependent.limitTo(on, false)
		dependent.follow(c, primary)
	default:
		for _, child := range primary.children {
			c.applyPrimary(dependent, child)
		}
	}
}

// perNode is how many instances of r fit on a node; 1 for what is no clone.
func perNode(r *resource) int {
	switch r.variant {
	case primitive, group:
		return 1
	case bundle:
		return r.bundle.perNode
	}
	if v, ok := r.meta["clone-node-max"]; ok {
		return int(leadingInt(v))
	}
	return 1
}

// limitTo forbids all nodes but some; merge adds the scores of those.
func (r *resource) limitTo(on []*place, merge bool) {
	wanted := make(table, len(r.p.nodes))
	for _, pl := range on {
		wanted.set(pl)
	}
	for _, pl := range r.allowed {
		if pl == nil {
			continue
		}
		if with := wanted.get(pl.node); with == nil {
			pl.score = minusInfinity
		} else if merge {
			pl.score = pl.score.Add(with.score)
		}
	}
	for _, pl := range on {
		if r.allowed.get(pl.node) == nil {
			r.allowed.set(&place{node: pl.node, score: minusInfinity, mode: pl.mode})
		}
	}
}

// interleaves: the ordering of two clones is one of their instances.
func interleaves(first, then *action) bool {
	if first.r == nil || then.r == nil || first.r == then.r || first.r.variant < clone || then.r.variant < clone {
		return false
	}
	r := then.r
	if strings.HasSuffix(then.key, "_stop_0") || strings.HasSuffix(then.key, "_demote_0") {
		r = first.r
	}
	return isTrue(r.meta["interleave"])
}

func (p *plan) updateCloneOrdered(first, then *action, n *node, flags, filter actFlag, kind ordFlag) changed {
	if interleaves(first, then) {
		return p.updateInterleaved(first, then, n, filter, kind)
	}
	if then.r == nil {
		return 0
	}
	ch := p.updatePair(first, then, flags, filter, kind)
	for _, c := range then.r.instances() {
		b := c.newestAction(then.task, n)
		if b == nil {
			continue
		}
		var childCh changed
		if c.actionFlags(b, n)&actRunnable != 0 {
			childCh = c.updateOrdered(first, b, n, flags, filter, kind)
		}
		ch |= childCh
		if childCh&changedThen != 0 {
			for i := len(b.after) - 1; i >= 0; i-- {
				p.updateOrderings(b.after[i].a)
			}
		}
	}
	return ch
}

func (p *plan) updateInterleaved(first, then *action, n *node, filter actFlag, kind ordFlag) changed {
	now := strings.HasSuffix(first.key, "_stopped_0") || strings.HasSuffix(first.key, "_demoted_0")
	var ch changed
	for _, c := range then.r.instances() {
		with := first.r.compatible(c, roleUnknown, now)
		if with == nil {
			if !now && kind&(ordRunnableFirst|ordImpliesThen) != 0 && c.assignAll(nil, true) {
				c.noteAt(nil, Reason{Kind: ReasonBlockedBy, ID: p.orderID(then.r, first.r), Action: first.r.cloneTask(first), Resource: first.r.id, Detail: "it has no instance there"}, minusInfinity)
				ch |= changedThen
			}
			continue
		}
		a, b := pairedActions(first, then, with, c, n)
		if a == nil || b == nil {
			continue
		}
		if p.link(a, b, kind) {
			ch |= changedFirst | changedThen
		}
		ch |= c.updateOrdered(a, b, n, with.actionFlags(a, n), filter, kind)
	}
	return ch
}

// pairedActions finds, for an ordering of two clones or bundles, the actions of
// two of their instances that belong together. Of a container what runs inside
// counts, where that is nearer to what is meant: what stops, and what is
// promoted or demoted.
func pairedActions(first, then *action, with, c *resource, n *node) (a, b *action) {
	if strings.Contains(first.task, "stop") {
		with = first.r.childBehind(with, n)
	}
	if strings.Contains(then.task, "mote") {
		c = then.r.childBehind(c, n)
	}
	return with.newestAction(first.r.cloneTask(first), n), c.newestAction(then.task, n)
}
