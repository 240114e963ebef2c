package node

import (
	"encoding/json"
	"fmt"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

// MessageVersion is the version of the messages between cores. A core refuses
// a message of another version and names both.
const MessageVersion = 1

// MaxMessage bounds a message in bytes; a whole CIB must fit.
const MaxMessage = 16 << 20

// message is what a Send carries: a term and exactly one of the bodies.
type message struct {
	Version int    `json:"v"`
	Term    uint64 `json:"term"`

	// Finding a DC.
	Hello  *helloMsg  `json:"hello,omitempty"`
	Claim  *struct{}  `json:"claim,omitempty"`
	Grant  *struct{}  `json:"grant,omitempty"`
	Refuse *refuseMsg `json:"refuse,omitempty"`

	// Joining it.
	JoinAsk   *askJoinMsg `json:"join-ask,omitempty"`
	JoinOffer *offerMsg   `json:"join-offer,omitempty"`
	Sync      *syncMsg    `json:"sync,omitempty"`
	Resync    *struct{}   `json:"resync,omitempty"`

	// Replication.
	Update   *updateMsg  `json:"update,omitempty"`
	Applied  *appliedMsg `json:"applied,omitempty"`
	Prepare  *prepareMsg `json:"prepare,omitempty"`
	Prepared *appliedMsg `json:"prepared,omitempty"`
	Abandon  *appliedMsg `json:"abandon,omitempty"`

	// Work.
	Execute    *orderMsg       `json:"execute,omitempty"`
	Cancel     *cancelMsg      `json:"cancel,omitempty"`
	Report     *reportMsg      `json:"report,omitempty"`
	Fence      *fenceMsg       `json:"fence,omitempty"`
	FenceEnd   *fenceEndMsg    `json:"fence-end,omitempty"`
	Attributes []attribute     `json:"attributes,omitempty"`
	Ask        *askMsg         `json:"ask,omitempty"`
	Answer     *answerMsg      `json:"answer,omitempty"`
	GuestFence *cib.GuestFence `json:"guest-fence,omitempty"`
	GuestError *guestErrorMsg  `json:"guest-error,omitempty"`
	Leave      *leaveMsg       `json:"leave,omitempty"`
	MayLeave   *leaveMsg       `json:"may-leave,omitempty"`
}

// helloMsg tells a new peer whom this node follows. Answer marks a hello that
// wants none back.
type helloMsg struct {
	DC     string `json:"dc,omitempty"`
	Answer bool   `json:"answer,omitempty"`
}

// refuseMsg turns a claim or a DC away: the message's term is the refuser's.
type refuseMsg struct {
	DC string `json:"dc,omitempty"`
}

// askJoinMsg invites a member. The offer repeats No, so that an offer made
// before the last invitation is not taken for its answer.
type askJoinMsg struct {
	No uint64 `json:"no"`
}

// offerMsg is what a member brings into the join.
type offerMsg struct {
	No          uint64   `json:"no"`
	CIB         *cib.CIB `json:"cib"`
	Incarnation string   `json:"incarnation"`
	BootID      string   `json:"boot_id"`
	// Running are operations in progress, Reports results that no DC has
	// recorded; both belong on top of the member's own history.
	Running []orderMsg  `json:"running,omitempty"`
	Reports []reportMsg `json:"reports,omitempty"`
	// Attributes are the node's own transient attributes.
	Attributes []attribute `json:"attributes,omitempty"`
	LastCall   uint64      `json:"last-call"`
	Leaving    bool        `json:"leaving,omitempty"`
	// Guests are guest fences that no DC has recorded.
	Guests []cib.GuestFence `json:"guests,omitempty"`
}

// syncMsg replaces a member's CIB. Seq is the last update it contains.
type syncMsg struct {
	CIB *cib.CIB `json:"cib"`
	Seq uint64   `json:"seq"`
}

// updateMsg carries commands. Seq counts a DC's updates without a gap. Change
// is the number of the prepared change that it makes effective, 0 = none; Ack
// asks for an applied message.
type updateMsg struct {
	Seq      uint64        `json:"seq"`
	Commands []cib.Command `json:"commands"`
	Change   uint64        `json:"change,omitempty"`
	Ack      bool          `json:"ack,omitempty"`
}

// prepareMsg asks to write to disk what commands will lead to.
type prepareMsg struct {
	Change   uint64        `json:"change"`
	Commands []cib.Command `json:"commands"`
}

// appliedMsg answers an update or a prepare by its number, or takes a prepare
// back.
type appliedMsg struct {
	Seq   uint64 `json:"seq"`
	Error string `json:"error,omitempty"`
}

// orderMsg is an operation with what its result will be recorded with.
type orderMsg struct {
	Operation cib.Operation `json:"op"`
	TargetRC  cib.RC        `json:"target-rc"`
	OpDigest  string        `json:"op-digest,omitempty"`
}

type cancelMsg struct {
	Resource   string `json:"rsc"`
	Name       string `json:"name"`
	IntervalMS int64  `json:"interval"`
}

// reportMsg is a result on its way to the DC; Seq counts a node's results.
type reportMsg struct {
	Seq    uint64     `json:"seq"`
	Order  orderMsg   `json:"order"`
	Result cib.Result `json:"result"`
}

type fenceMsg struct {
	ID        uint64       `json:"id"`
	Target    string       `json:"target"`
	Action    string       `json:"action"`
	Levels    []FenceLevel `json:"levels"`
	TimeoutMS int64        `json:"timeout_ms"`
	DelayMS   int64        `json:"delay_ms,omitempty"`
	Cause     string       `json:"cause"`
	// Victim is the run of the target's kernel that is to end; a target that
	// has come back with another is not the one that was shot.
	Victim string `json:"victim,omitempty"`
}

type fenceEndMsg struct {
	ID     uint64 `json:"id"`
	Target string `json:"target"`
	Action string `json:"action"`
	Victim string `json:"victim,omitempty"`
	OK     bool   `json:"ok"`
	Device string `json:"device,omitempty"`
	Error  string `json:"error,omitempty"`
	// LeftOff: Device is to switch the target on again.
	LeftOff bool `json:"left-off,omitempty"`
}

// askMsg passes a client's request on to the DC, answerMsg the answer back.
type askMsg struct {
	ID   uint64          `json:"id"`
	Verb control.Verb    `json:"verb"`
	Args json.RawMessage `json:"args,omitempty"`
}

type answerMsg struct {
	ID    uint64          `json:"id"`
	Body  json.RawMessage `json:"body,omitempty"`
	Error string          `json:"error,omitempty"`
}

// guestErrorMsg refuses a guest fence before it was recorded.
type guestErrorMsg struct {
	VM      string `json:"vm"`
	Request string `json:"request"`
	Error   string `json:"error"`
}

type leaveMsg struct {
	Restart bool `json:"restart,omitempty"`
}

// decodeMessage reads a peer's message and refuses what it cannot understand.
func decodeMessage(body []byte) (*message, error) {
	if len(body) > MaxMessage {
		return nil, fmt.Errorf("message of %d bytes is over the limit of %d: it is dropped", len(body), MaxMessage)
	}
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, fmt.Errorf("message is not readable: %w", err)
	}
	if head.Version != MessageVersion {
		return nil, fmt.Errorf("message has version %d, this node speaks version %d: update the older of the two nodes", head.Version, MessageVersion)
	}
	m := &message{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("message is not readable: %w", err)
	}
	if o := m.JoinOffer; o != nil && o.CIB == nil {
		return nil, fmt.Errorf("join offer without a CIB: it is dropped")
	}
	if s := m.Sync; s != nil && s.CIB == nil {
		return nil, fmt.Errorf("sync without a CIB: it is dropped")
	}
	return m, nil
}
