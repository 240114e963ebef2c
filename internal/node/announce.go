package node

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// The names of all announced events. They are stable: logs, scripts and the
// event stream rely on them.
const (
	EventViewChanged    = "view-changed"    // members or links are others now
	EventQuorumGained   = "quorum-gained"   // this partition may act
	EventQuorumLost     = "quorum-lost"     // no-quorum-policy applies
	EventPeerRefused    = "peer-refused"    // the engine turned a peer away
	EventMessageRefused = "message-refused" // a peer's message was not understood
	EventDCElected      = "dc-elected"      // this node decides from now on
	EventDCFollowed     = "dc-followed"     // this node follows a DC from now on
	EventDCLost         = "dc-lost"         // the DC is gone or another took over
	EventNodeJoined     = "node-joined"     // a node takes part
	EventNodeLeft       = "node-left"       // a node has said goodbye
	EventNodeUnclean    = "node-unclean"    // a node vanished; it must be fenced
	EventNodeFenced     = "node-fenced"     // a node is certainly down
	EventNodeAway       = "node-away"       // a node's hostd restarts, its resources run on
	EventCIBMerged      = "cib-merged"      // another CIB won, ours is archived
	EventConfigChanged  = "config-changed"  // a configuration change is in effect
	EventChangeRefused  = "change-refused"  // a change was not made anywhere
	EventPersistFailed  = "persist-failed"  // the state cannot be written
	EventPersistOK      = "persist-restored"
	EventTransition     = "transition-started"
	EventTransitionEnd  = "transition-finished"
	EventTransitionStop = "transition-aborted"
	EventTransitionLoop = "transition-loop" // the same actions again and again
	EventPolicyProblem  = "policy-problem"  // the scheduler's errors and warnings
	EventOpStarted      = "operation-started"
	EventOpDone         = "operation-done"
	EventOpFailed       = "operation-failed"
	EventFenceStarted   = "fence-started"
	EventFenceFailed    = "fence-failed" // one member's attempt
	EventFenceGivenUp   = "fence-all-failed"
	EventFencedAlive    = "fenced-but-alive" // others believe that this node is down
	EventIntentSettled  = "intent-settled"
	EventIntentFailed   = "intent-failed"
	EventIntentEnded    = "intent-ended"
	EventGuestFence     = "guest-fence-accepted"
	EventGuestRefused   = "guest-refused"
	EventGuestDone      = "guest-fence-done"
	EventLeaving        = "leaving"
	EventLeft           = "left"
)

const (
	levelInfo  = "info"
	levelWarn  = "warn"
	levelError = "error"
)

// announce emits an event and keeps it in the journal. pairs are names and
// values in turn; empty values are left out.
func (c *Core) announce(name, level string, pairs ...string) {
	var fields []cib.NV
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fields = append(fields, cib.NV{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	slices.SortStableFunc(fields, func(a, b cib.NV) int { return strings.Compare(a.Name, b.Name) })
	c.emit(Announce{Name: name, Level: level, Fields: fields})
	c.journal.add(Decision{At: c.now, Event: name, Level: level, Fields: fields})
}
