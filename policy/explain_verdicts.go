package policy

import "slices"

// verdicts tells of each node why r is to be there or not, those first where it
// is to be.
func (x *explainer) verdicts(r *resource) []Verdict {
	var here, elsewhere []Verdict
	for _, n := range x.p.nodes {
		if n.kind == pingNode || r.isRemote && n.remote == r {
			continue
		}
		if part := r.partOn(n); part != nil {
			here = append(here, part.verdictHere(n))
			continue
		}
		if c := r.replica(); n.mode == discoverNever || c != nil && c.child == r {
			// The nodes in bundles are for their own replicas, and those for them.
			continue
		}
		elsewhere = append(elsewhere, x.verdictElsewhere(r, n))
	}
	return append(here, elsewhere...)
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
	for _, c := range r.children {
		if c.where() == nil && !c.orphan {
			return c
		}
	}
	return r.children[len(r.children)-1]
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
	if top := r.top(); top.promotable {
		v.RoleWhy = r.roleWhy(top, n)
	}
	return v
}

func (x *explainer) verdictElsewhere(r *resource, n *node) Verdict {
	asked := r.asked()
	v := Verdict{Node: n.name, Score: minusInfinity, Against: asked.against(n)}
	first := asked
	for len(first.children) > 0 {
		first = first.children[0]
	}
	if pl := first.allowed.get(n); pl != nil {
		v.Score = pl.score
	}
	if len(r.everywhere()) == 0 || len(r.presence(false)) > 0 {
		v.Remedy = x.remedy(r.id, n.name)
	}
	return v
}

// roleWhy tells why an instance of a promotable clone is promoted or not.
func (r *resource) roleWhy(top *resource, n *node) []Reason {
	inst := r
	for inst.parent != nil && inst.parent != top {
		inst = inst.parent
	}
	if r.next == rolePromoted {
		return []Reason{{Kind: ReasonPromotion, Node: n.name, Score: inst.sortIndex, Value: "best"}}
	}
	if t, limited := r.targetRoleQuietly(); limited && t == roleUnpromoted {
		return []Reason{{Kind: ReasonTargetRole, Subject: r.ifOther(r.metaOwner("target-role")), Value: r.target}}
	}
	var out []Reason
	for _, u := range append(slices.Clone(top.tickets), r.tickets...) {
		if u.role == rolePromoted && !u.t.usable() {
			out = append(out, Reason{Kind: ReasonTicket, ID: u.t.id, Value: "not granted"})
		}
	}
	for _, l := range append(slices.Clone(top.locations), inst.locations...) {
		if l.role != rolePromoted {
			continue
		}
		for _, at := range l.nodes {
			if at.node == n && at.score < 0 {
				why := Reason{Kind: ReasonLocation, ID: l.id, Node: n.name, Score: at.score, Value: "Promoted"}
				if l.rule != nil {
					why.ID, why.Rule, why.Detail = l.constraint, l.rule.ID, ruleText(l.rule)
				}
				out = append(out, why)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	return []Reason{r.promotionLost(top, inst, n)}
}

// promotionLost tells why others are promoted.
func (r *resource) promotionLost(top, inst *resource, n *node) Reason {
	why := Reason{Kind: ReasonPromotion, Node: n.name, Score: inst.sortIndex}
	s, set := inst.promotionScore(n)
	for _, other := range top.children {
		if pl := other.where(); pl != nil && other.state(false) == rolePromoted {
			why.Other, why.Than = pl.name, other.sortIndex
			break
		}
	}
	switch {
	case !set:
		why.Value = "none"
	case s < 0 || inst.sortIndex < 0:
		why.Score = min(s, inst.sortIndex)
	case why.Other != "":
		why.Value = "max"
	}
	return why
}
