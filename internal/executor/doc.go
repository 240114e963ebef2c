// Package executor carries out operations on this node's resources. hostd
// hands it every node.RunOperation and node.CancelOperation and gives what it
// reports back to the core as node.OperationDone.
//
// What it promises, resource by resource:
//
//   - Operations run one at a time, in the order given.
//   - A recurring monitor (Interval > 0) reports its first result and then only
//     changes. An operation that ends or changes what is monitored (stop,
//     demote, promote, migrate_to) cancels the recurring ones first, also in
//     the middle of a run.
//   - An agent that watches (agents.Watcher) is watched while its monitor
//     recurs: when it sees a change the monitor runs at once, and a changed
//     result is reported as Unsolicited.
//   - An operation that exceeds its timeout is ended with all its processes and
//     reported as ExecTimeout; a cancelled one as ExecCancelled. Every Run is
//     answered by exactly one first report, unless Close comes before it.
//   - A stop gets the parameters the resource was started with, or was last seen
//     to run with, whatever is configured by then.
//   - A result carries what the agent's meta-data says of the parameters it ran
//     with (cib.ParamDigests), if it is known by then: no result waits for it.
//   - A forced stop cancels whatever runs, waits until that is gone, and runs.
//
// An agent that does not return although its context has ended is reported
// after Options.Grace, but it keeps its turn: what follows waits for it (each
// for its own timeout at most), because a start that completes after the stop
// would run a resource twice. Only a forced stop goes ahead, and it succeeds
// only if the stuck agent has returned by its end.
//
// Stopping the executor stops no resource: a restarted hostd probes and adopts
// what runs.
package executor
