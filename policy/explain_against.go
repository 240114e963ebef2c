package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// against tells what keeps r from being on n: what holds everywhere, then what
// is wrong with the node, then what forbids it, or else what is better. The
// first is what decides: only when it is gone the next one counts.
func (r *resource) against(n *node) []Reason {
	if r.variant == group && len(r.children) > 0 {
		return r.children[0].against(n)
	}
	out := r.everywhere()
	out = append(out, r.p.unusable(n)...)
	bans := slices.DeleteFunc(r.bans(n), func(why Reason) bool { return why.Kind == ReasonOrphan })
	// A sum that no single reason explains adds nothing to a reason.
	if len(bans) > 0 && (len(out) == 0 || bans[0].Kind != ReasonScore && bans[0].Kind != ReasonFollowers) {
		out = append(out, bans...)
	}
	if len(out) == 0 {
		return r.outscored(n)
	}
	return withoutRepeats(out)
}

// withoutRepeats leaves out what says of one instance of a clone what was said of
// another, or of a resource what was said of the group around it.
func withoutRepeats(list []Reason) []Reason {
	var out []Reason
	for _, why := range list {
		same := func(other Reason) bool {
			other.Subject = why.Subject
			return other == why
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, why)
		}
	}
	return out
}

// everywhere are the reasons that hold for r on all nodes.
func (r *resource) everywhere() []Reason {
	p := r.p
	if r.orphan {
		return []Reason{r.orphaned()}
	}
	var out []Reason
	if t, limited := r.targetRoleQuietly(); limited && t == roleStopped {
		owner := r.metaOwner("target-role")
		out = append(out, r.metaRuled(Reason{Kind: ReasonTargetRole, Subject: r.ifOther(owner), Value: r.target}, "target-role"))
	}
	if n := p.nodeByName[r.id]; r.isRemote && n != nil && n.remote == r && n.shutdownRequested() && r.next == roleStopped {
		out = append(out, Reason{Kind: ReasonShutdown, Node: n.name})
	}
	switch {
	case r.managed:
		if p.options.stopAll {
			out = append(out, p.optionRuled(Reason{Kind: ReasonStopAll}, "stop-all-resources"))
		}
	default:
		out = append(out, r.unmanagedBecause())
	}
	return out
}

// orphaned tells what is left of an earlier configuration: a resource that is
// gone, or an instance of a clone that has fewer now.
func (r *resource) orphaned() Reason {
	why := Reason{Kind: ReasonOrphan}
	if top := r.top(); top.isClone() && !top.orphan {
		why.ID, why.Value = top.id, cib.Score(top.clone.max).String()
	}
	return why
}

// targetRoleQuietly is targetRole without its complaints.
func (r *resource) targetRoleQuietly() (role, bool) {
	t := parseRole(r.target)
	return t, t == roleStopped || t == roleUnpromoted && r.top().promotable
}

// metaOwner is the outermost resource around r that says this meta-attribute
// itself, nil if it is a default.
func (r *resource) metaOwner(name string) *resource {
	for q := r; q != nil; q = q.parent {
		for i := range q.cfg.Meta {
			set := &q.cfg.Meta[i]
			if set.IDRef != "" {
				set = r.p.index.set(set.IDRef)
			}
			if set == nil {
				continue
			}
			if _, has := set.Get(name); has {
				return q
			}
		}
	}
	return nil
}

// ifOther is the name of another resource than r, as a reason's Subject.
func (r *resource) ifOther(owner *resource) string {
	if owner == nil || owner == r {
		return ""
	}
	return owner.id
}

// unmanagedBecause says why the cluster leaves r alone.
func (r *resource) unmanagedBecause() Reason {
	p := r.p
	for q := r; q != nil; q = q.parent {
		for i := range q.notes {
			nt := &q.notes[i]
			if nt.score == 0 && (nt.why.Kind == ReasonBlocked || nt.why.Kind == ReasonMultiple || nt.why.Kind == ReasonTicket) {
				why := nt.why
				why.Subject = r.ifOther(q)
				return why
			}
		}
	}
	switch {
	case p.options.maintenance:
		return p.optionRuled(Reason{Kind: ReasonMaintenance, Name: "maintenance-mode"}, "maintenance-mode")
	case r.maintenance:
		return r.metaRuled(Reason{Kind: ReasonMaintenance, Subject: r.ifOther(r.metaOwner("maintenance"))}, "maintenance")
	case r.meta["is-managed"] != "" && !isTrue(r.meta["is-managed"]) && !strings.EqualFold(r.meta["is-managed"], "default"):
		return r.metaRuled(Reason{Kind: ReasonUnmanaged, Subject: r.ifOther(r.metaOwner("is-managed"))}, "is-managed")
	case p.options.fencing && !p.haveFencing:
		return Reason{Kind: ReasonNoFencing}
	}
	for _, n := range r.running {
		if n.maintenance {
			return p.attributeRuled(Reason{Kind: ReasonMaintenance, Node: n.name}, n, "maintenance")
		}
	}
	return Reason{Kind: ReasonUnmanaged}
}

// unusable tells why a node can run nothing.
func (p *plan) unusable(n *node) []Reason {
	var out []Reason
	add := func(kind ReasonKind, detail string) {
		out = append(out, Reason{Kind: kind, Node: n.name, Detail: detail})
	}
	switch {
	case n.kind == pingNode:
		add(ReasonPing, "")
		return out
	case n.isGuest() && !n.online:
		out = append(out, p.connectionDown(ReasonGuestDown, n, n.remote.container))
	case n.isRemote() && !n.online && n.remote != nil && !n.unclean:
		out = append(out, p.connectionDown(ReasonDisconnect, n, n.remote))
	case n.unclean:
		add(ReasonUnclean, n.why)
	case !n.online:
		add(ReasonOffline, "")
	}
	switch {
	case n.pending:
		add(ReasonPending, "")
	case n.standby:
		why := Reason{Kind: ReasonStandby, Node: n.name, Name: "standby"}
		if n.standbyOnFail && !isTrue(n.attrs["standby"]) {
			why.Name, why.Detail = "", p.standbyFailure(n)
		} else {
			why = p.attributeRuled(why, n, "standby")
		}
		out = append(out, why)
	}
	if n.maintenance {
		out = append(out, p.attributeRuled(Reason{Kind: ReasonMaintenance, Node: n.name}, n, "maintenance"))
	}
	switch {
	case !n.shutdown || !n.online:
	case n.isGuest() && !n.shutdownRequested():
		out = append(out, p.connectionDown(ReasonGuestDown, n, n.remote.container))
	case n.remote != nil && !n.shutdownRequested():
		out = append(out, p.connectionDown(ReasonDisconnect, n, n.remote))
	default:
		add(ReasonShutdown, "")
	}
	return out
}

func (p *plan) connectionDown(kind ReasonKind, n *node, r *resource) Reason {
	why := Reason{Kind: kind, Node: n.name, Resource: r.id}
	switch {
	case r.failed:
		why.Detail = "has failed"
	case n.shutdown:
		why.Detail = "is going down"
	case r.role > roleStopped:
		why.Detail = "is active, but the connection is not"
	}
	return why
}

// standbyFailure is the failure that put a node into standby.
func (p *plan) standbyFailure(n *node) string {
	for i := range p.failedOps {
		f := &p.failedOps[i]
		if r := p.findResource(f.Resource); f.Node == n.name && r != nil && p.onFailOf(r, &f.Op) == failStandby {
			return readableOperation(&f.Op) + " of " + f.Resource + " failed (" + f.Op.RC.String() + ")"
		}
	}
	return ""
}

// outscored tells why another node than n, which could have r too, is better:
// what speaks most for that one, then both scores.
func (r *resource) outscored(n *node) []Reason {
	if pl, chosen := r.allowed.get(n), r.allocated; chosen == nil || pl == nil || chosen.node == n {
		return nil
	}
	if out := r.instanceBans(n); len(out) > 0 {
		return out
	}
	return r.outweighed(n)
}

// outweighed is outscored by the scores alone.
func (r *resource) outweighed(n *node) []Reason {
	pl, chosen := r.allowed.get(n), r.allocated
	if chosen == nil || pl == nil || chosen.node == n {
		return nil
	}
	if pl.score >= chosen.score {
		return []Reason{{Kind: ReasonTie, Node: n.name, Other: chosen.name, Score: pl.score}}
	}
	numbers := Reason{Kind: ReasonScore, Node: n.name, Score: pl.score, Other: chosen.name, Than: chosen.score}
	best := numbers
	var most cib.Score
	there, here := r.contributions(chosen.node), r.contributions(n)
	for _, why := range append(slices.Clone(there), here...) {
		if gain := counts(there, why).Add(-counts(here, why)); gain > most {
			best, most = why, gain
		}
	}
	if f := r.followersWish(chosen.node, n); f.Score > most {
		best = f
		if bans := r.followerBans(n, map[*resource]bool{r: true}); len(bans) > 0 {
			best = bans[0]
		}
	}
	if best == numbers {
		return []Reason{numbers}
	}
	return []Reason{best, numbers}
}

// counts sums what a constraint, or another reason, gives in a list: of a clone
// that others are to be with, each instance gives something.
func counts(list []Reason, of Reason) cib.Score {
	var sum cib.Score
	for _, why := range list {
		if why.Kind == of.Kind && why.ID == of.ID && why.Rule == of.Rule {
			sum = sum.Add(why.Score)
		}
	}
	return sum
}

// followersWish is what is left of the difference of two nodes' scores when all
// that r itself has is taken away: it comes from what is colocated with r.
func (r *resource) followersWish(better, n *node) Reason {
	rest := r.leftOver(better).Add(-r.leftOver(n))
	if len(r.withThis) == 0 {
		return Reason{}
	}
	return Reason{Kind: ReasonFollowers, Node: better.name, Score: rest, Detail: r.followerNames()}
}

// followerNames are those that are colocated with r, each with its constraint.
func (r *resource) followerNames() string {
	var names []string
	for _, c := range r.withThis {
		name := c.dependent.id
		if id, configured := r.p.colocationID(c.id); configured {
			name += " by " + id
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (r *resource) leftOver(n *node) cib.Score {
	pl := r.allowed.get(n)
	if pl == nil {
		return 0
	}
	sum := pl.score
	for _, why := range r.contributions(n) {
		sum = sum.Add(-why.Score)
	}
	return sum
}
