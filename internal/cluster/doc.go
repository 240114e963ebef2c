// Package cluster says who is in the cluster and carries messages between its
// nodes. It holds the pure part: the Engine interface that hostd drives, the
// View an engine reports, and the arithmetic of quorum. Engines live below it:
// embedded (our own, over every configured link), corosync, and the
// simulator's.
//
// internal/node imports this package for View and Quorum only. Nothing here
// opens a socket or reads a clock.
package cluster
