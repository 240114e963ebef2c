package node

import (
	"slices"
	"strconv"

	"kvmha/internal/cib"
)

// leaving is the way out, of this node and (on the DC) of others.
type leaving struct {
	asked   bool // this node wants to leave
	restart bool // only hostd goes down for a moment
	// sentTo is the DC that was asked, in term sentTerm: one that was elected
	// again has forgotten.
	sentTo   string
	sentTerm uint64
	fenced   bool // this node was declared dead and lets go of what it has
	done     bool // LeftCluster has been emitted
	// granted are, on the DC, the incarnations that may leave.
	granted map[string]string
}

// shutdown asks the DC to let this node go. The DC has the node's resources
// stopped or moved first; with restart they stay as they are and nobody
// touches them until the node is back.
func (c *Core) shutdown(e Shutdown) {
	l := &c.leave
	if l.done {
		return
	}
	l.asked, l.restart, l.sentTo = true, e.Restart, ""
	c.announce(EventLeaving, levelInfo, "node", c.cfg.Node, "resources", leavingWords(e.Restart))
}

func leavingWords(restart bool) string {
	if restart {
		return "stay running while hostd restarts"
	}
	return "are stopped or moved first"
}

// leaveProgress tells each new DC of this node's wish, ends a node that was
// declared dead once it has let go, and lets a node go whose stops are done.
func (c *Core) leaveProgress() {
	l := &c.leave
	switch {
	case l.done:
		return
	case l.fenced && len(c.work.running) == 0 && c.unbound():
		c.left(false)
		return
	case l.asked && !l.restart && !c.unbound(): // killed now, it would come back as a member
	case l.asked && c.vote.dc != "" && (l.sentTo != c.vote.dc || l.sentTerm != c.vote.term):
		if c.vote.dc == c.cfg.Node && !c.office.ready {
			return
		}
		l.sentTo, l.sentTerm = c.vote.dc, c.vote.term
		c.send(c.vote.dc, message{Leave: &leaveMsg{Restart: l.restart}})
	}
	c.letLeave()
}

// leaveAsked marks a node as shutting down, or as away for a moment.
func (c *Core) leaveAsked(from string, m *leaveMsg) {
	if !c.office.ready || !c.joined(from) {
		return
	}
	if m.Restart {
		c.letRestart(from)
		return
	}
	n := c.node(from)
	if n.Attribute(AttributeShutdown) != "" {
		return
	}
	c.commit(cib.Command{SetAttribute: &cib.SetAttribute{Node: from, Name: AttributeShutdown, Value: strconv.FormatInt(c.now.Unix(), 10)}})
	c.markDirty("node " + from + " shuts down")
}

// letRestart keeps a node's resources untouched while its hostd is away: every
// member must know before it goes.
func (c *Core) letRestart(name string) {
	until := c.now.Add(c.cfg.Timings.Restart)
	c.announce(EventNodeAway, levelInfo, "node", name, "until", until.UTC().Format("15:04:05"))
	c.commitAcknowledged(func() { c.send(name, message{MayLeave: &leaveMsg{Restart: true}}) },
		cib.Command{SetAttribute: &cib.SetAttribute{Node: name, Name: AttributeMaintenance, Value: "true"}},
		cib.Command{SetAttribute: &cib.SetAttribute{Node: name, Name: AttributeAway, Value: strconv.FormatInt(until.Unix(), 10)}})
	c.markDirty("hostd of node " + name + " restarts")
}

// letLeave lets nodes go that are shutting down and have nothing left, in case
// the scheduler has nothing more to say about them.
func (c *Core) letLeave() {
	o := c.office
	if o == nil || !o.ready || o.graph != nil || o.dirty != "" || c.waitsForNodes() {
		return
	}
	for _, n := range c.cib.Status.Nodes {
		if n.Attribute(AttributeShutdown) != "" && c.joined(n.Uname) && nothingRuns(&n) {
			c.grantLeave(n.Uname)
		}
	}
}

// nothingRuns reports whether a node's history proves it empty of resources.
func nothingRuns(n *cib.NodeState) bool {
	for i := range n.History {
		h := &n.History[i]
		pending := slices.ContainsFunc(h.Ops, func(o cib.OpHistory) bool { return o.Status == cib.ExecPending })
		if pending || h.Class != "stonith" && presenceOf(n, h.ID) != absent {
			return false
		}
	}
	return true
}

// lettingGo reports whether a member that is here may leave and is on its way
// out.
func (c *Core) lettingGo(name string) bool {
	m := c.members.member(name)
	return m != nil && c.leave.granted[name] == m.Incarnation
}

// grantLeave writes that the node is expected to be down, and lets it go when
// every member knows.
func (c *Core) grantLeave(name string) {
	m := c.members.member(name)
	if m == nil || c.lettingGo(name) {
		return
	}
	setString(&c.leave.granted, name, m.Incarnation)
	n := c.node(name)
	fresh := cib.NodeState{ID: n.ID, Uname: n.Uname, InCCM: true, HasInCCM: true, HasCrmd: true,
		Join: "down", Expected: "down", Incarnation: n.Incarnation, BootID: n.BootID}
	c.announce(EventNodeLeft, levelInfo, "node", name)
	c.commitAcknowledged(func() { c.send(name, message{MayLeave: &leaveMsg{}}) }, cib.Command{ReplaceNodeState: &fresh})
	if j := c.office.joins[name]; j != nil && name != c.cfg.Node {
		j.joined = false
	}
	c.markDirty("node " + name + " leaves")
}

// mayLeave ends this node's part.
func (c *Core) mayLeave(restart bool) {
	if c.leave.asked {
		c.left(restart)
	}
}

func (c *Core) left(restart bool) {
	c.leave.done = true
	c.announce(EventLeft, levelInfo, "node", c.cfg.Node, "resources", leftWords(restart))
	c.office, c.vote.dc, c.vote.claim = nil, "", nil
	c.emit(LeftCluster{Restart: restart})
}

func leftWords(restart bool) string {
	if restart {
		return "left running"
	}
	return "stopped"
}

// fencedAlive lets go of everything by force: the others take this node for
// dead and will start its resources elsewhere.
func (c *Core) fencedAlive() {
	if c.leave.fenced || c.leave.done {
		return
	}
	c.announce(EventFencedAlive, levelError, "node", c.cfg.Node,
		"remedy", "a fencing device reported success while this node ran on: check the device")
	c.leave.fenced = true
	c.office, c.vote.dc, c.vote.claim = nil, "", nil
	for _, top := range c.cib.Config.Resources {
		for _, id := range primitives(top) {
			if r := c.cib.Config.FindResource(id); r.Class != "stonith" {
				op := c.plainOperation(id, "stop")
				c.work.lastCall++
				op.ID, op.Force, op.Cause = c.work.lastCall, true, "this node was declared dead"
				c.execute(&orderMsg{Operation: op})
			}
		}
	}
}
