package cib

// Status is what the cluster has seen. It is rebuilt from the nodes when a
// cluster starts: only the Configuration and the records that must outlive a
// power cut (Intents, GuestFences, PowerOn) are read back from disk.
type Status struct {
	Nodes   []NodeState   `json:"node_states,omitempty"`
	Tickets []TicketState `json:"tickets,omitempty"`
	// Intents are moves asked for by administrators; see Intent.
	Intents []Intent `json:"intents,omitempty"`
	// GuestFences are the fences asked for by guests; see GuestFence.
	GuestFences []GuestFence `json:"guest_fences,omitempty"`
}

// NodeState is the cluster's knowledge of one node ("Pacemaker Explained,
// Node Status").
type NodeState struct {
	ID    string `json:"id"`
	Uname string `json:"uname"`
	// InCCM: the engine sees the node. Crmd: its hostd takes part ("online" in
	// XML). Join is "down", "pending", "banned" or "member"; Expected likewise.
	InCCM    bool   `json:"in_ccm"`
	Crmd     bool   `json:"crmd"`
	Join     string `json:"join,omitempty"`
	Expected string `json:"expected,omitempty"`
	// HasInCCM, HasCrmd: whether the saved input said so at all.
	HasInCCM bool `json:"has_in_ccm,omitempty"`
	HasCrmd  bool `json:"has_crmd,omitempty"`
	// RemoteNode marks the state of a Pacemaker Remote or guest node.
	RemoteNode bool   `json:"remote_node,omitempty"`
	NodeFenced string `json:"node_fenced,omitempty"`
	// PowerOn names the devices, joined by "+", that switched the node off for a
	// reboot and have yet to switch it on again; "" = none. It outlives a power
	// cut.
	PowerOn string `json:"power_on,omitempty"`
	// InMaintenance is the maintenance mode the node last knew of ("1"/"0").
	InMaintenance string  `json:"node_in_maintenance,omitempty"`
	Attributes    []NVSet `json:"transient_attributes,omitempty"`
	// Incarnation identifies one run of the node's hostd, BootID one run of
	// its kernel: a new BootID proves that nothing of the old run is left.
	Incarnation string            `json:"incarnation,omitempty"`
	BootID      string            `json:"boot_id,omitempty"`
	History     []ResourceHistory `json:"lrm,omitempty"`
}

// ResourceHistory is all that a node has done with one resource (lrm_resource).
type ResourceHistory struct {
	ID           string      `json:"id"`
	Class        string      `json:"class,omitempty"`
	Provider     string      `json:"provider,omitempty"`
	Type         string      `json:"type,omitempty"`
	Container    string      `json:"container,omitempty"`
	ShutdownLock string      `json:"shutdown-lock,omitempty"`
	Ops          []OpHistory `json:"ops,omitempty"`
}

// OpHistory is the last result of one operation (lrm_rsc_op). ID is its
// history key: RSC_OP_INTERVALms, or RSC_last_0 and RSC_last_failure_0.
type OpHistory struct {
	ID            string     `json:"id"`
	Operation     string     `json:"operation"`
	OperationKey  string     `json:"operation_key,omitempty"`
	IntervalMS    int64      `json:"interval"`
	CallID        int        `json:"call-id"`
	RC            RC         `json:"rc-code"`
	Status        ExecStatus `json:"op-status"`
	TransitionKey string     `json:"transition-key,omitempty"`
	Magic         string     `json:"transition-magic,omitempty"`
	ExitReason    string     `json:"exit-reason,omitempty"`
	OnNode        string     `json:"on_node,omitempty"`
	// LastRun and LastRCChange are Unix seconds; 0 = unknown. ZeroRCChange
	// tells a LastRCChange that is written as 0, a known time long ago.
	LastRun      int64 `json:"last-run,omitempty"`
	LastRCChange int64 `json:"last-rc-change,omitempty"`
	ZeroRCChange bool  `json:"zero-rc-change,omitempty"`
	ExecTimeMS   int64 `json:"exec-time,omitempty"`
	QueueTimeMS  int64 `json:"queue-time,omitempty"`
	// Digests of the parameters the operation ran with: all, those whose
	// change needs a restart (RestartList names the rest), and the public ones.
	OpDigest      string `json:"op-digest,omitempty"`
	RestartDigest string `json:"op-restart-digest,omitempty"`
	RestartList   string `json:"op-force-restart,omitempty"`
	SecureDigest  string `json:"op-secure-digest,omitempty"`
	SecureList    string `json:"op-secure-params,omitempty"`
	FeatureSet    string `json:"crm_feature_set,omitempty"`
	MigrateSource string `json:"migrate_source,omitempty"`
	MigrateTarget string `json:"migrate_target,omitempty"`
}

// Changed is when the result was last another, in Unix seconds, and whether
// the history says so.
func (o *OpHistory) Changed() (at int64, known bool) {
	return o.LastRCChange, o.LastRCChange != 0 || o.ZeroRCChange
}

// TicketState is a ticket as last granted or revoked.
type TicketState struct {
	ID          string `json:"id"`
	Granted     bool   `json:"granted"`
	Standby     bool   `json:"standby,omitempty"`
	LastGranted int64  `json:"last-granted,omitempty"`
	Attrs       []NV   `json:"attrs,omitempty"`
}

// IntentState is where an Intent stands.
type IntentState string

// An intent is Moving until the resource runs on the wanted node, then
// Settled: the resource stays where it was put, as if its stickiness there
// were INFINITY, until it leaves that node for any reason, unmove is called or
// Expires passes. Failed intents are kept for status until the next one.
const (
	IntentMoving  IntentState = "moving"
	IntentSettled IntentState = "settled"
	IntentFailed  IntentState = "failed"
)

// Intent is an administrator's wish to have Resource on Node (or, with Node
// empty, anywhere but on From). It is no constraint: it ends by itself.
type Intent struct {
	ID       string      `json:"id"`
	Resource string      `json:"rsc"`
	Node     string      `json:"node,omitempty"`
	From     string      `json:"from,omitempty"`
	Author   string      `json:"author,omitempty"`
	Created  int64       `json:"created"` // Unix seconds
	Expires  int64       `json:"expires,omitempty"`
	State    IntentState `json:"state"`
	Reason   string      `json:"reason,omitempty"`
}

// GuestFence is one fence request of a guest, from acceptance to reply. It is
// durable: it takes effect once, also when its host or the DC dies meanwhile.
type GuestFence struct {
	// VM and Request identify it: the asking VM's resource id and the id the
	// guest made up.
	VM      string `json:"vm"`
	Request string `json:"request"`
	Target  string `json:"target"`
	// Action is "off" or "reboot" (off, then the cluster starts it again).
	Action  string `json:"action"`
	Created int64  `json:"created"`
	// Done is true when the target is certainly down; Error tells a refusal.
	Done  bool   `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
}

// Node returns the state of the node with this id or uname, or nil.
func (s *Status) Node(name string) *NodeState {
	for i := range s.Nodes {
		if s.Nodes[i].ID == name || s.Nodes[i].Uname == name {
			return &s.Nodes[i]
		}
	}
	return nil
}
