package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kvmha/internal/cib"
)

// PledgeVersion is the format of Pledge; a file of another version is refused
// with both named.
const PledgeVersion = 1

// Pledge is what this node has bound itself to, and what it may rely on after
// a crash: the little that must be on disk before anybody hears of it. It is
// apart from State because it must be writable when the disk is full: the shell
// keeps room for it (see WritePledge).
type Pledge struct {
	Format  int    `json:"format"`
	Cluster string `json:"cluster"`
	// Voted is whom this node obeys in Term. It is written before a vote is
	// given, asked for, or an invitation accepted: a hostd that is killed in
	// between must not obey another in the same term.
	Term  uint64 `json:"term"`
	Voted string `json:"voted,omitempty"`
	// Joined is the boot in which this node has satisfied wait-for-all and which
	// it has not left since: a hostd that was killed need not wait for all nodes
	// again. Peers that go on without this node have it fenced first, which ends
	// the boot, or have seen it leave, before which it was taken back.
	Joined string `json:"joined,omitempty"`
	// Down are the nodes that this one, left alone, has proof of that they are
	// down. None of them takes part again before it is off this list on disk.
	Down []string `json:"down,omitempty"`
}

func (p Pledge) equal(o Pledge) bool {
	return p.Format == o.Format && p.Cluster == o.Cluster && p.Term == o.Term && p.Voted == o.Voted &&
		p.Joined == o.Joined && slices.Equal(p.Down, o.Down)
}

// pledging tracks what is on disk of the pledge and what is on its way there.
type pledging struct {
	disk    Pledge // Format 0: nobody knows what is there
	sent    Pledge
	seq     uint64
	pending uint64 // the write under way, 0 = none
	retry   time.Time
	failed  string // why the last write failed
}

// restorePledge takes up what the last run was bound to. That it had joined
// counts within one boot only, and only where fencing makes sure that the peers
// did not go on without it.
func (c *Core) restorePledge(data []byte) error {
	v, p := &c.vote, Pledge{}
	if data != nil {
		if err := json.Unmarshal(data, &p); err != nil {
			return fmt.Errorf("pledge of node %s is not readable: %w; if the cluster runs without this node, remove the file to start as a new one", c.cfg.Node, err)
		}
		if p.Format != PledgeVersion {
			return fmt.Errorf("pledge of node %s has format %d, this program reads %d: use the program that wrote it", c.cfg.Node, p.Format, PledgeVersion)
		}
		if p.Cluster != c.cfg.Cluster {
			return fmt.Errorf("pledge of node %s belongs to cluster %q, not %q: remove it, or correct the cluster's name", c.cfg.Node, p.Cluster, c.cfg.Cluster)
		}
	}
	c.pledge.disk = p
	v.term, v.voted = p.Term, p.Voted
	if written := c.cib.Version.Term; written > v.term {
		v.term, v.voted = written, "" // nobody else is obeyed in a term that has been written in
	}
	if p.Joined != c.cfg.BootID || !c.fencingEnabled() {
		return nil
	}
	c.members.seenAll, c.members.joinedAll, c.members.returned = true, true, true
	for _, name := range p.Down {
		if next, err := cib.Apply(c.cib, cib.Command{SetMembership: &cib.SetMembership{Node: name, Join: "down", Expected: "down"}}); err == nil {
			c.cib = next
		}
	}
	return nil
}

// promise is the pledge as it should be on disk.
func (c *Core) promise() Pledge {
	p := Pledge{Format: PledgeVersion, Cluster: c.cfg.Cluster, Term: c.vote.term, Voted: c.vote.voted}
	if c.staysJoined() {
		p.Joined, p.Down = c.cfg.BootID, c.provenDown()
	}
	return p
}

// staysJoined reports whether the next run of hostd in this boot may take
// wait-for-all for satisfied: never before what was learnt by joining is on
// disk, and not once this node wants to leave, for then the others go on without
// it.
func (c *Core) staysJoined() bool {
	if !c.members.joinedAll || c.leave.asked && !c.leave.restart || c.leave.fenced {
		return false
	}
	return c.pledge.disk.Joined == c.cfg.BootID || c.settledOnDisk()
}

// provenDown are, in a cluster of two, the nodes that left or were fenced and
// have not come back, sorted. More nodes have each other to tell them.
func (c *Core) provenDown() []string {
	if !c.twoNodes() {
		return nil
	}
	var names []string
	for _, name := range sortedKeys(c.cfg.Quorum.Votes) {
		known := slices.Contains(c.pledge.disk.Down, name) || c.settledOnDisk()
		if known && !c.members.here(name) && c.node(name).Expected == "down" {
			names = append(names, name)
		}
	}
	return names
}

// pledged reports whether the vote for the present term is on disk.
func (c *Core) pledged() bool {
	d := &c.pledge.disk
	return d.Format != 0 && d.Term == c.vote.term && d.Voted == c.vote.voted
}

// unbound reports whether a next run would certainly wait for all nodes.
func (c *Core) unbound() bool {
	return c.pledge.pending == 0 && c.pledge.disk.Format != 0 && c.pledge.disk.Joined == ""
}

// heldForDown reports whether the disk may still say of a node that it is down.
func (c *Core) heldForDown(name string) bool {
	g := &c.pledge
	return slices.Contains(g.disk.Down, name) || g.pending != 0 && slices.Contains(g.sent.Down, name)
}

// pledgeProgress writes the pledge when it has changed.
func (c *Core) pledgeProgress() {
	g := &c.pledge
	want := c.promise()
	if g.pending != 0 || want.equal(g.disk) || c.now.Before(g.retry) {
		return
	}
	g.seq++
	g.pending, g.sent = g.seq, want
	c.emit(WritePledge{Seq: g.seq, Data: mustJSON(want)})
}

// pledgeWritten takes the answer. After a failure nobody knows what the disk
// holds: nothing of it is relied on, and it is written again.
func (c *Core) pledgeWritten(e PledgeWritten) {
	g := &c.pledge
	if e.Seq != g.pending {
		return
	}
	g.pending = 0
	was := g.failed
	g.failed = e.Error
	if e.Error == "" {
		g.disk, g.retry = g.sent, time.Time{}
		if was != "" {
			c.announce(EventPersistOK, levelInfo)
		}
		return
	}
	g.disk.Format, g.disk.Down = 0, append(g.disk.Down, g.sent.Down...)
	g.retry = c.now.Add(c.cfg.Timings.PersistRetry)
	if was == "" {
		c.announce(EventPersistFailed, levelError, "error", e.Error,
			"remedy", "look at the disk under the state folder; until it can be written this node gives no vote and joins no new DC")
	}
}

func (c *Core) pledgeDeadline(d *deadline) {
	if c.pledge.pending == 0 && !c.promise().equal(c.pledge.disk) {
		d.add(c.pledge.retry)
	}
}
