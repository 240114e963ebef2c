// Package child runs one program for an agent and keeps hold of everything it
// starts. agents/ocf, agents/lsb and stonith/devices use it.
//
// It promises three things. When the context ends, the program, its process
// group, its session and every process still descending from it are gone before
// Run returns; only a daemon that detached itself completely (forked twice into
// a session of its own) outlives it, because that is the resource. A program
// that ends while a daemon of its still holds its output does not make Run
// wait, and its output is bounded. And with a Dir, what a killed predecessor
// left running is found again: Runner.EndLeftovers kills it before new work
// starts, so that an orphaned "start" never completes behind the cluster's back.
//
// Programs are executed directly: no shell is ever given a string.
package child
