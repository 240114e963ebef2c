// Package conformance holds the scheduler against Pacemaker's, the field's
// reference: the same CIB must lead to the same scores, the same summary and
// the same transition.
//
// make conformance, make bench-scheduler and CI use it. It has four parts:
//
//   - Generate makes a random cluster from a seed: nodes in every state,
//     resources of every kind, constraints between them and a history of what
//     happened so far. Large makes a big and tidy one, for timing. Mutate
//     changes a few things in a CIB: in a recorded one it reaches what no random
//     cluster would.
//   - A Survey compares on many of these. Ours decides in this process,
//     Reference asks the installed crm_simulate; both give an Answer.
//   - Compare tells where two answers differ, blind to numbering and to the
//     order of what has none; Minimise removes everything from a CIB that a
//     difference does not need.
//   - LoadCases reads recorded cases (a folder with xml, scores, summary, dot
//     and exp); a test judges them all and fails when fewer pass than
//     baseline.json says.
//
// The same seed and size always give the same CIB, on every machine. A CIB
// carries its own date, so that what it means does not depend on the clock.
package conformance
