package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// contributions are the scores that r has for n, each with what gives it.
func (r *resource) contributions(n *node) []Reason {
	var out []Reason
	for q := r; q != nil; q = q.parent {
		out = append(out, r.locationsAt(n, q)...)
		for i := range q.notes {
			nt := &q.notes[i]
			if nt.score == 0 || !nt.matches(n) {
				continue
			}
			why := nt.reason(n)
			if why.Subject == "" || why.Subject == r.id {
				why.Subject = r.ifOther(q)
			}
			if why.Kind == ReasonCapacity {
				why.Detail = lacking(r, n)
			}
			out = append(out, why)
		}
	}
	if s := r.p.configuredScore(n); s != 0 {
		out = append(out, Reason{Kind: ReasonNodeScore, Node: n.name, Score: s})
	}
	if r.managed && r.stickiness > 0 && len(r.running) == 1 && r.running[0] == n {
		out = append(out, Reason{Kind: ReasonStickiness, Node: n.name, Score: r.stickiness})
	}
	if r.variant == primitive && r.top().promotable && len(r.top().children) > 0 {
		if s, _ := r.promotionScore(n); s > 0 {
			out = append(out, Reason{Kind: ReasonPromotion, Node: n.name, Score: s})
		}
	}
	for _, f := range r.follows {
		if s := f.scoreAt(n); s != 0 {
			out = append(out, f.reason(r, s))
		}
	}
	return out
}

// configuredScore is the score that the configuration gives a node itself.
func (p *plan) configuredScore(n *node) cib.Score {
	for i := range p.cib.Config.Nodes {
		if p.cib.Config.Nodes[i].ID == n.id {
			return p.cib.Config.Nodes[i].Score
		}
	}
	return 0
}

// locationsAt are the scores of q's location constraints for r, which is q or
// something in it.
func (r *resource) locationsAt(n *node, q *resource) []Reason {
	var out []Reason
	for _, l := range q.locations {
		if l.role != roleUnknown {
			continue
		}
		for _, at := range l.nodes {
			if at.node != n || at.score == 0 {
				continue
			}
			why := Reason{Kind: ReasonLocation, ID: l.id, Node: n.name, Score: at.score, Subject: r.ifOther(q)}
			switch {
			case l.health:
				why.Kind, why.ID, why.Value, why.Detail = ReasonHealth, "", l.id, healthText(n)
			case l.rule != nil:
				why.ID, why.Rule, why.Detail = l.constraint, l.rule.ID, ruleText(l.rule)
			}
			out = append(out, why)
		}
	}
	return out
}

func healthText(n *node) string {
	var out []string
	for _, name := range sortedKeys(n.attrs) {
		if strings.HasPrefix(name, "#health") {
			out = append(out, name+"="+n.attrs[name])
		}
	}
	return strings.Join(out, ", ")
}

// scoreAt is what the colocation does to n.
func (f follow) scoreAt(n *node) cib.Score {
	attr := f.c.attribute("#id")
	with := false
	for _, pl := range f.primary.assignedTo() {
		if f.hasRole(pl.node) && !f.blockedOn(pl.node) && strings.EqualFold(pl.attrs[attr], n.attrs[attr]) {
			with = true
		}
	}
	switch {
	case f.c.score >= infinity && !with:
		return minusInfinity
	case f.c.score >= infinity, !with:
		return 0
	}
	return f.c.score
}

// blockedOn: the instance of a clone on n is blocked, and so nothing for others
// to rely on.
func (f follow) blockedOn(n *node) bool {
	return f.primary.isClone() && f.c.score >= infinity && slices.ContainsFunc(f.primary.children, func(c *resource) bool {
		return nodeOf(c.where()) == n && c.anyBlocked()
	})
}

// hasRole: what is on n has the role that the colocation asks for.
func (f follow) hasRole(n *node) bool {
	if f.c.primaryRole < roleUnpromoted {
		return true
	}
	has := false
	f.primary.walk(func(m *resource) {
		has = has || len(m.children) == 0 && m.allocated != nil && m.allocated.node == n && m.next == f.c.primaryRole
	})
	return has
}

func (f follow) reason(r *resource, s cib.Score) Reason {
	where := nodesOf(f.primary, f.c.primaryRole)
	switch {
	case f.c.id == groupColocation:
		return Reason{Kind: ReasonGroup, ID: r.parent.id, Resource: f.primary.id, Other: where, Score: s}
	case f.primary == r.container:
		return Reason{Kind: ReasonContainer, Resource: f.primary.id, Other: where, Score: s}
	}
	id, configured := r.p.colocationID(f.c.id)
	if !configured {
		return Reason{Kind: ReasonContainer, Resource: f.primary.id, Other: where, Score: s, Name: "belongs"}
	}
	why := Reason{Kind: ReasonColocation, ID: id, Resource: f.primary.id, Other: where, Score: s, Than: f.c.score, Name: f.c.attr}
	if slices.ContainsFunc(f.primary.assignedTo(), func(pl *place) bool { return f.blockedOn(pl.node) }) {
		why.Detail = "where it is blocked"
	}
	if f.c.primaryRole >= roleUnpromoted {
		why.Value = f.c.primaryRole.String()
	}
	return why
}

// nodesOf lists where r is to be, in a role if one is given.
func nodesOf(r *resource, in role) string {
	var nodes []*node
	for _, pl := range r.assignedTo() {
		if (follow{c: &colocation{primaryRole: in}, primary: r}).hasRole(pl.node) {
			nodes = append(nodes, pl.node)
		}
	}
	return nodeNames(nodes)
}

// colocationID is the constraint that a colocation was made of: the one with
// this id, or the one with such a set; configured is false for one that follows
// from what resources are.
func (p *plan) colocationID(id string) (constraint string, configured bool) {
	for i := range p.cib.Config.Colocations {
		c := &p.cib.Config.Colocations[i]
		if c.ID == id {
			return id, true
		}
		for j := range c.Sets {
			if c.Sets[j].ID == id {
				return c.ID, true
			}
		}
	}
	return id, false
}
