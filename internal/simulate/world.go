package simulate

import (
	"fmt"
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// world is a CIB whose status is changed as nodes would change it by reporting
// results. What it shares with the CIB it was made of is copied on first touch.
type world struct {
	cib *cib.CIB
	// at is when everything happens, Unix seconds.
	at    int64
	nodes map[string]int
	owned map[string]bool
}

func newWorld(before *cib.CIB, now time.Time) *world {
	after := *before
	after.Status.Nodes = slices.Clone(before.Status.Nodes)
	w := &world{cib: &after, at: now.Unix(), nodes: map[string]int{}, owned: map[string]bool{}}
	for i := range after.Status.Nodes {
		w.nodes[after.Status.Nodes[i].Uname] = i
	}
	return w
}

// node returns the state of a node to write to; a node without one gets it.
func (w *world) node(name, id string) *cib.NodeState {
	at, known := w.nodes[name]
	if !known {
		at = len(w.cib.Status.Nodes)
		w.nodes[name] = at
		w.cib.Status.Nodes = append(w.cib.Status.Nodes, cib.NodeState{ID: id, Uname: name})
	}
	n := &w.cib.Status.Nodes[at]
	if !w.owned[name] {
		w.owned[name] = true
		n.History = slices.Clone(n.History)
		mergeEntries(n)
	}
	return n
}

// history returns the entry of a resource on a node to write to. One that
// exists under the shown name is used before one under the preferred name. An
// entry of a name that the node has several of is not known: what is written
// counts as new, and ends up in the first of them.
func history(n *cib.NodeState, shown, preferred string, r *policy.Render) (h *cib.ResourceHistory, known bool) {
	at := -1
	for _, name := range []string{shown, preferred} {
		if list := entries(n, name); at < 0 && len(list) == 1 {
			at, known = list[0], true
		}
	}
	if !known {
		if list := entries(n, preferred); len(list) > 0 {
			at = list[0]
		} else {
			at = len(n.History)
			n.History = append(n.History, cib.ResourceHistory{ID: preferred, Class: r.Class, Provider: r.Provider, Type: r.Type})
		}
	}
	h = &n.History[at]
	h.Ops = slices.Clone(h.Ops)
	return h, known
}

// entries are the positions of a resource's entries in a node's history.
func entries(n *cib.NodeState, name string) []int {
	var at []int
	for i := range n.History {
		if n.History[i].ID == name {
			at = append(at, i)
		}
	}
	return at
}

// mergeEntries does what writing a node's state does to entries of one name:
// the first one takes in the operations of the others.
func mergeEntries(n *cib.NodeState) {
	first := map[string]*cib.ResourceHistory{}
	for i := range n.History {
		h := &n.History[i]
		to := first[h.ID]
		if to == nil {
			first[h.ID] = h
			continue
		}
		to.Ops = slices.Clone(to.Ops)
		for _, op := range h.Ops {
			setOp(to, op)
		}
	}
}

// setOp writes an operation over the one with its id, or adds it.
func setOp(h *cib.ResourceHistory, op cib.OpHistory) {
	if at := slices.IndexFunc(h.Ops, func(o cib.OpHistory) bool { return o.ID == op.ID }); at >= 0 {
		h.Ops[at] = op
	} else {
		h.Ops = append(h.Ops, op)
	}
}

// record adds the expected result of an action to the history.
func (w *world) record(a *policy.Action, shown, preferred string, interval int64) {
	id := a.Render.NodeID
	if a.Render.Router != "" {
		id = a.Node
	}
	h, known := history(w.node(a.Node, id), shown, preferred, &a.Render)
	call := 0
	for i := range h.Ops {
		if known {
			call = max(call, h.Ops[i].CallID)
		}
	}
	call++
	task := a.Task
	if task == "reload" || task == "reload-agent" {
		// A reload leaves the resource as a start does.
		task = "start"
	}
	// No transition of a real cluster has this number and origin.
	key := fmt.Sprintf("%d:-1:%d:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", call, a.TargetRC)
	op := cib.OpHistory{
		ID: historyID(a, h.ID, interval), Operation: task, OperationKey: cib.OpKey(h.ID, task, interval),
		IntervalMS: interval, CallID: call, RC: a.TargetRC, Status: cib.ExecDone,
		TransitionKey: key, Magic: fmt.Sprintf("%d:%d;%s", cib.ExecDone, a.TargetRC, key),
		LastRCChange: w.at, OpDigest: a.OpDigest,
		FeatureSet: cib.FeatureSet,
	}
	if a.Task == "migrate_to" || a.Task == "migrate_from" {
		op.MigrateSource = attribute(a, "CRM_meta_migrate_source")
		op.MigrateTarget = attribute(a, "CRM_meta_migrate_target")
	}
	setOp(h, op)
}

// historyID is the lrm_rsc_op id a success is kept under: the last of the
// single operations replaces the one before, recurring ones, notifications and
// both halves of a migration are kept by themselves.
func historyID(a *policy.Action, resource string, interval int64) string {
	switch {
	case a.Task == "notify":
		return fmt.Sprintf("%s_%s_notify_%s_0", resource, attribute(a, "CRM_meta_notify_type"), attribute(a, "CRM_meta_notify_operation"))
	case a.Task == "migrate_to", a.Task == "migrate_from", interval > 0:
		return cib.OpKey(resource, a.Task, interval)
	}
	return resource + "_last_0"
}

// powerOff makes a node what it is after fencing: gone, with nothing of its
// history or transient attributes left.
func (w *world) powerOff(name string) {
	n := w.node(name, name)
	n.InCCM, n.HasInCCM = false, true
	n.Crmd, n.HasCrmd = false, true
	n.Join, n.Expected = "down", "down"
	n.History, n.Attributes = nil, nil
}
