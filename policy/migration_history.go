package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// A live migration leaves two records: migrate_to on the source, migrate_from
// on the target. What is true follows from both, and from what either node did
// afterwards.

// historyOf is what the status says of resource id on a node, nil for nothing.
func (p *plan) historyOf(id, nodeName string) *cib.ResourceHistory {
	n := p.nodeByName[nodeName]
	if n == nil || n.state == nil {
		return nil
	}
	if p.historyIndex == nil {
		p.historyIndex = map[*cib.NodeState]map[string]*cib.ResourceHistory{}
	}
	idx, ok := p.historyIndex[n.state]
	if !ok {
		idx = make(map[string]*cib.ResourceHistory, len(n.state.History))
		for i := range n.state.History {
			if _, dup := idx[n.state.History[i].ID]; !dup {
				idx[n.state.History[i].ID] = &n.state.History[i]
			}
		}
		p.historyIndex[n.state] = idx
	}
	return idx[id]
}

// migrateFrom is the target's record of a migration from source.
func (p *plan) migrateFrom(id, target, source string) *cib.OpHistory {
	h := p.historyOf(id, target)
	if h == nil {
		return nil
	}
	for i := range h.Ops {
		if op := &h.Ops[i]; op.Operation == "migrate_from" && op.MigrateSource == source {
			return op
		}
	}
	return nil
}

// migrateTo is the source's successful record of a migration to target.
func (p *plan) migrateTo(id, source, target string) *cib.OpHistory {
	h := p.historyOf(id, source)
	if h == nil {
		return nil
	}
	for i := range h.Ops {
		op := &h.Ops[i]
		if op.Operation == "migrate_to" && op.MigrateTarget == target {
			if op.RC == cib.OK && op.Status == cib.ExecDone {
				return op
			}
			return nil
		}
	}
	return nil
}

// unknownOn: the node has told nothing about the resource that is certain.
func (p *plan) unknownOn(id, nodeName string) bool {
	h := p.historyOf(id, nodeName)
	return h == nil || !slices.ContainsFunc(h.Ops, func(op cib.OpHistory) bool { return op.RC != cib.PendingRC })
}

// startedOrStoppedAfter: the node started, stopped or migrated it after op.
func (p *plan) startedOrStoppedAfter(id, nodeName string, op *cib.OpHistory, sameNode bool) bool {
	h := p.historyOf(id, nodeName)
	if h == nil {
		return false
	}
	for i := range h.Ops {
		other := &h.Ops[i]
		if other == op || !slices.Contains([]string{"start", "stop", "migrate_to", "migrate_from"}, other.Operation) {
			continue
		}
		if newerOp(other, op, sameNode) > 0 {
			return true
		}
	}
	return false
}

// seenStoppedAfter: a monitor on the node found it not running after op.
func (p *plan) seenStoppedAfter(id, nodeName string, op *cib.OpHistory, sameNode bool) bool {
	h := p.historyOf(id, nodeName)
	if h == nil {
		return false
	}
	for i := range h.Ops {
		if m := &h.Ops[i]; m.Operation == "monitor" {
			return m.RC == cib.NotRunning && m.Status == cib.ExecDone && newerOp(m, op, sameNode) > 0
		}
	}
	return false
}

// changedAfterMigration: the node's state is newer than the migration.
func (p *plan) changedAfterMigration(id, nodeName string, to, from *cib.OpHistory) bool {
	op, same := to, false
	if from != nil {
		op = from
	}
	source, target := op.MigrateSource, op.MigrateTarget
	switch nodeName {
	case target:
		if from != nil {
			op, same = from, true
		} else {
			op = to
		}
	case source:
		if to != nil {
			op, same = to, true
		} else {
			op = from
		}
	}
	return p.startedOrStoppedAfter(id, nodeName, op, same) || p.seenStoppedAfter(id, nodeName, op, same)
}

func (p *plan) migrateToSucceeded(r *resource, n *node, op *cib.OpHistory) {
	source, target := op.MigrateSource, op.MigrateTarget
	if source == "" || target == "" || source != n.name {
		return
	}
	sourceMoved := p.startedOrStoppedAfter(r.historyID(), source, op, true)
	from := p.migrateFrom(r.historyID(), target, source)
	if sourceMoved && from != nil {
		return
	}
	targetMoved := p.changedAfterMigration(r.historyID(), target, op, from)
	if sourceMoved && targetMoved {
		return
	}
	r.role = roleStarted
	targetNode, sourceNode := p.nodeByName[target], p.nodeByName[source]
	reachable := !targetMoved && targetNode != nil && targetNode.online
	switch {
	case from != nil && from.RC == cib.OK && from.Status == cib.ExecDone:
		// Both halves are done: only the stop on the source is missing.
		r.role = roleStopped
		r.dangling = append([]*node{n}, r.dangling...)
	case from != nil && from.Status != cib.ExecPending:
		if reachable {
			p.addRunning(r, targetNode, true)
		} else {
			r.failed, r.mustStop, r.allowMigrate = true, true, false
		}
	case targetNode != nil && targetNode.online && p.unknownOn(r.historyID(), target):
		// The target's history was cleaned up: a probe will tell.
	case reachable:
		p.addRunning(r, targetNode, false)
		if sourceNode != nil && sourceNode.online {
			r.partialTarget, r.partialSource = targetNode, sourceNode
		}
	case !sourceMoved:
		r.failed, r.mustStop, r.allowMigrate = true, true, false
	}
}

func (p *plan) migrateToFailed(r *resource, n *node, op *cib.OpHistory) {
	source, target := op.MigrateSource, op.MigrateTarget
	if source == "" || target == "" || source != n.name {
		return
	}
	r.role = roleStarted
	from := p.migrateFrom(r.historyID(), target, source)
	if from != nil && (from.RC != cib.OK || from.Status != cib.ExecDone) {
		from = nil
	}
	if !p.unknownOn(r.historyID(), target) && !p.changedAfterMigration(r.historyID(), target, op, from) {
		if t := p.nodeByName[target]; t != nil && t.online {
			p.addRunning(r, t, false)
		}
	} else if !p.startedOrStoppedAfter(r.historyID(), source, op, true) {
		r.dangling = append([]*node{n}, r.dangling...)
	}
}

func (p *plan) migrateFromFailed(r *resource, n *node, op *cib.OpHistory) {
	source, target := op.MigrateSource, op.MigrateTarget
	if source == "" || target == "" || target != n.name {
		return
	}
	r.role = roleStarted
	to := p.migrateTo(r.historyID(), source, target)
	if !p.unknownOn(r.historyID(), source) && !p.changedAfterMigration(r.historyID(), source, to, op) {
		if s := p.nodeByName[source]; s != nil && s.online {
			p.addRunning(r, s, true)
		}
	}
}

// historyID is the name under which migrations are looked up.
func (r *resource) historyID() string { return r.id }
