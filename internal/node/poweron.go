package node

import (
	"strings"
	"time"

	"kvmha/internal/cib"
)

// A node that was fenced to reboot is off when the fencing is confirmed, and
// whoever fenced it may be gone a moment later. That it is to be switched on again
// is therefore part of its state in the CIB: it comes into being with NodeFenced,
// every member knows it and has it on disk, and whoever is DC sees to it.

// powerOnProgress switches nodes on again that are left off, until it has worked
// or they are back.
func (c *Core) powerOnProgress() {
	o := c.office
	for _, n := range c.cib.Status.Nodes {
		f := o.powerFails[n.Uname]
		switch {
		case n.PowerOn == "":
			delete(o.powerFails, n.Uname)
			continue
		case c.members.here(n.Uname):
			continue // joining makes its state anew
		case f != nil && c.now.Before(f.Next), c.otherJob(&fenceJob{fenceMsg: fenceMsg{Target: n.Uname}}, "off", "reboot", "on") != nil:
			continue
		case f != nil:
			f.Next = time.Time{}
		}
		c.startFence(n.Uname, "on", "it was switched off to reboot", c.powerOnLevels(&n), 0, c.cfg.Timings.FenceTimeout)
	}
}

// powerOnLevels are the devices that switched a node off, as one level. Where
// one of them is configured no more, those that could fence the node now.
func (c *Core) powerOnLevels(n *cib.NodeState) []FenceLevel {
	devices := c.fenceDevices()
	level := FenceLevel{Index: 1}
	for _, id := range strings.Split(n.PowerOn, "+") {
		d, ok := devices[id]
		if !ok {
			levels, _ := c.fenceLevels(n.Uname)
			return levels
		}
		level.Devices = append(level.Devices, d.aimedAt(n.Uname))
	}
	return []FenceLevel{level}
}

// poweredOn notes that a node was switched on.
func (c *Core) poweredOn(name string) {
	if c.node(name).PowerOn != "" {
		c.commit(cib.Command{PoweredOn: &cib.PoweredOn{Node: name}})
	}
}

// powerOns are the nodes to be switched on, with their devices.
func powerOns(b *cib.CIB) map[string]string {
	var due map[string]string
	for _, n := range b.Status.Nodes {
		if n.PowerOn != "" {
			setString(&due, n.Uname, n.PowerOn)
		}
	}
	return due
}

// restorePowerOns takes up what is due from the last run.
func (c *Core) restorePowerOns(due map[string]string) {
	for _, name := range sortedKeys(due) {
		state := c.node(name)
		state.PowerOn = due[name]
		if next, err := cib.Apply(c.cib, cib.Command{ReplaceNodeState: &state}); err == nil {
			c.cib = next
		}
	}
}

// mergePowerOn keeps what a member knows to be due of a node that nobody knows
// more of.
func mergePowerOn(merged *cib.CIB, n cib.NodeState, apply func(cib.Command)) {
	known := merged.Status.Node(n.Uname)
	if n.PowerOn != "" && known != nil && !known.HasInCCM && known.PowerOn == "" {
		state := *known
		state.PowerOn = n.PowerOn
		apply(cib.Command{ReplaceNodeState: &state})
	}
}
