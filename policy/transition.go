package policy

import (
	"time"

	"kvmha/internal/cib"
)

// Input is everything a decision depends on.
type Input struct {
	CIB *cib.CIB
	// Now is the time rules and expiries are judged by.
	Now time.Time
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
	// FailStop, Digests: see history; Digests go into the CIB with the result.
	OpDigest      string `json:"op-digest,omitempty"`
	RestartDigest string `json:"restart-digest,omitempty"`
	RestartList   string `json:"restart-list,omitempty"`
	// Meta are the action's attributes for the XML graph (CRM_meta_*), sorted.
	Meta []cib.NV `json:"meta,omitempty"`
	// Cause says why in words: the constraint id, failure, rule or fencing
	// that made it necessary. Never empty for anything but Pseudo.
	Cause string `json:"cause,omitempty"`
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
	// FailureStartTimeout etc. are not needed: each Operation has its timeout.

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
	Errors    []string  `json:"errors,omitempty"`
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
// groups, clones and bundles, the rest for primitives.
type ResourceView struct {
	ID       string   `json:"id"`
	Kind     cib.Kind `json:"kind"`
	Agent    string   `json:"agent,omitempty"`
	Orphan   bool     `json:"orphan,omitempty"`
	Managed  bool     `json:"managed"`
	Blocked  bool     `json:"blocked,omitempty"`
	Failed   bool     `json:"failed,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
	Role     Role     `json:"role,omitempty"`
	NextRole Role     `json:"next-role,omitempty"`
	// Active are the nodes it runs on now, Pending the operation in progress
	// ("Starting", "Migrating" …), Next the node it will run on.
	Active   []string       `json:"active,omitempty"`
	Pending  string         `json:"pending,omitempty"`
	Next     string         `json:"next,omitempty"`
	Children []ResourceView `json:"children,omitempty"`
	// Why tells, in one sentence each, what decided Next: shown by explain.
	Why []string `json:"why,omitempty"`
}

// NodeView is one node as the scheduler sees it.
type NodeView struct {
	Name        string `json:"name"`
	Online      bool   `json:"online"`
	Unclean     bool   `json:"unclean,omitempty"`
	Pending     bool   `json:"pending,omitempty"`
	Standby     bool   `json:"standby,omitempty"`
	Maintenance bool   `json:"maintenance,omitempty"`
	Shutdown    bool   `json:"shutdown,omitempty"`
	// Why tells what made the node unclean, standby …
	Why string `json:"why,omitempty"`
}

// ScoreLine is one line of crm_simulate -s.
type ScoreLine struct {
	// Func is the phase as the reference names it (pcmk__primitive_assign …).
	Func     string    `json:"func"`
	Resource string    `json:"rsc"`
	Node     string    `json:"node"`
	Score    cib.Score `json:"score"`
	Text     string    `json:"text,omitempty"`
}
