// Package simulate shows what the scheduler would do, and plays it through.
//
// vm-ctl simulate and plan call it. It is crm_simulate's part of the work: the
// status of the cluster as text, the summary of what will happen, allocation
// scores, the transition as a DOT or XML graph, and an execution that only
// changes a copy of the CIB (every action succeeds) so that the state
// afterwards can be shown too. Texts and graphs are byte for byte in the form
// that Pacemaker 2.1 prints, so that tools and eyes trained on those go on
// working.
//
// It is pure: what it prints depends on its arguments only, it opens no file
// and reads no clock. Run is the whole program; Status, Summary, Scores, DOT,
// Graph and Execute are its parts.
package simulate
