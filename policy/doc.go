// Package policy is the scheduler: a pure function from a CIB and a time to a
// Transition, the graph of actions that brings the cluster from what is to
// what is wanted.
//
// internal/node calls Schedule on the DC after every change; vm-ctl simulate,
// plan and explain call it on files. It promises Pacemaker's semantics
// ("Pacemaker Explained"), the same answer for the same input, and no I/O: no
// clock, no randomness, no goroutine, no map order that shows.
//
// Schedule runs its phases in one visible order; each phase is one file.
package policy
