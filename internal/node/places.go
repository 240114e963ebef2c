package node

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// presence is what a node's history says about a resource there.
type presence int

const (
	unproven presence = iota // not probed, pending, or failed in a way that proves nothing
	absent                   // proven not to run
	active                   // proven to run
)

// presenceOf reads a node's history of a resource in the order of its calls.
func presenceOf(n *cib.NodeState, resource string) presence {
	at := slices.IndexFunc(n.History, func(h cib.ResourceHistory) bool { return h.ID == resource })
	if at < 0 {
		return unproven
	}
	ops := slices.Clone(n.History[at].Ops)
	slices.SortStableFunc(ops, func(a, b cib.OpHistory) int {
		if a.CallID != b.CallID {
			return a.CallID - b.CallID
		}
		if a.LastRCChange != b.LastRCChange {
			return int(a.LastRCChange - b.LastRCChange)
		}
		return lastFailure(&a) - lastFailure(&b)
	})
	p := unproven
	for i := range ops {
		p = presenceAfter(p, &ops[i])
	}
	return p
}

func lastFailure(o *cib.OpHistory) int {
	if strings.HasSuffix(o.ID, "_last_failure_0") {
		return 1
	}
	return 0
}

func presenceAfter(p presence, o *cib.OpHistory) presence {
	if o.Status != cib.ExecDone {
		if o.Operation == "monitor" && o.Status == cib.ExecPending {
			return p
		}
		return unproven
	}
	switch {
	case o.Operation == "stop" && o.RC == cib.OK, o.Operation == "monitor" && o.RC == cib.NotRunning:
		return absent
	case o.Operation == "monitor" && (o.RC == cib.OK || o.RC == cib.RunningPromoted),
		o.RC == cib.OK && (o.Operation == "start" || o.Operation == "migrate_from" || o.Operation == "promote" || o.Operation == "demote"):
		return active
	case o.Operation == "notify":
		return p
	}
	return unproven // also a migrate_to: the source is empty only after its stop
}

// probeRemoved has members look for the resources that a change is about to
// remove and that nothing is known of there, because they have only just
// joined: what is not configured is not probed, and would run on.
func (c *Core) probeRemoved(next *cib.Configuration) {
	for _, top := range c.cib.Config.Resources {
		for _, id := range primitives(top) {
			if next.FindResource(id) != nil || c.cib.Config.FindResource(id).Class == "stonith" {
				continue
			}
			for _, name := range c.joinedNames() {
				n := c.node(name)
				if slices.ContainsFunc(n.History, func(h cib.ResourceHistory) bool { return instanceOf(h.ID) == id }) {
					continue
				}
				op := c.plainOperation(id, "monitor")
				op.Cause = "it is about to be removed, and its state on " + name + " is unknown"
				c.order(name, orderMsg{Operation: op, TargetRC: cib.NotRunning})
			}
		}
	}
}

// activeOn are the members where a resource is proven to run; of a group or
// clone, where all its primitives are.
func (c *Core) activeOn(resource string) []string {
	r := c.cib.Config.FindResource(resource)
	if r == nil {
		return nil
	}
	var nodes []string
	for i := range c.cib.Status.Nodes {
		n := &c.cib.Status.Nodes[i]
		if !n.Crmd {
			continue
		}
		all := true
		for _, id := range primitives(r) {
			all = all && presenceOf(n, id) == active
		}
		if all {
			nodes = append(nodes, n.Uname)
		}
	}
	return nodes
}

// goneFrom reports whether a node is proven not to run a resource: it is down
// and clean, or its history says so.
func (c *Core) goneFrom(resource, node string) bool {
	n := c.cib.Status.Node(node)
	if n == nil || !n.Crmd {
		return n == nil || n.Expected == "down"
	}
	r := c.cib.Config.FindResource(resource)
	if r == nil {
		return true
	}
	for _, id := range primitives(r) {
		if presenceOf(n, id) != absent {
			return false
		}
	}
	return true
}

// primitives are the ids of the primitives in a resource, itself included.
func primitives(r *cib.Resource) []string {
	var ids []string
	r.Walk(func(r, _ *cib.Resource) {
		if r.Kind == cib.Primitive {
			ids = append(ids, r.ID)
		}
	})
	return ids
}
