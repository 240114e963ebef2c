package node

import (
	"encoding/json"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
)

// Event is one thing that happened. Events are plain data: hostd can record
// them to a file and a replay yields the same effects.
type Event interface{ event() }

// Tick says that time has passed. hostd ticks when Core.Deadline says so, at
// the latest; more ticks do no harm.
type Tick struct{}

// ViewChanged is the engine's new view of members and links.
type ViewChanged struct{ View cluster.View }

// PeerMessage is a message of another core (see Message).
type PeerMessage struct {
	From string
	Body json.RawMessage
}

// PeerRefused passes on that the engine turned a peer away.
type PeerRefused struct{ Address, Reason string }

// OperationDone is the result of a RunOperation, or of a watch.
type OperationDone struct {
	Operation cib.Operation
	Result    cib.Result
}

// FenceDone is the result of a Fence effect.
type FenceDone struct {
	ID     uint64
	Target string
	OK     bool
	Device string
	Error  string
	// LeftOff: after a reboot the target is off, and one order to switch it on
	// by the devices named in Device is due.
	LeftOff bool
}

// AttributeChanged sets a transient attribute of this node (link states,
// agents' scores, disk checks); Remove deletes it.
type AttributeChanged struct {
	Name, Value string
	Remove      bool
}

// ClientRequest comes from vm-ctl through the control socket. Verb and Args
// are those of package control.
type ClientRequest struct {
	ID   uint64
	Verb string
	Args json.RawMessage `json:",omitempty"` // absent and null are not the same once recorded
}

// ClientGone says that nobody waits for the reply any more.
type ClientGone struct{ ID uint64 }

// GuestRequest comes from a VM on this host through the virtio hub. VM is the
// resource id of the asking VM, proven by the channel it came on.
type GuestRequest struct {
	VM      string
	Request string // the guest's id for it: the same id is the same request
	Verb    string // "status", "attributes", "fence"
	Target  string
	Action  string
}

// Persisted answers a Persist effect. Error is "" when the data is on disk.
type Persisted struct {
	Seq   uint64
	Error string
}

// PledgeWritten answers a WritePledge effect. Error is "" when it is on disk.
type PledgeWritten struct {
	Seq   uint64
	Error string
}

// Shutdown asks the node to leave cleanly: stop or hand over what it runs,
// then announce LeftCluster. Restart is true when only hostd goes down for a
// moment and resources stay as they are.
type Shutdown struct{ Restart bool }

func (Tick) event()             {}
func (ViewChanged) event()      {}
func (PeerMessage) event()      {}
func (PeerRefused) event()      {}
func (OperationDone) event()    {}
func (FenceDone) event()        {}
func (AttributeChanged) event() {}
func (ClientRequest) event()    {}
func (ClientGone) event()       {}
func (GuestRequest) event()     {}
func (Persisted) event()        {}
func (PledgeWritten) event()    {}
func (Shutdown) event()         {}
