// Package control holds the words of the local API of hostd and guestd: one
// JSON object a line, requests with an id, replies with the same id, and event
// streams. Package socket below it speaks them over a unix socket.
//
// The core of a node answers these requests, so this package is pure. vm-ctl is
// the client; scripts may speak the API directly, so the names here are stable.
package control

import "encoding/json"

// APIVersion is the format version; a peer with another major version is
// refused with both named.
const APIVersion = 1

// Request is one line from the client.
type Request struct {
	Version int             `json:"v"`
	ID      uint64          `json:"id"`
	Verb    Verb            `json:"verb"`
	Args    json.RawMessage `json:"args,omitempty"`
}

// Response is one line from the server. A stream has many with one id, More
// set on all but the last. Error is empty on success.
type Response struct {
	Version int             `json:"v"`
	ID      uint64          `json:"id"`
	More    bool            `json:"more,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
	Error   string          `json:"error,omitempty"`
}

// Verb names what is asked.
type Verb string

// The verbs of hostd. The first group only reads; the second changes the
// cluster and is answered when the change is on every member's disk; the third
// is of the shell, not of the core.
const (
	Status  Verb = "status"  // -> node.StatusReply
	GetCIB  Verb = "cib"     // -> cib.CIB
	Explain Verb = "explain" // ExplainArgs -> ExplainReply

	Apply     Verb = "apply"      // ApplyArgs
	RscAdd    Verb = "rsc-add"    // RscAddArgs
	RscDelete Verb = "rsc-delete" // RscArgs
	RscStart  Verb = "rsc-start"  // RscArgs: target-role Started
	RscStop   Verb = "rsc-stop"   // RscArgs: target-role Stopped
	Move      Verb = "move"       // MoveArgs: makes an intent
	Unmove    Verb = "unmove"     // RscArgs
	Standby   Verb = "standby"    // NodeArgs
	Online    Verb = "online"     // NodeArgs
	Cleanup   Verb = "cleanup"    // CleanupArgs
	FenceNode Verb = "fence"      // FenceArgs; answered when fencing has ended

	Events Verb = "events" // stream of EventLine, from now on

	// The verbs of guestd.
	HostStatus     Verb = "host-status"
	HostAttributes Verb = "host-attributes"
	HostMoved      Verb = "host-moved"  // HostMovedArgs; answered after the next live migration
	GuestFence     Verb = "guest-fence" // GuestFenceArgs
	GuestInfo      Verb = "guest-info"
)
