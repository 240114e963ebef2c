package simulate

import (
	"fmt"
	"slices"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// history returns the entry of a resource on a node to write to, or nil. One
// that exists under the shown name is used before one under the preferred
// name. An entry of a name that the node has several of is not known: what is
// written counts as new, and ends up in the first of them.
func history(n *cib.NodeState, shown, preferred string) (h *cib.ResourceHistory, known bool) {
	for _, name := range []string{shown, preferred} {
		if list := entries(n, name); len(list) == 1 {
			return ownOps(&n.History[list[0]]), true
		}
	}
	if list := entries(n, preferred); len(list) > 0 {
		return ownOps(&n.History[list[0]]), false
	}
	return nil, false
}

func addHistory(n *cib.NodeState, name string, a agent) *cib.ResourceHistory {
	n.History = append(n.History, cib.ResourceHistory{ID: name, Class: a.class, Provider: a.provider, Type: a.typ})
	return &n.History[len(n.History)-1]
}

func ownOps(h *cib.ResourceHistory) *cib.ResourceHistory {
	h.Ops = slices.Clone(h.Ops)
	return h
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

// opEntry is the operation with an id, to write over: what is not written stays
// as it was.
func opEntry(h *cib.ResourceHistory, id string) *cib.OpHistory {
	at := slices.IndexFunc(h.Ops, func(o cib.OpHistory) bool { return o.ID == id })
	if at < 0 {
		at = len(h.Ops)
		h.Ops = append(h.Ops, cib.OpHistory{ID: id})
	}
	return &h.Ops[at]
}

// nextCall is a call id after all of an entry, if that is known.
func nextCall(h *cib.ResourceHistory, known bool) int {
	call := 0
	for i := range h.Ops {
		if known {
			call = max(call, h.Ops[i].CallID)
		}
	}
	return call + 1
}

// result is how an operation ended.
type result struct {
	// resource is the name that the result is kept under, in the entry of
	// that name or of another one of the same instance.
	resource, task string
	interval       int64
	// rc is what the agent said, target what was expected of it, reason the
	// agent's words if these differ.
	rc, target cib.RC
	call       int
	reason     string
	// action, unless nil, is what asked for it.
	action *policy.Action
}

// addResult keeps a result in a resource's history.
func (w *world) addResult(h *cib.ResourceHistory, r result) {
	if r.task == "notify" {
		// How agents take notifications is of no account.
		r.rc = cib.OK
	}
	ids, failed := r.historyIDs()
	if r.task == "reload" || r.task == "reload-agent" {
		// A reload leaves the resource as a start does.
		r.task = "start"
	}
	for _, id := range ids {
		op := opEntry(h, id)
		op.Operation, op.OperationKey, op.IntervalMS = r.task, cib.OpKey(r.resource, r.task, r.interval), r.interval
		op.CallID, op.RC, op.Status = r.call, r.rc, cib.ExecDone
		// No transition of a real cluster has this number and origin.
		op.TransitionKey = fmt.Sprintf("%d:-1:%d:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", r.call, r.target)
		op.Magic = fmt.Sprintf("%d:%d;%s", cib.ExecDone, r.rc, op.TransitionKey)
		op.LastRCChange, op.ExecTimeMS, op.QueueTimeMS, op.FeatureSet = w.at, 0, 0, cib.FeatureSet
		op.ExitReason = ""
		if failed {
			op.ExitReason = r.reason
		}
		r.addOrigin(op)
	}
}

// addOrigin adds what is known only of operations that an action asked for.
func (r *result) addOrigin(op *cib.OpHistory) {
	a := r.action
	if a == nil {
		return
	}
	op.OpDigest = a.OpDigest
	if r.migrates() {
		op.MigrateSource = attribute(a, "CRM_meta_migrate_source")
		op.MigrateTarget = attribute(a, "CRM_meta_migrate_target")
	}
}

func (r *result) migrates() bool { return r.task == "migrate_to" || r.task == "migrate_from" }

// historyIDs are the lrm_rsc_op ids that a result is kept under: the last of
// the single operations replaces the one before, recurring ones, notifications
// and both halves of a migration are kept by themselves, and of the failures
// the last one.
func (r *result) historyIDs() (ids []string, failed bool) {
	last := r.resource + "_last_0"
	switch {
	case r.task == "notify" && r.action != nil:
		kind, about := attribute(r.action, "CRM_meta_notify_type"), attribute(r.action, "CRM_meta_notify_operation")
		return []string{fmt.Sprintf("%s_%s_notify_%s_0", r.resource, kind, about)}, false
	case r.migrates():
		return []string{cib.OpKey(r.resource, r.task, r.interval)}, false
	case r.rc != r.target && r.interval > 0:
		return []string{r.resource + "_last_failure_0"}, true
	case r.rc != r.target:
		return []string{r.resource + "_last_failure_0", last}, true
	case r.interval > 0:
		return []string{cib.OpKey(r.resource, r.task, r.interval)}, false
	}
	return []string{last}, false
}
