package node

import (
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// held tells an action that must wait: work on a VM that a guest has fenced,
// work on a resource that the last DC still has an operation under way for, a
// recovery that fencing has not yet made safe, the leave of a node that is busy,
// and the fencing of a node that is just joining or has just failed to be
// fenced.
func (c *Core) held(a *policy.Action) bool {
	switch {
	case a.Kind == policy.FenceOp:
		f := c.office.fenceFails[a.Node]
		return c.inJoin(a.Node) || f != nil && c.now.Before(f.Next)
	case a.Task == "do_shutdown":
		return c.underWay(func(n *cib.NodeState, _ *cib.ResourceHistory, _ *cib.OpHistory) bool { return n.Uname == a.Node })
	case a.Operation == nil:
		return false
	}
	resource, own := instanceOf(a.Operation.Resource), c.office.key
	return c.guestFenceOpen(resource) || a.Task == "start" && c.mayRunOnLost(resource) || c.underWay(func(_ *cib.NodeState, h *cib.ResourceHistory, o *cib.OpHistory) bool {
		return instanceOf(h.ID) == resource && !strings.HasSuffix(o.TransitionKey, own)
	})
}

// underWay reports whether a member has an operation, recurring ones aside,
// that has not ended and that which picks. What a scheduler makes of such a
// resource is a guess: the report settles it and is decided on anew.
func (c *Core) underWay(which func(*cib.NodeState, *cib.ResourceHistory, *cib.OpHistory) bool) bool {
	for i := range c.cib.Status.Nodes {
		n := &c.cib.Status.Nodes[i]
		if !c.joined(n.Uname) {
			continue
		}
		for j := range n.History {
			h := &n.History[j]
			for k := range h.Ops {
				if o := &h.Ops[k]; o.Status == cib.ExecPending && o.IntervalMS == 0 && which(n, h, o) {
					return true
				}
			}
		}
	}
	return false
}

// mayRunOnLost reports whether a resource that may be active once only is not
// proven to be absent from a node that is lost and not yet fenced. The scheduler
// orders starts behind fencing; this holds where it plans none (without quorum)
// or reads a migration's history otherwise.
func (c *Core) mayRunOnLost(resource string) bool {
	if !c.fencingEnabled() || !c.needsFencing(resource) {
		return false
	}
	for i := range c.cib.Status.Nodes {
		n := &c.cib.Status.Nodes[i]
		if !c.joined(n.Uname) && n.Expected != "down" && presenceOf(n, resource) != absent {
			return true
		}
	}
	return false
}

// needsFencing reports whether a resource may be recovered only after fencing:
// all but clones, fencing devices, and what says otherwise ("Pacemaker
// Explained, Resource Meta-Attributes": requires).
func (c *Core) needsFencing(resource string) bool {
	needs := false
	for _, top := range c.cib.Config.Resources {
		if top.Kind == cib.Clone {
			continue
		}
		top.Walk(func(r, _ *cib.Resource) {
			if r.ID == resource {
				requires := metaOf(r, "requires")
				needs = r.Class != "stonith" && requires != "nothing" && requires != "quorum"
			}
		})
	}
	return needs
}

// doubtTarget forgets what is known of a migration's target before it begins:
// from now on the resource may be there, until migrate_from or a probe tells.
func (c *Core) doubtTarget(op *cib.Operation) {
	if target := op.MetaValue("migrate_target"); op.Name == "migrate_to" && target != "" {
		c.commit(cib.Command{ForgetResource: &cib.ForgetResource{Node: target, Resource: op.Resource}})
	}
}
