package control

import "kvmha/internal/cib"

// ApplyArgs replaces the whole configuration. With BaseVersion set, it is
// refused unless the cluster's configuration is still that version.
type ApplyArgs struct {
	Config      cib.Configuration `json:"config"`
	BaseVersion *cib.Version      `json:"base,omitempty"`
	Source      string            `json:"source,omitempty"`
}

// RscAddArgs adds one resource with its constraints.
type RscAddArgs struct {
	Resource    *cib.Resource    `json:"resource"`
	Locations   []cib.Location   `json:"locations,omitempty"`
	Colocations []cib.Colocation `json:"colocations,omitempty"`
	Orders      []cib.Order      `json:"orders,omitempty"`
}

// RscArgs names a resource.
type RscArgs struct {
	Resource string `json:"rsc"`
}

// MoveArgs asks to have a resource (or VM) on Node; Node "" = any other node.
// The intent expires after LifetimeS seconds if it has not been reached (0 =
// 600).
type MoveArgs struct {
	Resource  string `json:"rsc"`
	Node      string `json:"node,omitempty"`
	LifetimeS int64  `json:"lifetime_s,omitempty"`
}

// NodeArgs names a node ("" = this one).
type NodeArgs struct {
	Node string `json:"node,omitempty"`
}

// CleanupArgs forgets failures: of one resource or all, on one node or all.
type CleanupArgs struct {
	Resource string `json:"rsc,omitempty"`
	Node     string `json:"node,omitempty"`
}

// FenceArgs fences a node. Action is "off", "reboot" (default) or "on".
type FenceArgs struct {
	Node   string `json:"node"`
	Action string `json:"action,omitempty"`
}

// ExplainArgs asks why a resource or a node is as it is.
type ExplainArgs struct {
	Subject string `json:"subject"`
}

// ExplainReply is the answer, a sentence a line.
type ExplainReply struct {
	Lines []string `json:"lines"`
}

// EventLine is one announced event.
type EventLine struct {
	Time   string   `json:"time"` // RFC 3339 with milliseconds
	Node   string   `json:"node"`
	Name   string   `json:"name"`
	Level  string   `json:"level"`
	Fields []cib.NV `json:"fields,omitempty"`
}

// HostMovedArgs waits until the VM stands on another host than From.
type HostMovedArgs struct {
	From string `json:"from"`
}

// GuestFenceArgs asks the host to fence another VM. Request is the id of the
// request; guestd makes one when it is empty.
type GuestFenceArgs struct {
	Target  string `json:"target"`
	Action  string `json:"action,omitempty"`
	Request string `json:"request,omitempty"`
}
