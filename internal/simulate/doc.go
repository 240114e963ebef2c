// Package simulate shows what the scheduler would do, and plays it through.
//
// vm-ctl simulate calls it. It is crm_simulate's part of the work: the status
// of the cluster, made-up events, the summary of what will happen, allocation
// scores, the transition as a DOT or XML graph, and an execution that only
// changes a copy of the CIB (every action succeeds) so that the state
// afterwards can be shown too. Texts, documents and graphs are byte for byte in
// the form that Pacemaker 2.1 prints, so that tools and eyes trained on those
// go on working.
//
// Run is the whole program; DOT, Graph and Execute are parts of it. What it
// finds it tells to an Output, which is one of two: Text, for people, or XML,
// for programs. Neither the sections of Run nor the events that happen in them
// know which. What both have to know of the state is in view.go and details.go.
//
// It is pure: what it prints depends on its arguments only, it opens no file
// and reads no clock.
package simulate
