package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// isProbe: a monitor that runs once.
func isProbe(op *cib.OpHistory) bool { return op.Operation == "monitor" && op.IntervalMS == 0 }

// maskedProbe: a probe that failed because the agent or what it manages is not
// there. It says that the resource is not running, and cannot run, there.
func maskedProbe(op *cib.OpHistory) bool {
	return isProbe(op) && (op.RC == cib.NotInstalled || op.RC == cib.InvalidParam || op.Status == cib.ExecNotInst)
}

// historyKey is the operation's name as configuration spells it.
func historyKey(op *cib.OpHistory) string {
	if op.OperationKey != "" {
		return op.OperationKey
	}
	return op.ID
}

// unpackOperation takes one result into account.
func (p *plan) unpackOperation(st *historyState, op *cib.OpHistory) {
	r, n := st.r, st.n
	if op.Operation == "" || op.Status < cib.ExecPending || op.Operation == "notify" || op.Operation == "meta-data" {
		return
	}
	banned := r
	if !r.unique {
		banned = r.top()
	}
	expired := op.Status != cib.ExecNotInst && p.operationExpired(r, n, op)
	rc, status := p.reinterpret(st, op)
	masked := !r.isBundled() && maskedProbe(op)
	if expired && masked && op.RC != targetRC(op) {
		if r.role <= roleStopped {
			r.role = roleUnknown
		}
		return
	}
	if expired && rc != targetRC(op) {
		if op.IntervalMS == 0 {
			return
		}
		if n.online && !n.unclean {
			// The monitor must run anew, or its failure would never be seen
			// to have passed.
			p.forceRestartDigest(op)
			return
		}
	}
	if masked {
		p.updateState(st, op, targetRC(op))
		p.recordFailure(r, n, op)
		p.scoreOn(banned, n, cib.MinusInfinity)
		banned.noteAt(n, failureReason(op, n), minusInfinity)
		return
	}
	switch status {
	case cib.ExecCancelled:
		p.fault("Resource history contains cancellation '%s' (%s of %s on %s)", op.ID, op.Operation, r.id, n.label())
		return
	case cib.ExecPending:
		p.pendingOperation(st, op)
		return
	case cib.ExecDone:
		p.updateState(st, op, rc)
		return
	case cib.ExecNotInst:
		if p.onFailOf(r, op) == failIgnore {
			st.onFail = failMigrate
		}
		p.scoreOn(banned, n, cib.MinusInfinity)
		banned.noteAt(n, failureReason(op, n), minusInfinity)
		p.operationFailed(st, op, rc)
		return
	case cib.ExecNotConn:
		if n.kind == remoteNode && n.remote != nil && n.remote.managed {
			n.remote.failed, n.remote.mustStop = true, true
		}
	case cib.ExecNoFenceDev, cib.ExecNoSecrets:
		status = cib.ExecErrorHard
	}
	p.reactToFailure(st, op, rc, status, banned)
}

// reactToFailure does what on-fail says.
func (p *plan) reactToFailure(st *historyState, op *cib.OpHistory, rc cib.RC, status cib.ExecStatus, banned *resource) {
	r, n := st.r, st.n
	strategy := p.onFailOf(r, op)
	if strategy == failIgnore || strategy == failContainer && op.Operation == "stop" {
		p.updateState(st, op, targetRC(op))
		r.failureIgnored = true
		p.recordFailure(r, n, op)
		if strategy == failContainer && !failRecover.less(st.onFail) {
			st.onFail = strategy
		}
		return
	}
	p.operationFailed(st, op, rc)
	switch status {
	case cib.ExecErrorHard:
		p.scoreOn(banned, n, cib.MinusInfinity)
		banned.noteAt(n, failureReason(op, n), minusInfinity)
	case cib.ExecErrorFatal:
		p.scoreEverywhere(banned, cib.MinusInfinity)
		banned.noteAt(nil, failureReason(op, n), minusInfinity)
	}
}

// pendingOperation notes what is being done right now.
func (p *plan) pendingOperation(st *historyState, op *cib.OpHistory) {
	r, n := st.r, st.n
	switch {
	case op.Operation == "start":
		r.startPending = true
		r.setActive()
	case op.Operation == "promote":
		r.role = rolePromoted
	case op.Operation == "migrate_to" && n.unclean:
		// The target may have it already; after fencing the source it must
		// not stay there half migrated.
		if target := p.nodeByName[op.MigrateTarget]; target != nil {
			r.stopOn(target, false)
		}
	}
	if r.pendingTask == "" && !isProbe(op) {
		r.pendingTask, r.pendingNode = op.Operation, n
	}
}

// setActive gives a resource that turns out to be running the least role of it.
func (r *resource) setActive() {
	if r.top().promotable {
		r.role = roleUnpromoted
	} else {
		r.role = roleStarted
	}
}

// reinterpret decides what an exit code means: success, failure, or one that
// makes the node or every node unfit.
func (p *plan) reinterpret(st *historyState, op *cib.OpHistory) (cib.RC, cib.ExecStatus) {
	r, n := st.r, st.n
	rc, status := op.RC, op.Status
	if op.Operation == "monitor" {
		switch rc {
		case cib.Degraded, cib.DegradedPromoted:
			if !n.shutdown || n.online {
				p.recordFailure(r, n, op)
			}
			rc = map[cib.RC]cib.RC{cib.Degraded: cib.OK, cib.DegradedPromoted: cib.RunningPromoted}[rc]
		}
	}
	if !r.isBundled() && maskedProbe(op) {
		status, rc = cib.ExecDone, cib.NotRunning
	}
	if status != cib.ExecDone && status != cib.ExecError {
		return rc, status
	}
	probe := isProbe(op)
	if probe && rc == cib.NotRunning {
		st.foundStopped()
		return rc, cib.ExecDone
	}
	target := targetRC(op)
	status = cib.ExecDone
	if target != rc {
		status = cib.ExecError
	}
	switch rc {
	case cib.OK:
		if probe && target == cib.NotRunning {
			status = cib.ExecDone
		}
	case cib.NotRunning:
		if target == rc || !r.managed {
			status = cib.ExecDone
			st.foundStopped()
		}
	case cib.RunningPromoted:
		if probe && rc != target {
			status = cib.ExecDone
		}
		r.role = rolePromoted
	case cib.DegradedPromoted, cib.FailedPromoted:
		r.role, status = rolePromoted, cib.ExecError
	case cib.NotConfigured:
		status = cib.ExecErrorFatal
	case cib.Unimplemented:
		status = cib.ExecNotSupp
		if op.IntervalMS == 0 {
			p.checkRecoverable(r, n, op)
			status = cib.ExecErrorHard
		}
	case cib.NotInstalled, cib.InvalidParam, cib.InsufficientPriv:
		p.checkRecoverable(r, n, op)
		status = cib.ExecErrorHard
	default:
		if status == cib.ExecDone {
			status = cib.ExecError
		}
	}
	return rc, status
}

// foundStopped: an operation said that the resource does not run.
func (st *historyState) foundStopped() {
	st.r.role, st.r.next = roleStopped, roleUnknown
	st.onFail = failIgnore
}

// checkRecoverable blocks a resource whose stop failed on a node that cannot
// be fenced: nothing is known to be safe any more.
func (p *plan) checkRecoverable(r *resource, n *node, op *cib.OpHistory) {
	if op.Operation != "stop" || p.canFence(n) {
		return
	}
	p.fault("No further recovery can be attempted for %s because stop on %s failed (%s)", r.id, n.label(), op.RC)
	r.managed, r.blocked = false, true
	r.noteAt(nil, blockedReason(op, n), 0)
}

// recordFailure lists an operation as failed, once per node; as with the
// reference, of the operations that have no key only the first.
func (p *plan) recordFailure(r *resource, n *node, op *cib.OpHistory) {
	if !n.online {
		return
	}
	for _, f := range p.failedOps {
		if f.Node == n.name && f.Op.OperationKey == op.OperationKey {
			return
		}
	}
	p.failedOps = append(p.failedOps, FailedOp{Resource: r.id, Node: n.name, Op: *op})
}

// operationFailed takes a failure into account: its reaction, and what the
// resource may now be.
func (p *plan) operationFailed(st *historyState, op *cib.OpHistory, rc cib.RC) {
	r, n := st.r, st.n
	st.lastFailure = op
	if p.options.symmetric || rc != cib.NotInstalled {
		p.recordFailure(r, n, op)
	}
	traits := r.opTraits(op.Operation, historyInterval(op), historyKey(op))
	if st.onFail.less(traits.onFail) {
		st.onFail = traits.onFail
	}
	switch op.Operation {
	case "stop":
		p.scoreOn(r, n, cib.MinusInfinity)
		r.noteAt(n, failureReason(op, n), minusInfinity)
	case "migrate_to":
		p.migrateToFailed(r, n, op)
	case "migrate_from":
		p.migrateFromFailed(r, n, op)
	case "promote":
		r.role = rolePromoted
	case "demote":
		switch {
		case traits.onFail == failBlock:
			r.role, r.next = rolePromoted, roleStopped
		case rc == cib.NotRunning:
			r.role = roleStopped
		default:
			r.role = roleUnpromoted
		}
	}
	if isProbe(op) && rc == cib.NotInstalled {
		r.role = roleStopped
	} else if r.role < roleStarted {
		r.setActive()
	}
	if traits.failRole != roleStarted && r.next < traits.failRole {
		r.next = traits.failRole
	}
	if traits.failRole == roleStopped {
		final := r
		if top := r.top(); r.parent != nil && top.isAnonymous() {
			final = top
		}
		p.banEverywhere(final)
		r.noteAt(nil, onFailReason(op, n, "stop"), minusInfinity)
	}
}

// banEverywhere forbids every node, whatever was said of it before: on-fail=stop
// and multiple-active=stop_only are final until cleaned up. What may be looked
// for where stays what the nodes say.
func (p *plan) banEverywhere(r *resource) {
	r.allowed = nil
	for _, n := range p.nodes {
		r.allowed.set(&place{node: n, score: cib.MinusInfinity, mode: n.mode})
	}
}

func historyInterval(op *cib.OpHistory) int64 {
	if _, _, ms, ok := splitKey(historyKey(op)); ok {
		return ms
	}
	return op.IntervalMS
}

func (p *plan) onFailOf(r *resource, op *cib.OpHistory) onFail {
	return r.opTraits(op.Operation, historyInterval(op), historyKey(op)).onFail
}

// updateState takes a success into account. A later success makes past
// failures irrelevant, unless what they called for lasts until cleaned up.
func (p *plan) updateState(st *historyState, op *cib.OpHistory, rc cib.RC) {
	r := st.r
	clears := false
	switch {
	case rc == cib.NotInstalled || !r.isBundled() && maskedProbe(op):
		r.role = roleStopped
	case rc == cib.NotRunning:
		clears = true
	case op.Operation == "monitor":
		clears = st.lastFailure != nil && strings.EqualFold(historyKey(op), historyKey(st.lastFailure))
		if r.role < roleStarted {
			r.setActive()
		}
	case op.Operation == "start" || op.Operation == "migrate_from":
		r.role, clears = roleStarted, true
	case op.Operation == "stop":
		r.role, clears = roleStopped, true
	case op.Operation == "promote":
		r.role, clears = rolePromoted, true
	case op.Operation == "demote":
		r.role, clears = roleUnpromoted, st.onFail == failDemote
	case op.Operation == "migrate_to":
		p.migrateToSucceeded(r, st.n, op)
	case r.role < roleStarted:
		r.setActive()
	}
	if !clears {
		return
	}
	switch st.onFail {
	case failStop, failFence, failMigrate, failStandby:
	case failRemote:
		if r.reconnectMS == 0 {
			st.onFail, r.next = failIgnore, roleUnknown
		}
	default:
		st.onFail, r.next = failIgnore, roleUnknown
	}
}
