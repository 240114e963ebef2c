// Package arrows holds the tests of the house itself: which room may import
// which, that the core and the scheduler do no I/O, and that every exported
// name is documented. docs/architecture.md draws the same arrows; when they
// change, both change.
package arrows
