package simulate

import (
	"strconv"
	"strings"

	"kvmha/policy"
)

// changes prints what the transition changes: nodes to fence or shut down,
// then resources.
func (o *outline) changes(changes []policy.Change) {
	o.list("Transition Summary")
	idWidth, detailWidth := columns(changes)
	for i := range changes {
		c := &changes[i]
		if c.Resource == "" {
			// A shutdown, which has no reason, is none of the cluster's doing.
			if c.Reason != "" {
				o.item("", "%s %s '%s'", c.Verb, changedNode(c), c.Reason)
			}
			continue
		}
		reason := changeReason(c)
		if reason != "" {
			reason = "  " + reason
		}
		o.item("", "%-8s   %-*s   ( %*s )%s", c.Verb, idWidth, c.Resource, detailWidth, changeDetail(c), reason)
	}
	o.endList()
}

// columns are the widths of the ids and details. They grow from line to line
// by the reference's rule: an id wider than its column widens it by two more.
func columns(changes []policy.Change) (id, detail int) {
	id, detail = 5, 5
	for i := range changes {
		c := &changes[i]
		if c.Resource == "" {
			continue
		}
		if len(c.Resource) > id {
			id = len(c.Resource) + 2
		}
		detail = max(detail, len(changeDetail(c)))
	}
	return id, detail
}

// changedNode names a node that changes, with the resource that a guest node
// is in.
func changedNode(c *policy.Change) string {
	if c.Container == "" {
		return c.Node
	}
	return c.Node + " (resource: " + c.Container + ")"
}

func changeReason(c *policy.Change) string {
	switch {
	case c.Reason != "" && c.Blocked:
		return "due to " + c.Reason + " (blocked)"
	case c.Reason != "":
		return "due to " + c.Reason
	case c.Blocked:
		return "blocked"
	}
	return ""
}

// course is how a change of a resource goes.
type course int

const (
	comes course = iota
	goes
	// It stays on its node in its role: it is restarted, say.
	stays
	moves
	// It stays on its node in another role.
	turns
	movesAndTurns
)

func courseOf(c *policy.Change) course {
	switch {
	case c.From == "":
		return comes
	case c.To == "":
		return goes
	case c.From == c.To && c.Role == c.NextRole:
		return stays
	case c.Role == c.NextRole:
		return moves
	case c.From == c.To:
		return turns
	}
	return movesAndTurns
}

// hasRoles: the change is one of a resource that is, or will be, more than
// just started.
func hasRoles(c *policy.Change) bool {
	return rank(c.Role) > rank(policy.Started) || rank(c.NextRole) > rank(policy.Unpromoted)
}

// changeDetail tells from where and what to where and what.
func changeDetail(c *policy.Change) string {
	from, to := c.From, c.To
	if !hasRoles(c) {
		switch courseOf(c) {
		case comes:
			return to
		case goes, stays:
			return from
		case moves:
			return from + " -> " + to
		}
	}
	old, next := string(c.Role), string(c.NextRole)
	switch courseOf(c) {
	case comes:
		return old + " -> " + next + " " + to
	case goes, stays:
		return old + " " + from
	case moves:
		return from + " -> " + to + " " + old
	case turns:
		return old + " -> " + next + " " + from
	}
	return old + " " + from + " -> " + next + " " + to
}

func scoreLine(s *policy.ScoreLine) string {
	switch s.Kind {
	case policy.NodeCapacity:
		return s.Func + ": " + s.Node + " capacity:" + amounts(s.Amounts)
	case policy.ResourceNeeds:
		return s.Func + ": " + s.Resource + " utilization on " + s.Node + ":" + amounts(s.Amounts)
	case policy.PromotionScore:
		node := s.Node
		if node == "" {
			node = "none"
		}
		return s.Resource + " promotion score on " + node + ": " + s.Score.String()
	}
	return s.Func + ": " + s.Resource + " allocation score on " + s.Node + ": " + s.Score.String()
}

func amounts(list []policy.Amount) string {
	var b strings.Builder
	for _, a := range list {
		b.WriteString(" " + a.Name + "=" + strconv.Itoa(a.Value))
	}
	return b.String()
}
