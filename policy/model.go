package policy

import (
	"time"

	"kvmha/internal/cib"
)

// role is a resource's role, ordered so that a higher role needs more.
type role uint8

const (
	roleUnknown role = iota
	roleStopped
	roleStarted
	roleUnpromoted
	rolePromoted
)

var roleNames = [...]Role{Unknown, Stopped, Started, Unpromoted, Promoted}

func (r role) String() string { return string(roleNames[r]) }

// variant is the shape of a resource; later ones contain earlier ones.
type variant uint8

const (
	primitive variant = iota
	group
	clone
	bundle
)

// discovery says whether a resource may be probed on a node.
type discovery uint8

const (
	discoverAlways discovery = iota
	discoverNever
	discoverExclusive
)

// recovery is the meta-attribute multiple-active.
type recovery uint8

const (
	recoverStopStart recovery = iota
	recoverStopOnly
	recoverBlock
	recoverStopUnexpected
)

// nodeKind tells cluster members from nodes that only run resources.
type nodeKind uint8

const (
	memberNode nodeKind = iota
	remoteNode
	pingNode
)

// node is a node and what is known of it.
type node struct {
	index    int
	id, name string
	kind     nodeKind
	attrs    map[string]string
	capacity map[string]int
	// capacityNames are the attributes of capacity in the order in which they
	// were met, if Input.Utilization asks for them.
	capacityNames []string
	// score is what every resource starts with here: 0, or -INFINITY for a
	// node that cannot run anything.
	score cib.Score
	// mode keeps probes from nodes that exist for one resource alone.
	mode discovery

	online, standby, standbyOnFail, pending bool
	unclean, unseen, shutdown, expectedUp   bool
	isDC, maintenance, noDiscovery          bool
	remoteReset, remoteMaintenance          bool
	remoteFenced, historyRead               bool

	// remote is the connection resource of a remote or guest node.
	remote   *resource
	running  []*resource
	assigned int
	priority int
	state    *cib.NodeState
	// plain holds, by index of state.History, the owners of the histories of
	// resources that are as configured and not in an anonymous clone.
	plain []*resource
	// why says what made the node unclean.
	why   string
	fails map[string]failRecord
}

// isGuest tells a node inside a resource (a VM or container).
func (n *node) isGuest() bool {
	return n.kind == remoteNode && n.remote != nil && n.remote.container != nil
}

// named: the node has its attribute #uname. A remote or guest node has none
// before its state is read, unless the configuration lists it as a node.
func (n *node) named() bool {
	return n.kind != remoteNode || n.historyRead || n.attrs["#uname"] != ""
}

// container is the resource that a guest node is in.
func (n *node) container() string {
	if !n.isGuest() {
		return ""
	}
	return n.remote.container.id
}

// isRemote tells a remote node that stands by itself.
func (n *node) isRemote() bool { return n.kind == remoteNode && !n.isGuest() }

// label is the node's name, with its host for a guest node, as messages show it.
func (n *node) label() string { return n.name }

// usable: n can take resources now.
func (n *node) usable() bool {
	return n.online && !n.shutdown && !n.unclean && !n.standby && !n.maintenance
}

// place is a node as one resource sees it.
type place struct {
	*node
	score cib.Score
	count int32
	mode  discovery
}

// available: the node is usable and the resource may run there.
func (p *place) available() bool { return p != nil && p.usable() && p.score >= 0 }

func (p *place) copy() *place { return &place{node: p.node, score: p.score, mode: p.mode} }

// table holds the places of a resource by node index. Iterating it is
// deterministic, which a map would not be.
type table []*place

func (t table) get(n *node) *place {
	if n == nil || n.index >= len(t) {
		return nil
	}
	return t[n.index]
}

func (t *table) set(p *place) {
	for len(*t) <= p.index {
		*t = append(*t, nil)
	}
	(*t)[p.index] = p
}

// entry returns the place of n, made from the node's own score if it is new.
func (t *table) entry(n *node) (pl *place, created bool) {
	if pl = t.get(n); pl != nil {
		return pl, false
	}
	pl = &place{node: n, score: n.score, mode: n.mode}
	t.set(pl)
	return pl, true
}

// list returns the places in node order.
func (t table) list() []*place {
	out := make([]*place, 0, len(t))
	for _, p := range t {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

func (t table) copy() table {
	out := make(table, len(t))
	block := make([]place, len(t))
	for i, p := range t {
		if p != nil {
			block[i] = place{node: p.node, score: p.score, mode: p.mode}
			out[i] = &block[i]
		}
	}
	return out
}

// anyAvailable: some node of the table can take the resource.
func (t table) anyAvailable() bool {
	for _, p := range t {
		if p.available() {
			return true
		}
	}
	return false
}

// resource is a resource or an instance of one.
type resource struct {
	p       *plan
	id      string
	xmlID   string
	variant variant
	cfg     *cib.Resource
	parent  *resource
	// children are in configuration order at first; clones reorder theirs
	// while they are assigned.
	children []*resource

	class, provider, kind string
	meta                  map[string]string
	target                string // the meta-attribute target-role
	// Instance attributes are the same on all nodes (fixedParams), unless they
	// vary with rules (paramCache). digested are the fixed ones in the order of
	// a digest.
	fixedParams map[string]string
	paramCache  map[*node]map[string]string
	paramsVary  bool
	digested    []cib.NV
	utilization map[string]int
	// utilizationNames are kept as node.capacityNames are.
	utilizationNames []string
	ops              []opSpec
	opSets           bool // more than the elements of ops says what they are like
	digests          []*digestSet

	priority, stickiness, sortIndex, threshold cib.Score
	failureTimeout                             int64 // seconds
	role, next                                 role
	multiple                                   recovery

	orphan, managed, blocked, failed, mustStop      bool
	notify, unique, promotable, critical            bool
	fenceDevice, maintenance, failureIgnored        bool
	provisional, assigning, merging, restarting     bool
	startPending, stopUnexpected, allowMigrate      bool
	reload, orphanFiller, isContainer               bool
	needsQuorum, needsFencing, needsUnfencing       bool
	exclusiveDiscovery, isRemote, allowRemoteRemote bool
	restartDependents                               bool

	allowed   table
	known     []bool
	running   []*node
	allocated *place
	lockNode  *node
	lockTime  int64

	pendingTask                  string
	pendingNode                  *node
	partialTarget, partialSource *node
	dangling                     []*node
	historyName                  string
	container                    *resource
	fillers                      []*resource
	reconnectMS                  int64

	thisWith, withThis []*colocation
	locations          []*location
	tickets            []*ticketUse
	actions            []*action
	tasks              taskSet // of actions
	// version counts the changes of actions of r and of what is in it.
	version uint

	group  groupTraits
	clone  cloneTraits
	bundle bundleTraits
	// notes and follows are what the reasons are told from.
	notes   []note
	follows []follow
	// intent is an administrator's wish about where r is to be.
	intent *cib.Intent
}

// groupTraits belong to groups.
type groupTraits struct{ ordered, colocated bool }

// cloneTraits belong to clones.
type cloneTraits struct {
	max, nodeMax, promotedMax, promotedNodeMax int
	total                                      int
	ordered, scoresAdded, sorted               bool
	template                                   *cib.Resource
	start, stop, promote, demote               *notices
}

// top is the outermost clone or group around r, or r itself.
func (r *resource) top() *resource {
	for r.parent != nil && r.parent.variant != bundle {
		r = r.parent
	}
	return r
}

// outermost is the bundle around r, if it is in one, or else r.top().
func (r *resource) outermost() *resource {
	for r.parent != nil {
		r = r.parent
	}
	return r
}

func (r *resource) inside(outer *resource) bool {
	for q := r.parent; q != nil; q = q.parent {
		if q == outer {
			return true
		}
	}
	return false
}

func (r *resource) isClone() bool { return r != nil && r.variant == clone }

func (r *resource) isAnonymous() bool { return r.isClone() && !r.unique }

func (r *resource) isUniqueClone() bool { return r.isClone() && r.unique }

func (r *resource) isBundled() bool { return r.top().parent != nil }

// walk visits r and all below it.
func (r *resource) walk(fn func(*resource)) {
	fn(r)
	for _, c := range r.children {
		c.walk(fn)
	}
}

func (r *resource) isKnown(n *node) bool { return n.index < len(r.known) && r.known[n.index] }

func (r *resource) setKnown(n *node) {
	if n.index >= len(r.known) {
		r.known = append(r.known, make([]bool, r.p.created-len(r.known))...)
	}
	r.known[n.index] = true
}

func (r *resource) runsOn(n *node) bool {
	for _, m := range r.running {
		if m == n {
			return true
		}
	}
	return false
}

// plan is the state of one run of Schedule. Its phases fill it from top to
// bottom.
type plan struct {
	in      Input
	cib     *cib.CIB
	now     time.Time
	options options
	index   configIndex

	nodes      []*node // sorted by name
	nodeByID   map[string]*node
	nodeByName map[string]*node
	created    int

	resources []*resource
	byID      map[string][]*resource // by id and xml id, in tree order
	templates map[string][]string    // template id to resources made of it
	tags      map[string][]string
	tickets   map[string]*ticket

	locations   []*location
	colocations []*colocation
	orderings   []ordering
	actions     []*action
	singletons  map[string]*action
	paramChecks []paramCheck
	stopNeeded  []*resource
	failedOps   []FailedOp
	haveFencing bool
	haveRemote  bool
	unfencing   bool
	implied     []*cib.Resource
	held        map[string]bool
	// legacyFailures: the CIB counts failures per resource, not per operation.
	legacyFailures bool
	scores         []ScoreLine
	recheck        int64
	warnings       []string
	errors         []string
	statusNotices  []string
	notices        []Notice
	tracking       int
	// lastRead is the node whose history was read last.
	lastRead       *node
	tally          tally
	actionSlab     slab[action]
	linkSlab       slab[[2]link]
	listSlab       slab[*link]
	digestSlab     slab[digestSet]
	views          []ResourceView
	counts         [3]int // instances, disabled, blocked
	nodeViews      []NodeView
	changes        []Change
	graph          []*action
	historyIndex   map[*cib.NodeState]map[string]*cib.ResourceHistory
	failBases      map[*node]map[string]failRecord
	digestOverride map[*cib.OpHistory]bool
}
