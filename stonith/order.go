package stonith

import (
	"time"

	"kvmha/internal/cib"
)

// Order asks to fence one node.
type Order struct {
	// ID comes back in the Result.
	ID     uint64
	Target string
	// Action is Off, Reboot or On.
	Action Action
	// Levels are tried in order until one has succeeded with all its devices.
	Levels []Level
	// Timeout bounds everything after Delay; 0 = DefaultTimeout.
	Timeout time.Duration
	// Delay is waited before the first device. It holds all that the cluster
	// wants waited: pcmk_delay_* and priority-fencing-delay.
	Delay time.Duration
	Cause string
}

// Level is one level of a fencing topology.
type Level struct {
	Index   int
	Devices []DeviceSpec
}

// DeviceSpec is a configured device: Agent is the type without "stonith:".
type DeviceSpec struct {
	ID     string
	Agent  string
	Params []cib.NV
}

// Result is the outcome of an Order. With OK, an Off or Reboot has certainly
// taken the target down, as the devices named in Device (joined by "+") say.
// Otherwise Error tells of every level what failed.
type Result struct {
	ID     uint64
	Target string
	OK     bool
	Device string
	Error  string
	// LeftOff: a Reboot was done in steps, of which switching on is still to be
	// ordered, of these devices.
	LeftOff bool
}

// DefaultTimeout bounds an order, and each call of a device, that names no
// timeout (Pacemaker's stonith-timeout).
const DefaultTimeout = 60 * time.Second
