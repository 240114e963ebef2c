package node

import (
	"encoding/json"

	"kvmha/internal/cib"
)

// Effect is one thing the shell must do, in the order given.
type Effect interface{ effect() }

// Send sends a message to one member.
type Send struct {
	To   string
	Body json.RawMessage
}

// Persist writes Data durably (temporary name, fsync, rename, folder fsync)
// and then hands Persisted{Seq} back. Later effects of the same Step that must
// not be seen before are given by the Step that handles Persisted.
type Persist struct {
	Seq  uint64
	Data []byte
}

// WritePledge writes Data durably, as Persist does, into a file of its own that
// can be written when the disk is full: its room (PledgeRoom) is taken when it
// is first written. PledgeWritten{Seq} follows; after an error the file holds the
// old pledge or the new one.
type WritePledge struct {
	Seq  uint64
	Data []byte
}

// PledgeRoom is the most that a WritePledge's Data takes, in bytes.
const PledgeRoom = 2048

// Archive keeps Data under Name beside the state, for an administrator: a CIB
// that lost a merge.
type Archive struct {
	Name string
	Data []byte
}

// RunOperation hands an operation to the executor; OperationDone follows,
// for recurring monitors at the first result and then at every change.
type RunOperation struct{ Operation cib.Operation }

// CancelOperation ends a recurring monitor (or a running operation); what is
// cancelled still yields its OperationDone, with ExecCancelled.
type CancelOperation struct {
	Resource string
	Name     string
	// IntervalMS is the recurring operation's interval, 0 for others.
	IntervalMS int64
}

// Fence asks this node's fencer to fence Target; FenceDone follows. Levels are
// the topology with the devices' configuration resolved: level by level in
// order, all devices of a level together.
type Fence struct {
	ID     uint64
	Target string
	// Action is "off", "reboot" or "on".
	Action string
	Levels []FenceLevel
	// TimeoutMS bounds all of it; DelayMS is waited before the first device.
	TimeoutMS int64
	DelayMS   int64
	Cause     string
}

// FenceLevel is one level of devices.
type FenceLevel struct {
	Index   int
	Devices []FenceDevice
}

// FenceDevice is a configured device: the agent's name without "stonith:" and
// its parameters, ready to be written to its standard input.
type FenceDevice struct {
	ID     string
	Agent  string
	Params []cib.NV
}

// Reply answers a ClientRequest. Exactly one per request.
type Reply struct {
	ID    uint64
	Body  json.RawMessage
	Error string
}

// GuestReply answers a GuestRequest; the hub keeps it until the guest has it.
// It goes to wherever the asking VM runs now: the core of that host emits it.
type GuestReply struct {
	VM      string
	Request string
	Body    json.RawMessage
	Error   string
}

// Announce tells log and event stream what happened. Name is a stable event
// name ("dc-elected", "fence-started", …), Fields are sorted key/value pairs.
type Announce struct {
	Name   string
	Level  string // "info", "warn", "error"
	Fields []cib.NV
}

// LeftCluster ends the core: the shell calls Engine.Leave and exits.
type LeftCluster struct{ Restart bool }

func (Send) effect()            {}
func (Persist) effect()         {}
func (WritePledge) effect()     {}
func (Archive) effect()         {}
func (RunOperation) effect()    {}
func (CancelOperation) effect() {}
func (Fence) effect()           {}
func (Reply) effect()           {}
func (GuestReply) effect()      {}
func (Announce) effect()        {}
func (LeftCluster) effect()     {}
