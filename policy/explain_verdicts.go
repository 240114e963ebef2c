package policy

import "slices"

// verdicts tells of each node why r is to be there or not, those first where it
// is to be.
func (x *explainer) verdicts(r *resource) []Verdict {
	var here, elsewhere []*Verdict
	var open []question
	for _, n := range x.p.nodes {
		if n.kind == pingNode || r.isRemote && n.remote == r {
			continue
		}
		if part := r.partOn(n); part != nil {
			v := part.verdictHere(n)
			if v.Role == Unpromoted && len(v.RoleWhy) > 0 {
				open = append(open, question{goal{id: r.id, node: n.name, promoted: true}, &v.RoleRemedy})
			}
			here = append(here, &v)
			continue
		}
		if c := r.replica(); c != nil && c.child == r && n != c.node || n.mode == discoverNever && (c == nil || c.child != r) {
			// The nodes in bundles are for their own replicas, and those for them.
			continue
		}
		v, mayHelp := r.verdictElsewhere(n)
		if mayHelp {
			open = append(open, question{goal{id: r.id, node: n.name}, &v.Remedy})
		}
		elsewhere = append(elsewhere, &v)
	}
	x.answer(open)
	var out []Verdict
	for _, v := range append(here, elsewhere...) {
		out = append(out, *v)
	}
	return out
}

// question is for a remedy, with the place of the answer.
type question struct {
	goal goal
	to   **Remedy
}

// answer looks for remedies, one after the other, since all of them share the
// number of decisions. Those that come next are begun meanwhile.
func (x *explainer) answer(open []question) {
	for i, q := range open {
		for _, next := range open[i:min(i+x.ahead.by.AtOnce, len(open))] {
			x.begin(next.goal)
		}
		*q.to = x.remedy(q.goal)
	}
}

// partOn is what of r is to be on n: r itself, a clone's instance, or the first
// of a group's members that is; nil if nothing is.
func (r *resource) partOn(n *node) *resource {
	if len(r.children) > 0 {
		for _, c := range r.children {
			if part := c.partOn(n); part != nil {
				return part
			}
		}
		return nil
	}
	if nodeOf(r.allocated) == n && r.next != roleStopped {
		return r
	}
	return nil
}

// asked is what of r the question is put to why it is not on n: of a clone an
// instance that has no node, if there is one.
func (r *resource) asked() *resource {
	if r.variant != clone || len(r.children) == 0 {
		return r
	}
	last := r.children[len(r.children)-1]
	for _, c := range r.children {
		switch {
		case c.orphan:
		case c.where() == nil:
			return c
		default:
			last = c
		}
	}
	return last
}

func (r *resource) verdictHere(n *node) Verdict {
	v := Verdict{Node: n.name, Here: true, Role: roleNames[r.next], Score: r.allocated.score}
	if !r.managed {
		v.For = r.everywhere()
		return v
	}
	for _, why := range r.contributions(n) {
		if why.Score > 0 {
			v.For = append(v.For, why)
		}
	}
	slices.SortStableFunc(v.For, func(a, b Reason) int { return order(b.Score, a.Score) })
	for _, f := range r.follows {
		if f.c.score >= infinity && f.scoreAt(n) == 0 {
			v.For = append([]Reason{f.reason(r, infinity)}, v.For...)
		}
	}
	if c := r.replica(); c != nil && c.child == r && len(v.For) == 0 {
		v.For = []Reason{{Kind: ReasonContainer, Resource: c.container.id, Other: nodesOf(c.container, roleUnknown)}}
	}
	if top := r.top(); top.promotable {
		v.RoleWhy = r.roleWhy(top, n)
	}
	return v
}

// verdictElsewhere tells why r is not on n; mayHelp says that a remedy is worth
// looking for.
func (r *resource) verdictElsewhere(n *node) (v Verdict, mayHelp bool) {
	asked := r.asked()
	if r.top().partOn(n) == nil {
		asked = asked.standIn(n)
	}
	v = Verdict{Node: n.name, Score: minusInfinity, Against: asked.against(n)}
	first := asked
	for len(first.children) > 0 {
		first = first.children[0]
	}
	if pl := first.allowed.get(n); pl != nil {
		v.Score = pl.score
	}
	full := len(v.Against) > 0 && v.Against[0].Kind == ReasonCloneFull && r.top().isAnonymous()
	return v, !full && (len(r.everywhere()) == 0 || len(r.presence(false)) > 0)
}
