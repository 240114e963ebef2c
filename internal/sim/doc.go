// Package sim owns whole clusters of internal/node cores in virtual time: it
// breaks everything around them by the numbers of one seed and checks after
// every event that what must never happen has not.
//
// # What is real and what is not
//
// The cores are the production cores, and so is the scheduler below them. The
// rest is a model, written to be worse than reality in every way a core has to
// bear, and never kinder:
//
//   - agenda, dice, trace: virtual time, the only source of chance, and the log
//     whose hash proves that the same seed is the same run;
//   - host, process, disk: power, boot ids, runs of hostd, what survives them;
//   - network: members and messages as cluster.Engine promises them;
//   - truth, executor, migrate: what really runs where, whatever anybody thinks;
//   - fencer: power switches that work, dawdle or fail;
//   - clients, guests, ledger: those who ask, and what they were promised;
//   - faults: what goes wrong; invariants, settle: what must hold nevertheless.
//
// # How a run goes
//
// Run builds the hosts, applies a configuration, breaks things for a while,
// mends everything, and waits until the cluster is whole again. Nothing in it
// reads a clock, starts a goroutine or lets the order of a map show.
//
// A failing seed says what was violated, the last events, and how to see it
// again:
//
//	go test ./internal/sim -run TestSeed -seed 4711 -v
//
// A test that cannot fail is no test: Options.Wrap puts a deliberately wrong
// core in the place of a right one, and the mutation tests require that the
// invariant made for that wrong notices it.
package sim
