package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// Why instances of a promotable clone are promoted or not, and what would
// promote them.

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
	out := append(top.promotionTickets(r), top.promotionBans(inst, n)...)
	if o := &r.p.options; r.role < rolePromoted && !o.haveQuorum && o.quorum == quorumFreeze {
		out = append(out, Reason{Kind: ReasonQuorum, Value: o.raw["no-quorum-policy"]})
	}
	if !n.usable() {
		out = append(r.p.unusable(n), out...)
	}
	if n.isGuest() && n.remote.container.where() == nil {
		out = append(out, r.p.connectionDown(ReasonGuestDown, n, n.remote.container))
	}
	if len(out) > 0 {
		return withoutRepeats(out)
	}
	return []Reason{r.promotionLost(top, inst, n)}
}

// promotionTickets are those without which nothing of the clone is promoted.
func (r *resource) promotionTickets(inst *resource) []Reason {
	var out []Reason
	for _, u := range append(slices.Clone(r.tickets), inst.tickets...) {
		if u.role == rolePromoted && !u.t.usable() {
			out = append(out, Reason{Kind: ReasonTicket, ID: u.t.id, Value: u.t.state()})
		}
	}
	return out
}

// state is what is wrong with a ticket that cannot be used.
func (t *ticket) state() string {
	if t.granted {
		return "in standby"
	}
	return "not granted"
}

// promotionBans are the constraints that keep an instance on n from being
// promoted: locations of the promoted role, and colocations of it.
func (r *resource) promotionBans(inst *resource, n *node) []Reason {
	var out []Reason
	for _, l := range append(slices.Clone(r.locations), inst.locations...) {
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
	for _, c := range append(slices.Clone(r.thisWith), inst.thisWith...) {
		f := follow{c: c, primary: c.primary}
		s := f.scoreAt(n)
		why := f.reason(inst, s)
		switch {
		case c.dependentRole == rolePromoted && s <= minusInfinity:
		case c.dependentRole == roleUnpromoted && s >= 0 && c.score >= infinity:
			why.Detail = "which counts for role Unpromoted"
		default:
			continue
		}
		if !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	return out
}

// promotionLost tells why others are promoted.
func (r *resource) promotionLost(top, inst *resource, n *node) Reason {
	why := Reason{Kind: ReasonPromotion, Node: n.name, Score: inst.sortIndex}
	s, set := inst.promotionScore(n)
	promoted, beside := 0, 0
	for _, other := range top.children {
		pl := other.where()
		if pl == nil || other.state(false) != rolePromoted {
			continue
		}
		promoted++
		if why.Other == "" {
			why.Other, why.Than = pl.name, other.sortIndex
		}
		if pl.node == n {
			beside++
		}
	}
	switch {
	case !set && inst.sortIndex < 0 && top.clone.promotedMax > 0 && !r.runsOn(n):
		why.Value = "unrated"
	case !set && inst.sortIndex < 0 && top.clone.promotedMax > 0:
		why.Value = "none"
	case set && inst.sortIndex < 0:
	case promoted >= top.clone.promotedMax:
		why.Value = "max"
	case beside > 0 && beside >= top.clone.promotedNodeMax:
		why.Value = "node-max"
	}
	if s < 0 || inst.sortIndex < 0 {
		why.Score = min(s, inst.sortIndex)
	}
	return why
}

// promotion are the steps that might let an instance of r be promoted on n, or
// with n nil anywhere. there is false where none is, so that one must come first.
func (w *way) promotion(r *resource, n *node) (steps []Step, there bool) {
	for _, inst := range r.instancesOn(n) {
		there = true
		at := nodeOf(inst.allocated)
		if inst.next == rolePromoted {
			steps = append(steps, w.unblock(inst.exactActions("promote", 0, at))...)
			continue
		}
		if why := inst.roleWhy(r.top(), at); len(why) > 0 {
			steps = append(steps, w.undo(why[0], inst, at)...)
		}
	}
	return steps, there
}

// instancesOn are the primitives of r that are to be on n, with n nil anywhere;
// of a group the first member stands for all.
func (r *resource) instancesOn(n *node) []*resource {
	var out []*resource
	switch at := nodeOf(r.allocated); {
	case r.variant == primitive:
		if at != nil && (n == nil || at == n) && r.next != roleStopped {
			out = append(out, r)
		}
	case r.variant == group && len(r.children) > 0:
		return r.children[0].instancesOn(n)
	default:
		for _, c := range r.children {
			out = append(out, c.instancesOn(n)...)
		}
	}
	return out
}

// promoteSteps let an instance be promoted where its promotion score does not.
func (r *resource) promoteSteps(why Reason) []Step {
	top := r.top()
	max := func(name string, now int) Step {
		value := cib.Score(now + 1).String()
		if r.isBundled() {
			return Step{Kind: StepBundle, Resource: top.parent.xmlID, Name: name, Value: value}
		}
		return Step{Kind: StepMeta, Resource: top.xmlID, Name: name, Value: value}
	}
	switch why.Value {
	case "max":
		more := max("promoted-max", top.clone.promotedMax)
		if r.isBundled() {
			return []Step{more}
		}
		return []Step{{Kind: StepPrefer, Resource: top.xmlID, Node: why.Node, Value: string(Promoted)}, more}
	case "node-max":
		return []Step{max("promoted-node-max", top.clone.promotedNodeMax)}
	}
	n, enough := r.p.nodeByName[why.Node], cib.Score(1)
	if why.Than > 0 && why.Than < infinity {
		enough = why.Than + 1
	}
	return []Step{r.worstRated(n).rateStep(n, enough)}
}

// worstRated is, of a group that is promoted as a whole, the member that its
// agent rates least; else r itself.
func (r *resource) worstRated(n *node) *resource {
	if r.parent == nil || r.parent.variant != group {
		return r
	}
	return slices.MinFunc(r.parent.children, func(a, b *resource) int {
		sa, _ := a.promotionScore(n)
		sb, _ := b.promotionScore(n)
		return order(sa, sb)
	})
}

// rateStep is that the agent of r gives it a promotion score on n, of at least s. What is in a
// container may keep such scores on the container's host.
func (r *resource) rateStep(n *node, s cib.Score) Step {
	name, at := r.xmlID, n
	if r.top().unique {
		name = r.id
	}
	if hosts := n.hosts(); strings.EqualFold(r.meta["container-attribute-target"], "host") && len(hosts) > 0 {
		at = hosts[0]
	}
	return Step{Kind: StepScore, Resource: r.xmlID, Node: at.name, Name: "master-" + name, Value: s.String()}
}

// hosts are where the container of a guest node runs; of other nodes nothing.
func (n *node) hosts() []*node {
	if !n.isGuest() {
		return nil
	}
	return n.remote.container.running
}
