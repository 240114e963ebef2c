package node

import (
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// held tells an action that must wait: work on a VM that a guest has fenced,
// work on a resource that the last DC still has an operation under way for, the
// leave of a node that is busy, and the fencing of a node that is just joining
// or has just failed to be fenced.
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
	resource, own := instanceOf(a.Operation.Resource), c.uuid()
	return c.guestFenceOpen(resource) || c.underWay(func(_ *cib.NodeState, h *cib.ResourceHistory, o *cib.OpHistory) bool {
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
