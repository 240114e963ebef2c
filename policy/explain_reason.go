package policy

import "kvmha/internal/cib"

// ReasonKind names what decided something: where a resource is to be, what a
// node may do, why an action is needed or cannot run. The names are stable:
// scripts read them from vm-ctl explain --json.
type ReasonKind string

// What speaks for or against a node, for one resource.
const (
	ReasonLocation   ReasonKind = "location"            // a location constraint, or a rule of one
	ReasonHealth     ReasonKind = "health"              // node-health-strategy
	ReasonStickiness ReasonKind = "stickiness"          // resource-stickiness, where it is active
	ReasonIntent     ReasonKind = "move"                // an administrator's move, under way or settled
	ReasonColocation ReasonKind = "colocation"          // it must, or must not, be where another is
	ReasonFollowers  ReasonKind = "colocated"           // what is to be with it prefers another node
	ReasonGroup      ReasonKind = "group"               // it stays with the member before it
	ReasonContainer  ReasonKind = "container"           // it lives inside another resource
	ReasonThreshold  ReasonKind = "migration-threshold" // it failed there too often
	ReasonFailure    ReasonKind = "failure"             // it failed there, so that it cannot run there
	ReasonOnFail     ReasonKind = "on-fail"             // what on-fail says about a failure
	ReasonTicket     ReasonKind = "ticket"              // a ticket that the site has not got
	ReasonLock       ReasonKind = "shutdown-lock"       // kept for a node that was shut down
	ReasonCapacity   ReasonKind = "capacity"            // utilization
	ReasonOptIn      ReasonKind = "opt-in"              // symmetric-cluster=false, and no constraint allows it
	ReasonDiscovery  ReasonKind = "discovery"           // resource-discovery=exclusive elsewhere
	ReasonCloneMax   ReasonKind = "clone-max"           // there are no more instances
	ReasonCloneFull  ReasonKind = "clone-node-max"      // the node has its share of instances
	ReasonNoRemote   ReasonKind = "no-remote"           // connections and fencing devices run on cluster nodes only
	ReasonOnlyFor    ReasonKind = "only-for"            // the node is only for what runs inside of it
	ReasonScore      ReasonKind = "score"               // another node has a higher score
	ReasonTie        ReasonKind = "tie"                 // another node is as good, and comes first
	ReasonNodeScore  ReasonKind = "node-score"          // the node's own score
)

// What keeps a node from running anything.
const (
	ReasonOffline     ReasonKind = "offline"
	ReasonUnclean     ReasonKind = "unclean"
	ReasonPending     ReasonKind = "pending"
	ReasonStandby     ReasonKind = "standby"
	ReasonShutdown    ReasonKind = "shutdown"
	ReasonMaintenance ReasonKind = "maintenance" // of the cluster, a node or a resource
	ReasonGuestDown   ReasonKind = "guest-down"  // what the guest node lives in does not run
	ReasonDisconnect  ReasonKind = "disconnected"
	ReasonPing        ReasonKind = "ping"
)

// What holds for a resource wherever it is.
const (
	ReasonTargetRole ReasonKind = "target-role"
	ReasonStopAll    ReasonKind = "stop-all-resources"
	ReasonUnmanaged  ReasonKind = "unmanaged"
	ReasonBlocked    ReasonKind = "blocked"
	ReasonNoFencing  ReasonKind = "no-fencing" // fencing is on, and there is no device
	ReasonOrphan     ReasonKind = "orphan"
	ReasonMultiple   ReasonKind = "multiple-active"
	ReasonSpare      ReasonKind = "spare" // an instance of a clone that has no use for more
	ReasonHeld       ReasonKind = "held"  // a guest's fence of it is under way
	ReasonQuorum     ReasonKind = "quorum"
	ReasonPromotion  ReasonKind = "promotion" // promotion scores
)

// Why an action is needed, or cannot run.
const (
	ReasonWanted      ReasonKind = "wanted"       // it is to run, and does not
	ReasonUnknown     ReasonKind = "probe"        // nothing is known of it on a node
	ReasonMonitor     ReasonKind = "monitor"      // configured
	ReasonRecover     ReasonKind = "recover"      // it failed and is started anew
	ReasonParameters  ReasonKind = "parameters"   // they were changed
	ReasonAgent       ReasonKind = "agent"        // class, provider or type were changed
	ReasonOperation   ReasonKind = "operation"    // a recurring operation is configured no more, or otherwise
	ReasonHistory     ReasonKind = "history"      // a record is dropped
	ReasonFailCount   ReasonKind = "fail-count"   // it is cleared
	ReasonOrder       ReasonKind = "order"        // on another action
	ReasonBlockedBy   ReasonKind = "blocked-by"   // what it needs cannot run
	ReasonMigration   ReasonKind = "migration"    // the rest of a live migration
	ReasonFencing     ReasonKind = "fencing"      // an unclean node
	ReasonFenced      ReasonKind = "fenced"       // fencing a node implies it
	ReasonUnfencing   ReasonKind = "unfencing"    // a node must be unfenced first
	ReasonNotify      ReasonKind = "notify"       // clone instances tell each other
	ReasonRole        ReasonKind = "role"         // it is promoted or demoted
	ReasonGuestLost   ReasonKind = "guest-lost"   // a guest node must be recovered with what it lives in
	ReasonGuestFence  ReasonKind = "guest-fence"  // a guest node is fenced by stopping what it lives in
	ReasonCluster     ReasonKind = "cluster"      // work of the cluster's own
	ReasonProbeAgain  ReasonKind = "probe-again"  // the node asked to be probed anew
	ReasonUnreachable ReasonKind = "cannot-fence" // a node that must be fenced and cannot
)

// Reason is one typed cause. Kind says which of the other fields mean
// something; those that do not are empty. Its words are those of String, for
// actions and explanations alike.
type Reason struct {
	Kind ReasonKind `json:"kind"`
	// Subject is the resource that the reason is about, where that is not the
	// one that was asked for: the group or clone around it, a member of it.
	Subject string `json:"subject,omitempty"`
	// ID is the constraint, ticket or operation; Rule its rule.
	ID   string `json:"id,omitempty"`
	Rule string `json:"rule,omitempty"`
	// Resource and Node are the others that count: what it is colocated with,
	// the node that a score is for or where something failed.
	Resource string `json:"rsc,omitempty"`
	Node     string `json:"node,omitempty"`
	// Other is a second node: the one that is better, or where Resource is.
	Other string `json:"other,omitempty"`
	// Score is what counts for or against Node; Than is what it is held against.
	Score cib.Score `json:"score,omitempty"`
	Than  cib.Score `json:"than,omitempty"`
	// Action is the other operation ("start"), which Resource does on Node.
	Action string `json:"action,omitempty"`
	// Name and Value are an attribute, option or parameter.
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
	// Detail is what an agent, a fencing device or a rule says.
	Detail string `json:"detail,omitempty"`
}
