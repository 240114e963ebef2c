package cib

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FeatureSet is the crm_feature_set written with each result: the rules of
// Pacemaker 2.1.5, whose history format this is.
const FeatureSet = "3.16.2"

// OpRecord is the outcome of an operation as it enters the CIB, or, with
// Status ExecPending, the news that it has been ordered.
type OpRecord struct {
	Node       string     `json:"node"`
	Resource   string     `json:"rsc"`
	Class      string     `json:"class,omitempty"`
	Provider   string     `json:"provider,omitempty"`
	Type       string     `json:"type,omitempty"`
	Operation  string     `json:"operation"`
	IntervalMS int64      `json:"interval,omitempty"`
	CallID     int        `json:"call-id"`
	RC         RC         `json:"rc-code"`
	Status     ExecStatus `json:"op-status"`
	// TargetRC is the exit code that was expected.
	TargetRC      RC     `json:"target-rc"`
	TransitionKey string `json:"transition-key,omitempty"`
	ExitReason    string `json:"exit-reason,omitempty"`
	// LastRun and LastRCChange are Unix seconds, ExecTimeMS is milliseconds.
	LastRun      int64  `json:"last-run,omitempty"`
	LastRCChange int64  `json:"last-rc-change,omitempty"`
	ExecTimeMS   int64  `json:"exec-time,omitempty"`
	OpDigest     string `json:"op-digest,omitempty"`
	ParamDigests
	MigrateSource string `json:"migrate_source,omitempty"`
	MigrateTarget string `json:"migrate_target,omitempty"`
	// FailCount is what this result adds to the fail count: "" nothing, "++"
	// one, "INFINITY" everything.
	FailCount string `json:"fail-count,omitempty"`
	// Seq is the executing node's number of the result; it sees in the
	// replicated command that the result has arrived for good.
	Seq uint64 `json:"seq,omitempty"`
}

// OpKey is the key of an operation: RSC_OP_INTERVAL in milliseconds.
func OpKey(resource, operation string, intervalMS int64) string {
	return fmt.Sprintf("%s_%s_%d", resource, operation, intervalMS)
}

// FailCountName and LastFailureName are the transient attributes that count an
// operation's failures on a node, as Pacemaker names them.
func FailCountName(resource, operation string, intervalMS int64) string {
	return fmt.Sprintf("fail-count-%s#%s_%d", resource, operation, intervalMS)
}

// LastFailureName is the attribute with the time (Unix seconds) of the last
// failure that FailCountName counted.
func LastFailureName(resource, operation string, intervalMS int64) string {
	return fmt.Sprintf("last-failure-%s#%s_%d", resource, operation, intervalMS)
}

// Failed reports whether the record is a failure: it ended badly or with
// another exit code than the expected one. As in Pacemaker, a probe that finds
// the resource running where nothing was expected counts, too.
func (r *OpRecord) Failed() bool {
	switch r.Status {
	case ExecPending, ExecCancelled:
		return false
	case ExecDone:
		return r.RC != r.TargetRC
	}
	return true
}

// endsRecurring reports whether the operation, once ordered, ends the
// resource's recurring monitors on its node.
func (r *OpRecord) endsRecurring() bool {
	return r.Operation == "stop" || r.Operation == "demote" || r.Operation == "promote" || r.Operation == "migrate_to"
}

// historyIDs returns the lrm_rsc_op ids under which a record is kept.
func (r *OpRecord) historyIDs() []string {
	last, failure := r.Resource+"_last_0", r.Resource+"_last_failure_0"
	switch {
	case r.Operation == "notify":
		return nil
	case r.Failed() && r.IntervalMS == 0:
		return []string{failure, last}
	case r.Failed():
		return []string{failure}
	case r.IntervalMS > 0:
		return []string{OpKey(r.Resource, r.Operation, r.IntervalMS)}
	}
	return []string{last}
}

func (c *CIB) recordOperation(r *OpRecord) {
	n := c.nodeState(r.Node)
	n.History = slices.Clone(n.History)
	at := slices.IndexFunc(n.History, func(h ResourceHistory) bool { return h.ID == r.Resource })
	if at < 0 {
		at, _ = slices.BinarySearchFunc(n.History, r.Resource, func(h ResourceHistory, id string) int {
			return strings.Compare(h.ID, id)
		})
		n.History = slices.Insert(n.History, at, ResourceHistory{ID: r.Resource})
	}
	h := &n.History[at]
	h.Class, h.Provider, h.Type = r.Class, r.Provider, r.Type
	h.Ops = slices.Clone(h.Ops)
	if r.endsRecurring() && r.Status == ExecPending {
		h.Ops = slices.DeleteFunc(h.Ops, func(o OpHistory) bool { return o.IntervalMS > 0 && !strings.HasSuffix(o.ID, "_last_failure_0") })
	}
	for _, id := range r.historyIDs() {
		h.put(r.entry(id))
	}
	if r.FailCount != "" {
		n.countFailure(r)
	}
}

// put keeps an entry under its id. The result of an older call never replaces
// that of a newer one (a cancelled start reports after the stop was ordered).
func (h *ResourceHistory) put(e OpHistory) {
	at := slices.IndexFunc(h.Ops, func(o OpHistory) bool { return o.ID == e.ID })
	if at < 0 {
		h.Ops = append(h.Ops, e)
		return
	}
	if h.Ops[at].CallID > e.CallID {
		return
	}
	h.Ops[at] = e
}

func (r *OpRecord) entry(id string) OpHistory {
	return OpHistory{
		ID: id, Operation: r.Operation, OperationKey: OpKey(r.Resource, r.Operation, r.IntervalMS),
		IntervalMS: r.IntervalMS, CallID: r.CallID, RC: r.RC, Status: r.Status,
		TransitionKey: r.TransitionKey, Magic: fmt.Sprintf("%d:%d;%s", r.Status, r.RC, r.TransitionKey),
		ExitReason: r.ExitReason, OnNode: r.Node, LastRun: r.LastRun, LastRCChange: r.LastRCChange,
		ExecTimeMS: r.ExecTimeMS, OpDigest: r.OpDigest, RestartDigest: r.RestartDigest, RestartList: r.RestartList,
		SecureDigest: r.SecureDigest, SecureList: r.SecureList,
		FeatureSet: FeatureSet, MigrateSource: r.MigrateSource, MigrateTarget: r.MigrateTarget,
	}
}

// countFailure raises the fail count and notes the time. It saturates at
// INFINITY.
func (n *NodeState) countFailure(r *OpRecord) {
	name := FailCountName(r.Resource, r.Operation, r.IntervalMS)
	value := Infinity.String()
	if r.FailCount == "++" {
		old, _ := ParseScore(n.Attribute(name))
		value = old.Add(1).String()
	}
	set := "status-" + n.ID
	n.Attributes = setPair(n.Attributes, set, name, value, false)
	at := strconv.FormatInt(r.LastRCChange, 10)
	n.Attributes = setPair(n.Attributes, set, LastFailureName(r.Resource, r.Operation, r.IntervalMS), at, false)
}

// withoutFailures drops the fail counts of a resource.
func withoutFailures(sets []NVSet, resource string) []NVSet {
	return keep(sets, func(s *NVSet) bool {
		s.Pairs = keep(s.Pairs, func(p *NV) bool {
			return !strings.HasPrefix(p.Name, "fail-count-"+resource+"#") &&
				!strings.HasPrefix(p.Name, "last-failure-"+resource+"#")
		})
		return true
	})
}

// Attribute returns the value of a transient attribute of the node, "" if it
// is not set.
func (n *NodeState) Attribute(name string) string {
	for i := range n.Attributes {
		if v, ok := n.Attributes[i].Get(name); ok {
			return v
		}
	}
	return ""
}
