package policy

import (
	"cmp"
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// onFail is what a failure calls for, in the order of their numbers; worse
// does the comparing, since some sort elsewhere.
type onFail uint8

const (
	failIgnore onFail = iota
	failRecover
	failMigrate
	failBlock
	failStop
	failStandby
	failFence
	failContainer
	failRemote
	failDemote
)

// severity orders reactions: a demotion is the mildest, recovery of a
// container or remote connection are between recovery and migration.
var severity = [...]int{failIgnore: 0, failDemote: 1, failRecover: 2, failRemote: 3, failContainer: 4,
	failMigrate: 5, failBlock: 6, failStop: 7, failStandby: 8, failFence: 9}

// worse: a calls for less than b.
func (a onFail) less(b onFail) bool { return severity[a] < severity[b] }

// historyState is what reading one resource's history on one node yields.
type historyState struct {
	r           *resource
	n           *node
	lastFailure *cib.OpHistory
	onFail      onFail
}

// unpackHistory reads what a node has done with each resource.
func (p *plan) unpackHistory(n *node, s *cib.NodeState) {
	foundFiller := false
	before := p.lastRead
	p.lastRead = n
	n.plain = make([]*resource, len(s.History))
	for i := range s.History {
		h := &s.History[i]
		r := p.unpackResourceHistory(n, h, before.plainOwner(i))
		if r != nil && r.unique && !r.orphan && r.historyName == "" && !r.otherAgent(h) {
			n.plain[i] = r
		}
		foundFiller = foundFiller || r != nil && r.orphanFiller
	}
	if foundFiller {
		p.linkOrphanFillers(s)
	}
}

// unpackResourceHistory reads what a node has done with one resource. Most
// nodes list the same resources: likely is what stood in the same place on
// the node read before.
func (p *plan) unpackResourceHistory(n *node, h *cib.ResourceHistory, likely *resource) *resource {
	if h.ID == "" || len(h.Ops) == 0 && !p.options.shutdownLock {
		return nil
	}
	r := likely
	if r == nil || r.id != h.ID {
		r = p.historyOwner(n, h.ID)
	}
	if r == nil {
		if len(h.Ops) == 0 {
			return nil
		}
		r = p.addOrphan(n, h)
	}
	if r == nil {
		return nil
	}
	if p.options.shutdownLock {
		p.unpackShutdownLock(r, n, h)
	}
	saved := r.role
	r.role = roleUnknown
	st := historyState{r: r, n: n}
	if r.neverThere(h) {
		st.foundStopped()
	} else {
		p.unpackOperations(&st, h)
	}
	p.settleState(&st)
	if t, ok := r.targetRole(); ok && (r.next == roleUnknown || t < r.next) {
		r.next = t
	}
	r.role = max(r.role, saved)
	return r
}

// neverThere: all that is known is that a probe found nothing. That is so of
// most histories.
func (r *resource) neverThere(h *cib.ResourceHistory) bool {
	if len(h.Ops) != 1 || r.failureTimeout > 0 {
		return false
	}
	op := &h.Ops[0]
	return op.RC == cib.NotRunning && op.Status == cib.ExecDone && isProbe(op) && !isLastFailure(op)
}

// unpackOperations reads the results of a history, and what recurs now.
func (p *plan) unpackOperations(st *historyState, h *cib.ResourceHistory) {
	var space [opSpace]*cib.OpHistory
	ops := sortedOps(h, space[:0])
	for _, op := range ops {
		p.unpackOperation(st, op)
	}
	start, stop := activeRange(ops)
	p.unpackRecurring(st.r, st.n, ops, start, stop)
}

// historyOwner finds the resource whose history this is. For anonymous clones
// that may be any free instance.
func (p *plan) historyOwner(n *node, id string) *resource {
	r := p.findResource(id)
	var parent *resource
	if r == nil {
		if zero := p.findResource(baseName(id) + ":0"); zero != nil && !zero.unique {
			r, parent = zero, zero.top()
		}
	} else if r.variant > primitive {
		return nil
	} else {
		parent = r.top()
	}
	switch {
	case r == nil || !parent.isAnonymous():
	case parent.isBundled():
		c := parent.parent.replicaIn(n)
		if c == nil {
			return nil
		}
		r = c.child
	default:
		r = p.anonymousInstance(n, parent, baseName(id))
	}
	if r != nil && id != r.id && id != r.historyName {
		p.renameHistory(r, id)
	}
	return r
}

func (p *plan) renameHistory(r *resource, id string) {
	r.historyName = id
	if !slices.Contains(p.byID[id], r) {
		p.byID[id] = append(p.byID[id], r)
	}
}

// anonymousInstance chooses the instance of an anonymous clone that a node's
// history belongs to: the one already found active there, else a free one,
// else a new orphan.
func (p *plan) anonymousInstance(n *node, parent *resource, name string) *resource {
	var found, idle *resource
	skipIdle := false
	for _, child := range parent.children {
		if found != nil {
			break
		}
		if where := child.firstNode(); where != nil {
			if where != n {
				continue
			}
			if found = child.member(name); found != nil && len(found.running) > 0 {
				// The clone is active twice on this node.
				skipIdle, found = true, nil
			}
		} else if !skipIdle && idle == nil && !child.blocked {
			idle = child.member(name)
			if idle != nil && idle.pendingNode != nil && idle.pendingNode != n {
				idle = nil
			}
		}
	}
	if found == nil && !skipIdle {
		found = idle
	}
	if found != nil && !found.needsFencing && (!n.online || n.unclean) && !n.isGuest() && !p.isUniversal(parent) {
		found = nil
	}
	if found == nil {
		if child := parent.addInstance(); child != nil {
			found = child.member(name)
		}
	}
	return found
}

// isUniversal: the clone has room for an instance on every node.
func (p *plan) isUniversal(r *resource) bool {
	return r.clone.max == len(p.nodes)
}

// member finds the primitive with this configuration name at or below r.
func (r *resource) member(name string) *resource {
	if r.xmlID == name || r.id == name {
		return r
	}
	for _, c := range r.children {
		if m := c.member(name); m != nil {
			return m
		}
	}
	return nil
}

// addOrphan makes a resource of history that no configuration explains.
func (p *plan) addOrphan(n *node, h *cib.ResourceHistory) *resource {
	c := &cib.Resource{ID: h.ID, Kind: cib.Primitive, Class: h.Class, Provider: h.Provider, Type: h.Type}
	r := p.unpackResource(c, nil, -1)
	if r == nil {
		return nil
	}
	if r.isRemote {
		p.addRemoteNode(r.id)
		p.linkRemote(r)
		p.nodeByName[r.id].shutdown = true
	}
	r.orphanFiller = h.Container != ""
	r.orphan = true
	p.resources = append(p.resources, r)
	if !p.options.stopOrphans {
		r.managed = false
	} else {
		p.scoreEverywhere(r, cib.MinusInfinity)
		r.noteAt(nil, Reason{Kind: ReasonOrphan}, minusInfinity)
	}
	return r
}

func (p *plan) linkOrphanFillers(s *cib.NodeState) {
	for i := range s.History {
		h := &s.History[i]
		if h.Container == "" {
			continue
		}
		container, r := p.findResource(h.Container), p.findResource(h.ID)
		if container != nil && r != nil && r.orphanFiller && r.container == nil {
			r.container = container
			container.fillers = append(container.fillers, r)
		}
	}
}

func (p *plan) unpackShutdownLock(r *resource, n *node, h *cib.ResourceHistory) {
	at := leadingInt(h.ShutdownLock)
	if at == 0 {
		return
	}
	if p.options.lockLimit > 0 && p.now.Unix() > at+p.options.lockLimit {
		p.newAction(r, "lrm_delete", 0, n, false).because(Reason{Kind: ReasonHistory, Node: n.name, Detail: "its shutdown lock has expired (shutdown-lock-limit)"})
		return
	}
	r.lockNode, r.lockTime = n, at
}

// opSpace is how many entries most histories have at most.
const opSpace = 4

// sortedOps appends a history to out, in the order in which things happened.
func sortedOps(h *cib.ResourceHistory, out []*cib.OpHistory) []*cib.OpHistory {
	for i := len(h.Ops) - 1; i >= 0; i-- {
		out = append(out, &h.Ops[i])
	}
	mergeSort(out, func(a, b *cib.OpHistory) int { return newerOp(a, b, true) })
	return out
}

// newerOp compares when two operations happened: less, equal or more than 0 as
// a is older, as old as, or newer than b. Without node names in both entries
// sameNode says whether they ran on one node.
func newerOp(a, b *cib.OpHistory, sameNode bool) int {
	if a.OnNode != "" && b.OnNode != "" {
		sameNode = a.OnNode == b.OnNode
	}
	if sameNode && a.ID == b.ID {
		return 0
	}
	ca, cb := a.CallID, b.CallID
	switch {
	case ca == -1 && cb == -1:
		return 0
	case sameNode && ca >= 0 && ca < cb:
		return -1
	case sameNode && cb >= 0 && ca > cb:
		return 1
	case ca >= 0 && cb >= 0:
		return newerChange(a, b)
	}
	return newerPending(a, b)
}

// newerChange compares when the results changed, if both tell.
func newerChange(a, b *cib.OpHistory) int {
	ta, okA := a.Changed()
	tb, okB := b.Changed()
	if !okA || !okB {
		return 0
	}
	return cmp.Compare(ta, tb)
}

// newerPending compares when one of the two is pending: by transition number
// within one scheduler's life, else the pending one is newer.
func newerPending(a, b *cib.OpHistory) int {
	ta, ua, okA := transitionOf(a)
	tb, ub, okB := transitionOf(b)
	if !okA || !okB {
		return 0
	}
	if ua != ub || ta == tb {
		if b.CallID == -1 {
			return -1
		}
		return 1
	}
	if ta >= 0 && ta < tb || tb == -1 {
		return -1
	}
	return 1
}

// transitionOf takes a transition-magic apart: STATUS:RC;ACTION:TRANSITION:TARGET:UUID.
// The transition-key does not help where it is missing or cut short, or the
// order of old histories would not be the reference's.
func transitionOf(op *cib.OpHistory) (number int64, uuid string, ok bool) {
	_, key, _ := strings.Cut(op.Magic, ";")
	_, rest, _ := strings.Cut(key, ":")
	transition, rest, _ := strings.Cut(rest, ":")
	if _, uuid, ok = strings.Cut(rest, ":"); !ok {
		return 0, "", false
	}
	return leadingInt(transition), uuid, true
}

// targetRC is the exit code that the operation was expected to give, -1 if the
// history does not tell.
func targetRC(op *cib.OpHistory) cib.RC {
	_, rest, _ := strings.Cut(op.TransitionKey, ":")
	_, rest, _ = strings.Cut(rest, ":")
	rc, _, ok := strings.Cut(rest, ":")
	if !ok {
		return -1
	}
	return cib.RC(leadingInt(rc))
}

// activeRange finds the last start and stop in a sorted history. What follows
// the start, if that is later, happened in the current life of the resource.
func activeRange(ops []*cib.OpHistory) (start, stop int) {
	start, stop = -1, -1
	impliedMonitor, impliedRole := -1, -1
	for i, op := range ops {
		switch {
		case op.Operation == "stop" && op.Status == cib.ExecDone:
			stop = i
		case op.Operation == "start" || op.Operation == "migrate_from":
			start = i
		case impliedMonitor <= stop && op.Operation == "monitor":
			if op.RC == cib.OK || op.RC == cib.RunningPromoted {
				impliedMonitor = i
			}
		case op.Operation == "promote" || op.Operation == "demote":
			impliedRole = i
		}
	}
	if start == -1 {
		if start = impliedRole; start == -1 {
			start = impliedMonitor
		}
	}
	return start, stop
}

// unpackRecurring notes the recurring operations that run now, so that they
// are not started twice and can be cancelled.
func (p *plan) unpackRecurring(r *resource, n *node, ops []*cib.OpHistory, start, stop int) {
	if !n.online {
		return
	}
	for i, op := range ops {
		if start < stop && i <= stop || i < start || op.IntervalMS == 0 || op.Status == cib.ExecPending {
			continue
		}
		p.newAction(r, op.Operation, op.IntervalMS, n, true)
	}
}
