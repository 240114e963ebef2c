// Package node is the deterministic core of one node: from the members that an
// engine sees, over a DC and a replicated CIB, to operations, fencing and their
// results. hostd owns one Core and is its hands and senses; internal/sim owns
// many of them.
//
// # The loop
//
// The owner gives a Core one Event at a time with the present time, and carries
// out the Effects in the order in which they come back:
//
//	core, err := node.New(config)
//	for {
//		select {
//		case ev := <-events:
//			effects = core.Step(clock.Now(), ev)
//		case <-clock.At(core.Deadline()):
//			effects = core.Step(clock.Now(), node.Tick{})
//		}
//		for _, e := range effects {
//			do(e)
//		}
//	}
//
// The promises on both sides:
//
//   - Step is called from one goroutine, with times that do not run backwards.
//   - Effects are begun in order; Sends to one member arrive in order. What must
//     wait for a Persist comes out of the Step that takes its Persisted event,
//     so that no effect waits for another one of the same Step.
//   - Every Persist is answered by one Persisted, every WritePledge by one
//     PledgeWritten, every ClientRequest by one Reply, every RunOperation by at least one OperationDone, every Fence by
//     one FenceDone. An answer may take as long as it likes and come after a
//     restart of everything else: nothing depends on one answer alone.
//   - The first event is a ViewChanged with this node in it. Without peers a
//     node is still a cluster of one.
//   - After LeftCluster the core is dead; further Steps return nothing.
//   - Step reads no clock, draws no number but from Config.Seed, starts no
//     goroutine, does no I/O, and lets no map's order show. So a recording of
//     the events and the Config are the whole run (Recorder, Replay).
//
// # Who decides
//
// A view change makes peers greet each other (Hello). Where there is no DC the
// first member by name claims the office for the next term (Claim, Grant,
// Refuse); each node gives one vote a term and obeys nobody else in it, also
// over a restart: the Pledge that says so is on disk before a peer hears of it. A
// DC keeps its office while it stays a member; when two meet, the greater term
// stays. Orders of another term are refused, so that a DC of the past has no
// power.
//
// The DC invites every member (JoinAsk). A member offers its CIB, what its
// executor is doing, and the results that nobody has recorded (JoinOffer). The
// greatest Version wins, losers are archived; what a member says of itself is
// the truth about it (a member whose disk is slow says so and is given more
// time). The DC gives the merged CIB to all (Sync) and takes up
// operations and results where the last DC left them. Until a member has
// joined, or is late and therefore unclean, nothing is decided, for it may run
// anything. Quorum counts the members that obey the DC.
//
// # How a change is made
//
// All changes are cib.Commands that the DC orders. Status changes are applied
// and sent at once (Update); updates are numbered, and a member that misses one
// asks for the whole (Resync). Durable changes, that is configuration, intents
// and guest fences, take two steps: every member writes what the commands will
// lead to (Prepare, Prepared), then all apply them (Update with Change) and the
// author is told. If one disk fails the change is taken back everywhere
// (Abandon) and refused. A member that loses its DC in between keeps what is on
// its disk, for it may have been acknowledged.
//
// In a cluster of two each half has quorum when it breaks, and so has a hostd that
// was killed and comes back in the boot in which it had joined (Pledge.Joined).
// While the other node neither takes part nor is proven to be down, a half
// acknowledges no change and writes in no term of its own; the half that wins by
// fencing goes on in a term that the loser cannot have written in (dispute).
//
// # What is done
//
// When something has changed the DC asks the scheduler and executes the graph
// that it answers: an action starts when its inputs are done, within the limits.
// An operation is noted as pending in the CIB, sent (Execute), run by the node's
// executor, reported (Report, repeated until the recorded result is seen in an
// Update). News aborts the graph: what runs is finished, nothing more is
// started, and the scheduler is asked again, until it has nothing to add.
//
// A member that vanished without a goodbye is unclean. The scheduler asks for
// its fencing; the core resolves the devices, tries this node first and every
// other member after it, and again after a pause. A device that reboots in steps
// leaves the node off; that it is to be switched on is recorded with NodeFenced,
// and whoever is DC sees to it (poweron). Nothing of the node is recovered before
// a fencer has confirmed it, an operator has, or the node is back with another
// BootID. A node that comes back within one
// kernel's life brings its own history, or, with a new Incarnation, is probed
// anew and its running resources are adopted.
//
// A guest's fence is recorded first, then the target is stopped by force on
// every member where it is not proven to be absent, so on both ends of a
// migration, and everything else about the target waits. Its id makes it take
// effect once; the reply leaves through the host where the asking VM is now.
//
// # Where to look
//
// core.go routes events and messages and lists the phases that follow each of
// them; every phase derives what to do from the state as it is, never from how
// it came to be, which is why lost messages and new DCs need no paths of their
// own. One idea a file: view, election, join, merge, replication, unclean,
// transition, dispatch, results, fencing, devices and poweron, attributes, intents,
// guest and guest_stop, leave, client and verbs, status and explain, state
// (disk) and pledge, dispute, recording. message.go holds every message between cores, announce.go
// every event name, event.go and effect.go the two alphabets.
package node
