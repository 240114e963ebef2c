package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// What forbids a node to a resource.

// bans tells what forbids n to r; nothing if r may be there.
func (r *resource) bans(n *node) []Reason { return r.bansBut(n, map[*resource]bool{}) }

// bansBut is bans without what was asked before, for colocations in a circle.
func (r *resource) bansBut(n *node, asked map[*resource]bool) []Reason {
	if asked[r] {
		return nil
	}
	asked[r] = true
	pl := r.allowed.get(n)
	fine := pl != nil && pl.score >= 0
	if fine && r.allocated != nil {
		return nil
	}
	var hard, soft []Reason
	for _, why := range r.contributions(n) {
		switch {
		case len(asked) > 1 && asked[r.p.findResource(why.Resource)]:
			// It goes where the one that asks goes: that is no reason of its own.
		case why.Score <= minusInfinity:
			hard = append(hard, why)
		case why.Score < 0:
			soft = append(soft, why)
		}
	}
	hard = append(hard, r.natureBans(n, pl)...)
	if len(hard) > 0 {
		return hard
	}
	hard = append(r.instanceBans(n), r.followerBans(n, asked)...)
	switch {
	case len(hard) > 0:
		return hard
	case pl == nil:
		return []Reason{{Kind: ReasonOptIn, Node: n.name}}
	case fine, len(asked) > 1:
		return nil // or only what comes from the one that asks
	case len(soft) > 0:
		slices.SortStableFunc(soft, func(a, b Reason) int { return order(a.Score, b.Score) })
		return soft
	}
	if len(r.withThis) > 0 {
		return []Reason{{Kind: ReasonFollowers, Node: n.name, Score: pl.score, Detail: r.followerNames()}}
	}
	return []Reason{{Kind: ReasonScore, Node: n.name, Score: pl.score}}
}

// natureBans follow from what r is, and from what is limited to certain nodes.
func (r *resource) natureBans(n *node, pl *place) []Reason {
	var out []Reason
	if (r.isRemote || r.fenceDevice) && n.remote != nil {
		out = append(out, Reason{Kind: ReasonNoRemote, Node: n.name})
	}
	if c := r.container; c != nil && !r.isRemote && (guestConnection(c) != nil && n.remote != guestConnection(c)) {
		out = append(out, Reason{Kind: ReasonContainer, Resource: c.id, Other: nodesOf(c, roleUnknown)})
	}
	if n.mode == discoverNever && (r.replica() == nil || r.replica().child != r) {
		out = append(out, Reason{Kind: ReasonOnlyFor, Node: n.name})
	}
	if c := r.replica(); c != nil && c.child == r && n != c.node {
		return append(out, Reason{Kind: ReasonContainer, Resource: c.container.id, Other: nodesOf(c.container, roleUnknown)})
	}
	if (r.exclusiveDiscovery || r.top().exclusiveDiscovery) && (pl == nil || pl.mode != discoverExclusive) {
		out = append(out, Reason{Kind: ReasonDiscovery, Node: n.name})
	}
	return out
}

// replica is the copy of a bundle that r is a part of, nil if it is of none.
func (r *resource) replica() *replica {
	if !r.isBundled() {
		return nil
	}
	for _, c := range r.top().parent.bundle.replicas {
		if slices.Contains(c.parts(), r) {
			return c
		}
	}
	return nil
}

// instanceBans are those of the clone that r is an instance of.
func (r *resource) instanceBans(n *node) []Reason {
	top := r.top()
	if c := r.replica(); c != nil && c.container == r {
		return r.replicaBans(n)
	}
	if top == r || !top.isClone() {
		return nil
	}
	inst := r
	for inst.parent != top {
		inst = inst.parent
	}
	var there []string
	placed := 0
	for _, c := range top.children {
		if pl := c.where(); pl != nil {
			placed++
			if pl.node == n && c != inst {
				there = append(there, c.id)
			}
		}
	}
	switch {
	case len(there) > 0 && len(there) >= top.clone.nodeMax:
		return []Reason{{Kind: ReasonCloneFull, ID: top.id, Node: n.name, Resource: strings.Join(there, ", "), Value: cib.Score(top.clone.nodeMax).String(), Name: "clone-node-max"}}
	case placed >= top.clone.max:
		return []Reason{{Kind: ReasonCloneMax, ID: top.id, Value: cib.Score(top.clone.max).String()}}
	}
	return nil
}

// replicaBans are those of the bundle that r is a container of.
func (r *resource) replicaBans(n *node) []Reason {
	var there []string
	b := r.top().parent
	for _, other := range b.instances() {
		if other != r && nodeOf(other.allocated) == n {
			there = append(there, other.id)
		}
	}
	if len(there) < b.bundle.perNode {
		return nil
	}
	return []Reason{{Kind: ReasonCloneFull, ID: b.id, Node: n.name, Resource: strings.Join(there, ", "),
		Value: cib.Score(b.bundle.perNode).String(), Name: "replicas-per-host"}}
}

// followerBans are those of what must be with r: they reach r through the
// colocation.
func (r *resource) followerBans(n *node, asked map[*resource]bool) []Reason {
	for _, c := range r.withThis {
		if c.score < infinity || !c.influences(nil) || c.primaryRole > roleStarted || c.dependentRole > roleStarted {
			continue
		}
		for _, why := range c.dependent.bansBut(n, asked) {
			if why.Subject == "" {
				why.Subject = c.dependent.id
				if why.Kind == ReasonColocation && why.Detail == "" {
					why.Detail = "and " + why.Subject + " must be with it"
				}
			}
			return []Reason{why}
		}
	}
	return nil
}
