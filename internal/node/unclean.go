package node

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// membershipProgress writes into the CIB what the view and the joins say about
// the nodes, in the words the scheduler reads: a member is in_ccm, crmd, joined
// and expected; a node that left is none of these; a node that vanished is none
// of these but still expected, which makes it unclean.
func (c *Core) membershipProgress() {
	o := c.office
	if o == nil || !o.ready {
		return
	}
	c.disputeProgress()
	switch {
	case c.cib.HaveQuorum != c.mayWrite() || c.cib.DC != c.cfg.Node:
		c.commit(c.partition())
		c.markDirty("quorum: " + c.quorum().Why)
	case c.termIsDue(): // no news for the scheduler
		c.commit(c.partition())
	}
	for _, name := range c.members.names() {
		c.presentNode(c.node(name))
	}
	for _, n := range c.cib.Status.Nodes {
		if !c.members.here(n.Uname) {
			c.absentNode(n)
		}
	}
	c.unseenNodes()
}

// presentNode keeps a joined member's state. One that is here but does not
// join in its time is unclean, for it may run what this DC cannot see.
func (c *Core) presentNode(n cib.NodeState) {
	want := cib.SetMembership{Node: n.Uname, InCCM: true, Crmd: true, Join: "member", Expected: "member"}
	if c.lettingGo(n.Uname) {
		return
	}
	if !c.joined(n.Uname) {
		if c.inJoin(n.Uname) {
			return
		}
		want.Crmd, want.Join = false, "pending"
		if c.setMembership(n, want) {
			c.announce(EventNodeUnclean, levelWarn, "node", n.Uname, "why", "it is here but does not join")
		}
		return
	}
	c.setMembership(n, want)
}

// inJoin reports whether a node is here and has not yet had its time to join;
// until then it is neither fenced nor used.
func (c *Core) inJoin(name string) bool {
	j := c.office.joins[name]
	return !c.lettingGo(name) && c.members.here(name) && j != nil && !j.joined && (j.due || c.now.Before(j.since.Add(c.cfg.Timings.Join)))
}

// joining reports whether a member is on its way into the partition; until it
// is in, or late, nothing is decided, for it may run anything.
func (c *Core) joining() bool {
	return slices.ContainsFunc(c.members.names(), c.inJoin)
}

// absentNode tells a node that left from one that vanished.
func (c *Core) absentNode(n cib.NodeState) {
	down := cib.SetMembership{Node: n.Uname, Join: "down", Expected: "down"}
	switch {
	case c.awayUntil(n).After(c.now):
	case n.Expected == "down" || n.Expected == "":
		c.setMembership(n, down)
	default:
		down.Expected = "member"
		if c.setMembership(n, down) {
			c.announce(EventNodeUnclean, levelWarn, "node", n.Uname, "why", "it vanished without a goodbye")
		}
	}
}

// awayUntil is the time until which a node whose hostd restarts is expected
// back; the zero time for every other node.
func (c *Core) awayUntil(n cib.NodeState) time.Time {
	text := n.Attribute(AttributeAway)
	if text == "" {
		return time.Time{}
	}
	seconds, _ := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0)
}

// setMembership commits a node's membership when it differs; true when it did.
func (c *Core) setMembership(n cib.NodeState, want cib.SetMembership) bool {
	if n.InCCM == want.InCCM && n.Crmd == want.Crmd && n.Join == want.Join && n.Expected == want.Expected && n.HasInCCM {
		return false
	}
	c.commit(cib.Command{SetMembership: &want})
	c.markDirty("node " + n.Uname + " is " + membershipWords(want))
	return true
}

func membershipWords(m cib.SetMembership) string {
	switch {
	case m.Crmd:
		return "a member"
	case m.Expected == "member":
		return "unclean"
	}
	return "down"
}

// unseenNodes takes configured nodes that nobody has seen for unclean after
// initdead (startup-fencing), or for down where that is switched off; after a
// crash of hostd they were members a moment ago, and that is no matter of choice.
func (c *Core) unseenNodes() {
	unseen := c.neverSeen()
	if len(unseen) == 0 || !c.quorum().Have || c.waitsForNodes() {
		return
	}
	for _, name := range unseen {
		want := cib.SetMembership{Node: name, Join: "down", Expected: "down"}
		switch {
		case c.members.returned:
			want.Expected = "member"
			c.announce(EventNodeUnclean, levelWarn, "node", name, "why", "it was a member before hostd was killed here, and was not seen since")
		case c.startupFencing():
			want.Expected = "member"
			c.announce(EventNodeUnclean, levelWarn, "node", name, "why", "it was not seen since the start (startup-fencing)")
		}
		c.commit(cib.Command{SetMembership: &want})
	}
	c.markDirty("nodes not seen since the start: " + strings.Join(unseen, ", "))
}

// waitsForNodes reports whether the start is still young enough to wait for
// configured nodes before anything is decided.
func (c *Core) waitsForNodes() bool {
	return (c.startupFencing() || c.members.returned) && c.now.Before(c.seenBy()) && len(c.neverSeen()) > 0
}

// seenBy is when every node should have been seen: soon where all had joined
// before hostd was killed, later where they may still boot.
func (c *Core) seenBy() time.Time {
	if c.members.returned {
		return c.started.Add(c.cfg.Timings.Return)
	}
	return c.started.Add(c.cfg.Timings.InitDead)
}

func (c *Core) startupFencing() bool {
	return c.propertyBool(true, "startup-fencing") && c.fencingEnabled()
}

func (c *Core) fencingEnabled() bool {
	return c.propertyBool(true, "stonith-enabled", "fencing-enabled")
}

// neverSeen are the configured nodes without a state, sorted.
func (c *Core) neverSeen() []string {
	names := map[string]bool{}
	for name := range c.cfg.Quorum.Votes {
		names[name] = true
	}
	for _, n := range c.cib.Config.Nodes {
		if n.Type == "" || n.Type == "member" {
			names[n.Uname] = true
		}
	}
	var unseen []string
	for _, name := range sortedKeys(names) {
		if n := c.cib.Status.Node(name); n == nil || !n.HasInCCM {
			if !c.members.here(name) {
				unseen = append(unseen, name)
			}
		}
	}
	return unseen
}

func (c *Core) membershipDeadline(d *deadline) {
	if c.office == nil {
		return
	}
	if c.waitsForNodes() {
		d.add(c.seenBy())
	}
	for _, n := range c.cib.Status.Nodes {
		if !c.members.here(n.Uname) && n.InCCM {
			d.add(c.awayUntil(n))
		}
	}
}

// property returns the first of the names that the cluster options set, ""
// when none is: Pacemaker 3 renamed some, and both spellings count.
func (c *Core) property(names ...string) string {
	for _, name := range names {
		for i := range c.cib.Config.Properties {
			if set := &c.cib.Config.Properties[i]; set.Rule == nil {
				if v, ok := set.Get(name); ok {
					return v
				}
			}
		}
	}
	return ""
}

func (c *Core) propertyBool(def bool, names ...string) bool {
	if value, err := cib.ParseBool(c.property(names...)); err == nil {
		return value
	}
	return def
}
