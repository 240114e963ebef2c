package simulate

import (
	"fmt"
	"io"

	"kvmha/policy"
)

// Summary prints what the transition changes: nodes to fence or shut down,
// then resources.
func Summary(w io.Writer, t *policy.Transition) error {
	o := &outline{w: w}
	o.summary(t)
	return o.err
}

func (o *outline) summary(t *policy.Transition) {
	o.begin("Transition Summary")
	idWidth, detailWidth := columns(t.Changes)
	for _, c := range t.Changes {
		reason := c.Reason
		if c.Resource == "" {
			// A shutdown, which has no reason, is none of the cluster's doing.
			if reason != "" {
				o.item("", "%s %s '%s'", c.Verb, c.Detail, reason)
			}
			continue
		}
		if reason != "" {
			reason = "  " + reason
		}
		o.item("", "%-8s   %-*s   ( %*s )%s", c.Verb, idWidth, c.Resource, detailWidth, c.Detail, reason)
	}
	o.end()
}

// columns are the widths of the ids and details. They grow from line to line
// by the reference's rule: an id wider than its column widens it by two more.
func columns(changes []policy.Change) (id, detail int) {
	id, detail = 5, 5
	for _, c := range changes {
		if c.Resource == "" {
			continue
		}
		if len(c.Resource) > id {
			id = len(c.Resource) + 2
		}
		detail = max(detail, len(c.Detail))
	}
	return id, detail
}

// Scores prints the allocation scores, and the capacities if they were asked
// for, one a line.
func Scores(w io.Writer, t *policy.Transition) error {
	for i := range t.Scores {
		if _, err := fmt.Fprintln(w, scoreLine(&t.Scores[i])); err != nil {
			return err
		}
	}
	return nil
}

func scoreLine(s *policy.ScoreLine) string {
	switch {
	case s.Text != "":
		return s.Text
	case s.Func != "":
		return s.Func + ": " + s.Resource + " allocation score on " + s.Node + ": " + s.Score.String()
	case s.Node == "":
		return s.Resource + " promotion score on none: " + s.Score.String()
	}
	return s.Resource + " promotion score on " + s.Node + ": " + s.Score.String()
}
