package cib

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// GuestFenceKeep is how many records of finished guest fences are kept for each
// asking VM, so that a request repeated late still finds its reply.
const GuestFenceKeep = 64

// SetPartition records who decides for this partition. Term is 0 when it has
// no quorum, so that what it writes loses a merge against a quorate partition.
type SetPartition struct {
	DC         string `json:"dc"`
	HaveQuorum bool   `json:"have-quorum"`
	Term       uint64 `json:"term,omitempty"`
}

// SetMembership records what the engine and the join say about a node. Empty
// Incarnation and BootID leave what is known.
type SetMembership struct {
	Node        string `json:"node"`
	InCCM       bool   `json:"in_ccm"`
	Crmd        bool   `json:"crmd"`
	Join        string `json:"join"`
	Expected    string `json:"expected"`
	Incarnation string `json:"incarnation,omitempty"`
	BootID      string `json:"boot_id,omitempty"`
}

// NodeFenced records a confirmed fencing: the node is down and clean, and what
// it ran is gone with it. At is in Unix seconds. PowerOn names the devices that
// are to switch it on again (NodeState.PowerOn), "" when nothing is.
type NodeFenced struct {
	Node    string `json:"node"`
	At      int64  `json:"at"`
	PowerOn string `json:"power_on,omitempty"`
}

// PoweredOn records that a node which was switched off for a reboot is on again.
type PoweredOn struct {
	Node string `json:"node"`
}

// SetAttribute sets (or removes) a transient attribute of a node.
type SetAttribute struct {
	Node   string `json:"node"`
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Remove bool   `json:"remove,omitempty"`
}

// ForgetResource drops a resource's history and failures on a node, so that it
// is probed anew.
type ForgetResource struct {
	Node     string `json:"node"`
	Resource string `json:"rsc"`
}

// ClearFailures drops a resource's fail counts and failed operations on a node
// and keeps the rest of its history.
type ClearFailures struct {
	Node     string `json:"node"`
	Resource string `json:"rsc"`
}

// ForgetRecurring drops the history of one cancelled recurring operation.
type ForgetRecurring struct {
	Node       string `json:"node"`
	Resource   string `json:"rsc"`
	Operation  string `json:"operation"`
	IntervalMS int64  `json:"interval"`
}

// DropIntent removes an intent.
type DropIntent struct {
	ID string `json:"id"`
}

// nodeState returns the state of the node, made if it is missing, in a slice
// that is the caller's own.
func (c *CIB) nodeState(name string) *NodeState {
	if n := c.Status.Node(name); n != nil {
		return n
	}
	id := name
	for i := range c.Config.Nodes {
		if c.Config.Nodes[i].Uname == name {
			id = c.Config.Nodes[i].ID
		}
	}
	at, _ := slices.BinarySearchFunc(c.Status.Nodes, name, func(n NodeState, name string) int {
		return strings.Compare(n.Uname, name)
	})
	c.Status.Nodes = slices.Insert(c.Status.Nodes, at, NodeState{ID: id, Uname: name})
	return &c.Status.Nodes[at]
}

func (c *CIB) setPartition(cmd *SetPartition) {
	c.DC, c.HaveQuorum = cmd.DC, cmd.HaveQuorum
	if cmd.Term > c.Version.Term {
		c.Version.Term = cmd.Term
	}
}

func (c *CIB) setMembership(cmd *SetMembership) {
	n := c.nodeState(cmd.Node)
	n.InCCM, n.Crmd, n.Join, n.Expected = cmd.InCCM, cmd.Crmd, cmd.Join, cmd.Expected
	n.HasInCCM, n.HasCrmd = true, true
	if cmd.Incarnation != "" {
		n.Incarnation = cmd.Incarnation
	}
	if cmd.BootID != "" {
		n.BootID = cmd.BootID
	}
}

func (c *CIB) nodeFenced(cmd *NodeFenced) {
	n := c.nodeState(cmd.Node)
	*n = NodeState{
		ID: n.ID, Uname: n.Uname, HasInCCM: true, HasCrmd: true, Join: "down", Expected: "down",
		NodeFenced: strconv.FormatInt(cmd.At, 10), Incarnation: n.Incarnation, BootID: n.BootID,
		PowerOn: cmd.PowerOn,
	}
}

func (c *CIB) setAttribute(cmd *SetAttribute) {
	n := c.nodeState(cmd.Node)
	n.Attributes = setPair(n.Attributes, "status-"+n.ID, cmd.Name, cmd.Value, cmd.Remove)
}

func (c *CIB) forgetResource(cmd *ForgetResource) {
	n := c.nodeState(cmd.Node)
	n.History = keep(n.History, func(h *ResourceHistory) bool { return h.ID != cmd.Resource })
	n.Attributes = withoutFailures(n.Attributes, cmd.Resource)
}

func (c *CIB) clearFailures(cmd *ClearFailures) {
	n := c.nodeState(cmd.Node)
	n.Attributes = withoutFailures(n.Attributes, cmd.Resource)
	failure := cmd.Resource + "_last_failure_0"
	n.History = keep(n.History, func(h *ResourceHistory) bool {
		if h.ID == cmd.Resource {
			h.Ops = keep(h.Ops, func(o *OpHistory) bool { return o.ID != failure })
		}
		return true
	})
}

func (c *CIB) forgetRecurring(cmd *ForgetRecurring) {
	n := c.nodeState(cmd.Node)
	key := OpKey(cmd.Resource, cmd.Operation, cmd.IntervalMS)
	n.History = keep(n.History, func(h *ResourceHistory) bool {
		if h.ID == cmd.Resource {
			h.Ops = keep(h.Ops, func(o *OpHistory) bool { return o.ID != key })
		}
		return true
	})
}

// putIntent adds an intent or replaces the one with its id. A new one ends
// every other intent of the same resource.
func (c *CIB) putIntent(in Intent) {
	at := slices.IndexFunc(c.Status.Intents, func(o Intent) bool { return o.ID == in.ID })
	if at >= 0 {
		c.Status.Intents = slices.Clone(c.Status.Intents)
		c.Status.Intents[at] = in
		return
	}
	c.Status.Intents = append(keep(c.Status.Intents, func(o *Intent) bool { return o.Resource != in.Resource }), in)
}

func (c *CIB) dropIntent(id string) error {
	if !slices.ContainsFunc(c.Status.Intents, func(o Intent) bool { return o.ID == id }) {
		return fmt.Errorf("there is no intent %s: it has ended already", id)
	}
	c.Status.Intents = keep(c.Status.Intents, func(o *Intent) bool { return o.ID != id })
	return nil
}

// putGuestFence adds or replaces a record and drops the VM's oldest finished
// ones beyond GuestFenceKeep.
func (c *CIB) putGuestFence(g GuestFence) {
	records := slices.Clone(c.Status.GuestFences)
	at := slices.IndexFunc(records, func(o GuestFence) bool { return o.VM == g.VM && o.Request == g.Request })
	if at >= 0 {
		records[at] = g
	} else {
		records = append(records, g)
	}
	finished := 0
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].VM != g.VM || !records[i].Done {
			continue
		}
		if finished++; finished > GuestFenceKeep {
			records = slices.Delete(records, i, i+1)
		}
	}
	c.Status.GuestFences = records
}
