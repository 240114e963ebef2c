package cluster

import "fmt"

// QuorumRule is how a partition knows that it may act ("votequorum(5)").
type QuorumRule struct {
	// Votes are the configured nodes' votes by name.
	Votes map[string]int
	// TwoNode: with exactly two nodes, one alone is quorate (fencing decides
	// who survives). It implies WaitForAll, as in Corosync.
	TwoNode bool
	// WaitForAll: no quorum until all nodes were seen together once since
	// this node started.
	WaitForAll bool
}

// Quorum is the state of a partition.
type Quorum struct {
	Have     bool `json:"have"`
	Votes    int  `json:"votes"`
	Expected int  `json:"expected"`
	Needed   int  `json:"needed"`
	// Why explains Have in one sentence.
	Why string `json:"why"`
}

// Judge returns the quorum of a partition of members. seenAll tells whether
// all configured nodes have been members together since this node started.
func (r QuorumRule) Judge(members []string, seenAll bool) Quorum {
	q := Quorum{}
	for _, v := range r.Votes {
		q.Expected += v
	}
	for _, m := range members {
		q.Votes += r.Votes[m]
	}
	q.Needed = q.Expected/2 + 1
	twoNode := r.TwoNode && len(r.Votes) == 2
	if twoNode {
		q.Needed = 1
	}
	switch {
	case (r.WaitForAll || twoNode) && !seenAll:
		q.Why = fmt.Sprintf("waiting to see all %d nodes together once (wait-for-all)", len(r.Votes))
	case q.Votes < q.Needed:
		q.Why = fmt.Sprintf("%d of %d votes here, %d needed", q.Votes, q.Expected, q.Needed)
	default:
		q.Have = true
		q.Why = fmt.Sprintf("%d of %d votes here, %d needed", q.Votes, q.Expected, q.Needed)
	}
	return q
}
