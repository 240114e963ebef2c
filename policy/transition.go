package policy

import (
	"slices"
	"time"

	"kvmha/internal/cib"
)

// Input is everything a decision depends on.
type Input struct {
	CIB *cib.CIB
	// Now is the time rules and expiries are judged by. Zero: the CIB's own
	// ExecutionDate.
	Now time.Time
	// Hold names resources that are left alone: whatever is scheduled for
	// them, and what depends on it, stays out of the graph. internal/node
	// holds a VM while a guest's fence of it is in progress.
	Hold []string
	// Sanitized says that secrets were masked in the CIB, as in files made for
	// support: parameters that differ only in secrets then count as the same.
	Sanitized bool
	// Scores asks for Transition.Scores, which cost time and memory.
	Scores bool
	// Considered asks for Transition.Considered: in a cluster where all is well
	// that is nearly everything.
	Considered bool
	// Utilization asks for the nodes' capacities, and for what each resource
	// takes of them, among Transition.Scores.
	Utilization bool
}

// ActionKind tells how an action is carried out.
type ActionKind string

// The kinds of graph nodes, as in Pacemaker's transition graph: an operation
// on a resource, a pseudo-event that only orders others, a fencing operation,
// and work of the cluster's own (clear_failcount, do_shutdown, lrm_delete).
const (
	ResourceOp ActionKind = "rsc_op"
	Pseudo     ActionKind = "pseudo_event"
	FenceOp    ActionKind = "stonith"
	ClusterOp  ActionKind = "crm_event"
)

// Action is one node of the transition graph.
type Action struct {
	// ID is unique in its transition, from 1.
	ID   int        `json:"id"`
	Kind ActionKind `json:"kind"`
	// Key names the action: RSC_TASK_INTERVALms, or for fencing stonith-NODE-ACTION.
	Key string `json:"key"`
	// Task is the operation: start, stop, monitor, migrate_to, … or, for
	// FenceOp, "reboot", "off" or "on".
	Task string `json:"task"`
	// Node is where it runs; for FenceOp the node to fence.
	Node string `json:"node,omitempty"`
	// Operation is what the executor needs (ResourceOp only). Its ID,
	// TransitionKey are set by internal/node when it is sent.
	Operation *cib.Operation `json:"operation,omitempty"`
	// TargetRC is the exit code that means success: 7 for a probe that
	// expects nothing, else 0 (8 for a promoted monitor). A probe that
	// answers otherwise aborts the transition, so that it is decided anew.
	TargetRC cib.RC `json:"target-rc"`
	// Inputs are the ids of the actions that must be done first.
	Inputs []int `json:"inputs,omitempty"`
	// Priority orders synapses that are ready at once (higher first).
	Priority int `json:"priority,omitempty"`
	// CanFail: a failure does not abort the transition.
	CanFail bool `json:"can-fail,omitempty"`
	// OpDigest is that of the parameters it runs with; it goes into the CIB with
	// the result.
	OpDigest string `json:"op-digest,omitempty"`
	// Meta are the action's attributes for the XML graph (CRM_meta_*), sorted.
	Meta []cib.NV `json:"meta,omitempty"`
	// Why is what made it necessary, Cause the same in words: the constraint,
	// failure, rule, fencing … Only Pseudo actions, and those of
	// Transition.Considered, have none.
	Why   *Reason `json:"why,omitempty"`
	Cause string  `json:"cause,omitempty"`
	// Reason is the short form that crm_simulate prints as "due to …".
	Reason string `json:"reason,omitempty"`
	// Downed are the nodes that go down when this action succeeds.
	Downed []string `json:"downed,omitempty"`

	// Render is what only the writers of graphs need.
	Render Render `json:"render,omitzero"`
}

// Render describes an action for the DOT and XML writers.
type Render struct {
	// Element is the XML element: rsc_op, pseudo_event or crm_event.
	Element string `json:"element,omitempty"`
	// Operation is the XML attribute of that name ("stonith" for FenceOp).
	Operation string `json:"operation,omitempty"`
	// InternalKey is internal_operation_key, set when Key was renamed after a
	// clone instance's history.
	InternalKey string `json:"internal-key,omitempty"`
	// NodeInfo: on_node and on_node_uuid belong into the element.
	NodeInfo bool   `json:"node-info,omitempty"`
	NodeID   string `json:"node-id,omitempty"`
	// Router is the cluster node that relays to a remote node.
	Router string `json:"router,omitempty"`
	// ResourceID, ResourceLongID, Class, Provider and Type make the
	// <primitive> element; there is none if ResourceID is empty. Of what is no
	// primitive, ResourceKind is the element's name.
	ResourceKind   cib.Kind `json:"rsc-kind,omitempty"`
	ResourceID     string   `json:"rsc-id,omitempty"`
	ResourceLongID string   `json:"rsc-long-id,omitempty"`
	Class          string   `json:"class,omitempty"`
	Provider       string   `json:"provider,omitempty"`
	Type           string   `json:"type,omitempty"`
	// ShutdownLock is Unix seconds, 0 = no lock.
	ShutdownLock int64 `json:"shutdown-lock,omitempty"`
	// Attributes of the <attributes> element, sorted, without
	// crm_feature_set: parameters, meta-attributes and clone information.
	Attributes []cib.NV `json:"attributes,omitempty"`
	// Params are the <param name= value=/> children of <attributes>:
	// parameters whose names are no XML names.
	Params []cib.NV `json:"params,omitempty"`
	// DownedIDs are the node ids of the <downed> element; MaintenanceIDs the
	// ids and states ("0"/"1") of <maintenance>.
	DownedIDs      []string `json:"downed-ids,omitempty"`
	MaintenanceIDs []cib.NV `json:"maintenance-ids,omitempty"`

	// Name is the label of the DOT node.
	Name string `json:"name,omitempty"`
	// InGraph: the action is part of the transition. Of the rest, Optional
	// and Unmanaged ones are only drawn when everything is asked for.
	InGraph   bool `json:"in-graph,omitempty"`
	Pseudo    bool `json:"pseudo,omitempty"`
	Optional  bool `json:"optional,omitempty"`
	Unmanaged bool `json:"unmanaged,omitempty"`
	// Edges are the arrows that end here.
	Edges []Edge `json:"edges,omitempty"`
}

// Edge is an arrow of the DOT graph, from the action with id From. Bold ones
// are triggers of the transition; the others are drawn dashed, and, unless
// everything is asked for, only if both ends are drawn and Load is false.
type Edge struct {
	From int  `json:"from"`
	Bold bool `json:"bold,omitempty"`
	Load bool `json:"load,omitempty"`
}

// Change is something that will happen to a node or to a resource.
type Change struct {
	// Verb is Start, Stop, Move, Restart, Recover, Migrate, Promote, Demote,
	// Reload, Re-promote, or for nodes "Fence (reboot)", Shutdown …
	Verb string `json:"verb"`
	// Node is the node that changes, empty if it is a resource; Container is
	// the resource that a guest node is in.
	Node      string `json:"node,omitempty"`
	Container string `json:"container,omitempty"`
	// Resource is the resource that changes. It is on From, in Role, and will
	// be on To, in NextRole. From or To is empty where it only comes or goes.
	Resource string `json:"rsc,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Role     Role   `json:"role,omitempty"`
	NextRole Role   `json:"next-role,omitempty"`
	// Reason is what the change is due to, if that is known ("node
	// availability"). Blocked: it would have to happen, and cannot.
	Reason  string `json:"reason,omitempty"`
	Blocked bool   `json:"blocked,omitempty"`
}

// Transition is the scheduler's answer.
type Transition struct {
	Actions []*Action `json:"actions"`
	// BatchLimit and MigrationLimit bound what runs at once (0 or less: no limit).
	BatchLimit     int `json:"batch-limit"`
	MigrationLimit int `json:"migration-limit"`
	// ClusterDelay, FencingTimeout bound the wait for actions on other nodes.
	ClusterDelay   time.Duration `json:"cluster-delay"`
	FencingTimeout time.Duration `json:"stonith-timeout"`
	// StartFailureFatal mirrors start-failure-is-fatal for the graph's header.
	StartFailureFatal bool `json:"start-failure-is-fatal,omitempty"`
	// Options are the effective cluster options by name, defaults included.
	Options map[string]string `json:"options,omitempty"`

	// Considered holds the actions that did not make it into the graph:
	// optional, unrunnable or unmanaged ones, for the DOT writer. It is
	// filled if Input.Considered asks for it.
	Considered []*Action `json:"considered,omitempty"`
	// Changes is what will happen to nodes, then to resources, as the
	// reference's "Transition Summary" lists it.
	Changes []Change `json:"changes,omitempty"`
	// FailedOps are the failed operations in the history of online nodes, in
	// the order they were met.
	FailedOps []FailedOp `json:"failed-ops,omitempty"`

	// Resources is the scheduler's view of every resource, in the order of
	// the configuration, for status, explain and the XML summary.
	Resources []ResourceView `json:"resources"`
	Nodes     []NodeView     `json:"nodes"`
	// Scores are the allocation scores in the order the reference prints them.
	Scores []ScoreLine `json:"scores,omitempty"`
	// RecheckAt is when time alone may change the answer (a date rule, a
	// failure-timeout); zero = never.
	RecheckAt time.Time `json:"recheck-at,omitzero"`
	Warnings  []string  `json:"warnings,omitempty"`
	// StatusNotices are lines that crm_simulate prints before the status, Notices
	// those that it prints among the scores.
	StatusNotices []string `json:"status-notices,omitempty"`
	Notices       []Notice `json:"notices,omitempty"`
	Errors        []string `json:"errors,omitempty"`
	// Instances, Disabled and Blocked count primitives and clone instances.
	Instances     int `json:"instances,omitempty"`
	DisabledCount int `json:"disabled,omitempty"`
	BlockedCount  int `json:"blocked,omitempty"`
}

// Notice is a line that stands behind so many lines of Transition.Scores.
type Notice struct {
	Text   string `json:"text"`
	Behind int    `json:"behind,omitempty"`
}

// FailedOp is one failed operation as crm_mon lists it.
type FailedOp struct {
	Resource string        `json:"rsc"`
	Node     string        `json:"node"`
	Op       cib.OpHistory `json:"op"`
}

// Role is what a resource instance is, or is to be, on a node.
type Role string

// The roles ("Pacemaker Explained, Promotable Clones").
const (
	Unknown    Role = "Unknown"
	Stopped    Role = "Stopped"
	Started    Role = "Started"
	Unpromoted Role = "Unpromoted"
	Promoted   Role = "Promoted"
)

// ResourceView is one resource instance as the scheduler sees it: Children for
// groups, clones and bundles, the rest for primitives. All but Next, NextRole
// and Why describe the state before anything is done.
type ResourceView struct {
	// ID is the instance's own name (web:0), XMLID its name in the
	// configuration (web); History is the name its history was found under.
	ID      string   `json:"id"`
	XMLID   string   `json:"xml-id,omitempty"`
	History string   `json:"history,omitempty"`
	Kind    cib.Kind `json:"kind"`
	Agent   string   `json:"agent,omitempty"`
	Orphan  bool     `json:"orphan,omitempty"`
	Managed bool     `json:"managed"`
	Blocked bool     `json:"blocked,omitempty"`
	Failed  bool     `json:"failed,omitempty"`
	// FailureIgnored: it failed, and on-fail=ignore says to live with that.
	FailureIgnored bool `json:"failure-ignored,omitempty"`
	Maintenance    bool `json:"maintenance,omitempty"`
	// Disabled: target-role keeps it stopped or unpromoted; TargetRole is the
	// text of it.
	Disabled   bool   `json:"disabled,omitempty"`
	TargetRole string `json:"target-role,omitempty"`
	Unique     bool   `json:"unique,omitempty"`
	Promotable bool   `json:"promotable,omitempty"`
	Role       Role   `json:"role,omitempty"`
	NextRole   Role   `json:"next-role,omitempty"`
	// Active are the nodes it runs on now, Pending the operation in progress
	// ("Starting", "Migrating" …) and PendingTask "Monitoring", Next the node
	// it will run on.
	Active      []string `json:"active,omitempty"`
	Pending     string   `json:"pending,omitempty"`
	PendingTask string   `json:"pending-task,omitempty"`
	PendingNode string   `json:"pending-node,omitempty"`
	Next        string   `json:"next,omitempty"`
	// LockNode is the node a shutdown lock keeps it on.
	LockNode string `json:"lock-node,omitempty"`
	// Max is clone-max. Candidates are the nodes a clone may run on as known
	// before anything is scheduled (allowed, else probed), for the list of
	// nodes where an anonymous clone is stopped.
	Max        int      `json:"max,omitempty"`
	Candidates []string `json:"candidates,omitempty"`
	// Image is the container image of a bundle. The children of a bundle are
	// its replicas as people see them: each the view of the primitive inside
	// or, without one, of the container, with Label as the name to show
	// ("web-bundle-0 (192.168.1.5)") and Active set to the nodes of the
	// container.
	Image string `json:"image,omitempty"`
	Label string `json:"label,omitempty"`
	// Internal resources are made by the cluster itself and not shown to people.
	Internal bool           `json:"internal,omitempty"`
	Children []ResourceView `json:"children,omitempty"`
	// Replicas are a bundle's replicas as they are.
	Replicas []ReplicaView `json:"replicas,omitempty"`
	// Why tells, for a resource that an administrator moves, what keeps it
	// from the node it is to go to.
	Why []Reason `json:"why,omitempty"`
}

// ReplicaView is one replica of a bundle: its number, and the resources it is
// made of. Only the container is always there.
type ReplicaView struct {
	Number int `json:"number"`
	// Address, Child, Container and Connection are the address, the instance of
	// the primitive inside, the container, and the connection to the guest node
	// in it.
	Address    *ResourceView `json:"address,omitempty"`
	Child      *ResourceView `json:"child,omitempty"`
	Container  *ResourceView `json:"container"`
	Connection *ResourceView `json:"connection,omitempty"`
}

// Parts are the resources of the replica, in the order of its fields.
func (r *ReplicaView) Parts() []*ResourceView {
	parts := []*ResourceView{r.Address, r.Child, r.Container, r.Connection}
	return slices.DeleteFunc(parts, func(p *ResourceView) bool { return p == nil })
}

// NodeView is one node as the scheduler sees it.
type NodeView struct {
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
	// Type is member, remote, ping or guest (a remote node inside a resource).
	Type    string `json:"type,omitempty"`
	Online  bool   `json:"online"`
	Unclean bool   `json:"unclean,omitempty"`
	Pending bool   `json:"pending,omitempty"`
	Standby bool   `json:"standby,omitempty"`
	// StandbyOnFail: standby because of on-fail=standby.
	StandbyOnFail bool `json:"standby-on-fail,omitempty"`
	Maintenance   bool `json:"maintenance,omitempty"`
	Shutdown      bool `json:"shutdown,omitempty"`
	// Expected: the cluster counts on it as a member.
	Expected bool `json:"expected,omitempty"`
	DC       bool `json:"dc,omitempty"`
	// Container is the resource that a guest node is in.
	Container string `json:"container,omitempty"`
	// Health is 1 (green), 0 (yellow) or -1 (red).
	Health int `json:"health"`
	// Running is how many resources are active on it.
	Running    int      `json:"running,omitempty"`
	Attributes []cib.NV `json:"attributes,omitempty"`
	// FailCounts are those of the resources that failed there, in the order of
	// its history.
	FailCounts []FailCount `json:"fail-counts,omitempty"`
	// Why tells what made the node unclean, standby …
	Why string `json:"why,omitempty"`
}

// FailCount is how often a resource failed on a node, as crm_mon lists it.
type FailCount struct {
	// Resource is the name of its history on the node.
	Resource string `json:"rsc"`
	// Count is the number of failures, of which as many as Threshold
	// (migration-threshold) ban the resource from the node.
	Count     cib.Score `json:"count"`
	Threshold cib.Score `json:"migration-threshold"`
	// Last is when the last one was, Unix seconds; 0 = unknown.
	Last int64 `json:"last-failure,omitempty"`
}

// ScoreKind tells what a ScoreLine is about.
type ScoreKind uint8

// The kinds: how much a resource wants to be on a node, how much an instance
// wants to be promoted there, what a node has to give, what a resource takes.
const (
	AllocationScore ScoreKind = iota
	PromotionScore
	NodeCapacity
	ResourceNeeds
)

// ScoreLine is one line of crm_simulate -s and -U.
type ScoreLine struct {
	Kind ScoreKind `json:"kind,omitempty"`
	// Func is the phase as the reference names it (pcmk__primitive_assign …);
	// for capacities "Original" or "Remaining". Promotion scores have none.
	Func string `json:"func,omitempty"`
	// Resource is empty for capacities, Node for the promotion score of an
	// instance that is nowhere.
	Resource string    `json:"rsc,omitempty"`
	Node     string    `json:"node,omitempty"`
	Score    cib.Score `json:"score"`
	// Amounts are those of a capacity or of needs.
	Amounts []Amount `json:"amounts,omitempty"`
}

// Amount is how much of a utilization attribute there is, or is needed.
type Amount struct {
	Name  string `json:"name"`
	Value int    `json:"value"`
}
