package cib

import "time"

// RC is a resource agent's exit code ("OCF Resource Agent API, Exit Status").
type RC int

// The OCF exit codes. 190 and above are the cluster's own.
const (
	OK               RC = 0
	UnknownError     RC = 1
	InvalidParam     RC = 2
	Unimplemented    RC = 3
	InsufficientPriv RC = 4
	NotInstalled     RC = 5
	NotConfigured    RC = 6
	NotRunning       RC = 7
	RunningPromoted  RC = 8
	FailedPromoted   RC = 9
	Degraded         RC = 190
	DegradedPromoted RC = 191
	NotConnected     RC = 192
	PendingRC        RC = 193
)

// String returns the words crm_mon uses for the code.
func (rc RC) String() string {
	switch rc {
	case OK:
		return "ok"
	case UnknownError:
		return "error"
	case InvalidParam:
		return "invalid parameter"
	case Unimplemented:
		return "unimplemented feature"
	case InsufficientPriv:
		return "insufficient privileges"
	case NotInstalled:
		return "not installed"
	case NotConfigured:
		return "not configured"
	case NotRunning:
		return "not running"
	case RunningPromoted:
		return "promoted"
	case FailedPromoted:
		return "promoted (failed)"
	case Degraded:
		return "degraded"
	case DegradedPromoted:
		return "promoted (degraded)"
	case NotConnected:
		return "not connected"
	case PendingRC:
		return "pending"
	}
	return "unknown"
}

// ExecStatus says how an operation's execution ended (op-status).
type ExecStatus int

// The execution states, with Pacemaker's numbers.
const (
	ExecUnknown    ExecStatus = -2
	ExecPending    ExecStatus = -1
	ExecDone       ExecStatus = 0
	ExecCancelled  ExecStatus = 1
	ExecTimeout    ExecStatus = 2
	ExecNotSupp    ExecStatus = 3
	ExecError      ExecStatus = 4
	ExecErrorHard  ExecStatus = 5
	ExecErrorFatal ExecStatus = 6
	ExecNotInst    ExecStatus = 7
	ExecNotConn    ExecStatus = 8
	ExecInvalid    ExecStatus = 9
	ExecNoFenceDev ExecStatus = 10
	ExecNoSecrets  ExecStatus = 11
)

// String returns the words crm_mon uses for the status.
func (s ExecStatus) String() string {
	switch s {
	case ExecPending:
		return "pending"
	case ExecDone:
		return "complete"
	case ExecCancelled:
		return "Cancelled"
	case ExecTimeout:
		return "Timed Out"
	case ExecNotSupp:
		return "NOT SUPPORTED"
	case ExecError:
		return "Error"
	case ExecErrorHard:
		return "Hard Error"
	case ExecErrorFatal:
		return "Fatal Error"
	case ExecNotInst:
		return "Not installed"
	case ExecNotConn:
		return "Internal communication failure"
	case ExecInvalid:
		return "Cannot execute now"
	case ExecNoFenceDev:
		return "No fence device"
	case ExecNoSecrets:
		return "CIB secrets unavailable"
	}
	return "unknown"
}

// Operation is one order to an agent on one node. It is complete: the executor
// needs no CIB to carry it out.
type Operation struct {
	// ID is unique within the node core that issued it.
	ID       uint64 `json:"id"`
	Resource string `json:"rsc"`
	Class    string `json:"class"`
	Provider string `json:"provider,omitempty"`
	Type     string `json:"type"`
	// Name is start, stop, monitor, promote, demote, notify, migrate_to,
	// migrate_from, reload, reload-agent or meta-data.
	Name     string        `json:"name"`
	Interval time.Duration `json:"interval,omitempty"`
	// Timeout ends the operation and its whole process group. 0 = 20 s.
	Timeout    time.Duration `json:"timeout,omitempty"`
	StartDelay time.Duration `json:"start-delay,omitempty"`
	// Params are instance attributes, Meta the CRM_meta_* values without that
	// prefix; both sorted by name.
	Params []NV `json:"params,omitempty"`
	Meta   []NV `json:"meta,omitempty"`
	// Force is for stops only: whatever runs for the resource is cancelled
	// first, and the stop is a kill (VirtualDomain: destroy), never a request.
	Force bool `json:"force,omitempty"`
	// TransitionKey ties the result to the action that asked for it.
	TransitionKey string `json:"transition-key,omitempty"`
	// Cause is why: a constraint id, a failure, a rule, fencing …
	Cause string `json:"cause,omitempty"`
}

// Result is the outcome of an Operation, or of a watch that saw the resource
// change by itself (then Unsolicited is true and ID is the monitor's).
type Result struct {
	ID          uint64     `json:"id"`
	RC          RC         `json:"rc"`
	Status      ExecStatus `json:"status"`
	ExitReason  string     `json:"exit-reason,omitempty"`
	Unsolicited bool       `json:"unsolicited,omitempty"`
	// Started and Ended are wall-clock times.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// Output is the last part of what the agent printed, for the log.
	Output string `json:"output,omitempty"`
	ParamDigests
}

// ParamDigests tell what a later change of parameters will mean to a resource.
// They are taken over the parameters an operation ran with, as the meta-data
// of its agent divides them; all are empty where that is not known or divides
// nothing, and any change then needs a restart.
type ParamDigests struct {
	// RestartList are the parameters whose change needs a restart, each between
	// two spaces; that of any other needs only a reload. It is never empty when
	// RestartDigest is set: an agent that can reload all has " ".
	RestartList string `json:"op-force-restart,omitempty"`
	// RestartDigest is the Digest of those of RestartList that are set.
	RestartDigest string `json:"op-restart-digest,omitempty"`
	// SecureList are the parameters that are secrets, written alike, and
	// SecureDigest the Digest of all others.
	SecureList   string `json:"op-secure-params,omitempty"`
	SecureDigest string `json:"op-secure-digest,omitempty"`
}

// Param returns the value of an instance attribute, "" if it is not set.
func (o *Operation) Param(name string) string { return lookup(o.Params, name) }

// MetaValue returns the value of a meta-attribute, "" if it is not set.
func (o *Operation) MetaValue(name string) string { return lookup(o.Meta, name) }

func lookup(pairs []NV, name string) string {
	for _, p := range pairs {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}
