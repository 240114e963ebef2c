package main

import (
	"fmt"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/node"
)

// renderStatus writes the status as text: first whether the cluster can act,
// then what it is made of, then what is going on, then what needs a hand. Parts
// without content are left out.
func renderStatus(s *node.StatusReply, colours bool) string {
	r := &renderer{colours: colours, now: s.Time}
	r.headline(s)
	r.part("Nodes", r.nodes(s))
	r.part("Resources", renderResources(s.Resources, colours))
	r.part("In progress", r.transition(s.Transition))
	r.part("Moves", r.moves(s.Intents))
	r.part("Guests' fences", r.guestFences(s.GuestFences))
	r.part("Fencing", r.fencing(s.Fencing))
	r.part("Node attributes", r.attributes(s.Nodes))
	r.part("Failed actions", r.failed(s.Failed))
	r.part("Peers turned away", r.refused(s.Refused))
	r.part("Problems", r.problems(s.Problems))
	return r.text.String()
}

type renderer struct {
	text    strings.Builder
	colours bool
	now     time.Time
}

func (r *renderer) paint(c colour, text string) string { return paintIf(r.colours, c, text) }

func (r *renderer) part(title, body string) {
	if body != "" {
		fmt.Fprintf(&r.text, "\n%s\n%s\n", r.paint(bold, title), body)
	}
}

// headline tells whether the cluster can act, why, and whether it is acting.
func (r *renderer) headline(s *node.StatusReply) {
	quorum := r.paint(green, "has quorum")
	if !s.Quorum.Have {
		quorum = r.paint(red, "NO QUORUM")
	}
	activity := r.paint(green, "idle")
	if s.Transition != nil || len(s.Fencing) > 0 {
		activity = r.paint(yellow, "acting")
	}
	dc := "DC " + r.paint(bold, s.DC)
	if s.DC == "" {
		dc = r.paint(red, "NO DC")
	}
	fmt.Fprintf(&r.text, "Cluster %s: %s, %s, %s\n", r.paint(bold, s.Cluster), quorum, dc, activity)
	fmt.Fprintf(&r.text, "%s\n", r.paint(dim, fmt.Sprintf("%s; configuration %v; %s", s.Quorum.Why, s.Version, s.Time.Format("2006-01-02 15:04:05 MST"))))
	if s.Note != "" {
		fmt.Fprintf(&r.text, "%s\n", r.paint(yellow, s.Note))
	}
}

func (r *renderer) nodes(s *node.StatusReply) string {
	t := &textTable{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		state, c := nodeState(n)
		role := ""
		if n.DC {
			role = "DC"
		}
		t.row(cell{mark(c), c}, cell{n.Name, bold}, cell{state, c}, cell{role, cyan}, linksTo(s, n.Name), cell{n.Why, dim})
	}
	return t.render("  ", r.colours)
}

// linksTo sums up the links towards a peer: the dead ones are named.
func linksTo(s *node.StatusReply, peer string) cell {
	var up, dead []string
	for _, l := range s.Links {
		switch {
		case l.Peer != peer:
		case l.Up:
			up = append(up, l.Name)
		default:
			dead = append(dead, l.Name)
		}
	}
	switch {
	case len(dead) > 0 && len(up) == 0:
		return cell{"links " + strings.Join(dead, ", ") + " DEAD", red}
	case len(dead) > 0:
		return cell{"link " + strings.Join(dead, ", ") + " DEAD, " + strings.Join(up, ", ") + " up", red}
	case len(up) > 0:
		return cell{"links " + strings.Join(up, ", ") + " up", green}
	}
	return cell{}
}

// transition lists the actions that run, wait or have failed.
func (r *renderer) transition(t *node.TransitionStatus) string {
	if t == nil {
		return ""
	}
	table, done := &textTable{}, 0
	for _, a := range t.Actions {
		c := map[string]colour{"running": yellow, "waiting": dim, "failed": red}[a.State]
		if a.State == "done" {
			done++
			continue
		}
		table.row(cell{mark(c), c}, cell{a.Key, bold}, cell{a.Node, ""}, cell{a.State, c}, cell{a.Cause, dim})
	}
	head := fmt.Sprintf("  transition %d: %d of %d actions done", t.Number, done, len(t.Actions))
	if t.Aborted != "" {
		head += "; to be decided anew: " + t.Aborted
	}
	if body := table.render("  ", r.colours); body != "" {
		return head + "\n" + body
	}
	return head
}

func (r *renderer) moves(intents []cib.Intent) string {
	t := &textTable{}
	for _, in := range intents {
		c := map[cib.IntentState]colour{cib.IntentMoving: yellow, cib.IntentSettled: green, cib.IntentFailed: red}[in.State]
		where := "→ " + in.Node
		if in.Node == "" {
			where = "away from " + in.From
		}
		note := in.Reason
		if in.State == cib.IntentSettled {
			note = "it stays there; to end that: vm-ctl resource unmove " + in.Resource
		}
		t.row(cell{mark(c), c}, cell{in.Resource, bold}, cell{where, ""}, cell{string(in.State), c}, cell{r.ago(in.Created), dim}, cell{note, dim})
	}
	return t.render("  ", r.colours)
}

func (r *renderer) guestFences(fences []cib.GuestFence) string {
	t := &textTable{}
	for _, f := range fences {
		state, c := "in progress", yellow
		switch {
		case f.Error != "":
			state, c = "refused: "+f.Error, red
		case f.Done:
			state, c = "down", green
		}
		t.row(cell{mark(c), c}, cell{f.VM + " → " + f.Target, bold}, cell{f.Action, ""}, cell{state, c}, cell{r.ago(f.Created), dim})
	}
	return t.render("  ", r.colours)
}

func (r *renderer) fencing(all []node.FencingStatus) string {
	t := &textTable{}
	for _, f := range all {
		state, c := "in progress by "+f.By, yellow
		if f.By == "" {
			state, c = fmt.Sprintf("FAILED %d times", f.Failed), red
		}
		if f.By == "" && !f.Next.IsZero() {
			state += ", again at " + f.Next.Format("15:04:05")
		}
		t.row(cell{mark(c), c}, cell{f.Target, bold}, cell{f.Action, ""}, cell{state, c}, cell{strings.Join(nonEmpty(f.Cause, f.Error), "; "), dim})
	}
	return t.render("  ", r.colours)
}

func (r *renderer) attributes(nodes []node.NodeStatus) string {
	t := &textTable{}
	for _, n := range nodes {
		name := n.Name
		for _, nv := range n.Attributes {
			c := colour("")
			if nv.Value == "dead" || nv.Value == "ERROR" {
				c = red
			}
			t.row(cell{name, bold}, cell{nv.Name, ""}, cell{nv.Value, c})
			name = ""
		}
	}
	return t.render("  ", r.colours)
}

func (r *renderer) failed(actions []node.FailedAction) string {
	t := &textTable{}
	for i := range actions {
		f := &actions[i]
		what := f.Operation.RC.String()
		if f.Operation.Status != cib.ExecDone {
			what = f.Operation.Status.String()
		}
		when := ""
		if f.Operation.LastRCChange > 0 {
			when = r.ago(f.Operation.LastRCChange)
		}
		fails := ""
		if f.FailCount != "" {
			fails = "fail count " + f.FailCount
		}
		t.row(cell{mark(red), red}, cell{f.Key, bold}, cell{f.Node, ""}, cell{what, red}, cell{fails, ""}, cell{when, dim}, cell{f.Operation.ExitReason, dim})
	}
	if len(actions) > 0 {
		return t.render("  ", r.colours) + "\n  " + r.paint(dim, "to forget them: vm-ctl cleanup RESOURCE")
	}
	return ""
}

func (r *renderer) refused(peers []node.PeerRefused) string {
	t := &textTable{}
	for _, p := range peers {
		t.row(cell{mark(red), red}, cell{p.Address, bold}, cell{p.Reason, ""})
	}
	return t.render("  ", r.colours)
}

func (r *renderer) problems(lines []string) string {
	t := &textTable{}
	for _, line := range lines {
		t.row(cell{mark(yellow), yellow}, cell{line, ""})
	}
	return t.render("  ", r.colours)
}

// ago says how long ago a moment in Unix seconds was.
func (r *renderer) ago(unix int64) string {
	d := r.now.Sub(time.Unix(unix, 0)).Round(time.Second)
	switch {
	case unix <= 0:
		return ""
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
