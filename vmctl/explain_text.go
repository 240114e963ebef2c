package main

import (
	"fmt"
	"slices"
	"strings"

	"kvmha/policy"
)

// explainText puts an explanation into sentences. The reasons' own words are
// policy's; here is what stands around them.
func explainText(e *policy.Explanation, daemons []string) string {
	w := &explainWriter{}
	if e.Node != nil {
		w.node(e.Node)
	}
	if e.Resource != nil {
		if e.Node != nil {
			w.line("")
		}
		w.resource(e.Resource, "")
	}
	if len(daemons) > 0 {
		w.section("What the daemons say")
		for _, line := range daemons {
			w.line("  %s", line)
		}
	}
	return strings.TrimPrefix(w.text.String(), "\n")
}

type explainWriter struct{ text strings.Builder }

func (w *explainWriter) line(format string, values ...any) {
	w.text.WriteString(strings.TrimRight(fmt.Sprintf(format, values...), " ") + "\n")
}

func (w *explainWriter) section(title string) { w.line("\n%s:", title) }

func (w *explainWriter) resource(r *policy.ResourceExplanation, indent string) {
	w.line("%s%s", indent, headline(r))
	for _, why := range r.State {
		w.line("%s  %s.", indent, sentence(why))
	}
	for _, f := range r.Failures {
		w.line("%s  %s", indent, failureText(f))
	}
	if r.Remedy != nil {
		w.line("%s  It would run after %s.", indent, stepsText(r.Remedy.Steps))
	}
	w.verdicts(r, indent)
	w.actions(r.Actions, indent)
	if len(r.Members) > 0 {
		w.line("\n%s%s:", indent, map[bool]string{true: "Its members", false: "Its parts"}[r.Kind == "group"])
		for i := range r.Members {
			if i > 0 && r.Members[i].Nodes != nil {
				w.line("")
			}
			w.resource(&r.Members[i], indent+"  ")
		}
	}
}

// headline tells in one sentence where a resource is and where it is to be.
func headline(r *policy.ResourceExplanation) string {
	name := r.ID
	if r.Agent != "" {
		name += " (" + r.Agent + ")"
	}
	if r.Guest != "" {
		name += ", which guest node " + r.Guest + " lives in,"
	}
	now, next := presenceText(r.Active), presenceText(r.Next)
	broken := ""
	if r.Failed {
		broken = ", has failed"
	}
	switch {
	case now == "" && next == "" && len(r.State) == 0:
		return name + " runs nowhere: no node can take it."
	case now == "" && next == "":
		return name + " runs nowhere, and is to run nowhere."
	case now == "":
		return name + " runs nowhere yet, and is to be " + next + "."
	case next == "":
		return name + " is " + now + broken + ", and is to stop."
	case now == next:
		return name + " is " + now + broken + ", and is to stay so."
	}
	return name + " is " + now + broken + ", and is to be " + next + "."
}

// presenceText lists nodes by role: "Promoted on a, Unpromoted on b, c".
func presenceText(at []policy.Presence) string {
	nodes := map[policy.Role][]string{}
	for _, p := range at {
		nodes[p.Role] = append(nodes[p.Role], p.Node)
	}
	var out []string
	for _, role := range []policy.Role{policy.Promoted, policy.Unpromoted, policy.Started, policy.Stopped, policy.Unknown} {
		if list := nodes[role]; len(list) > 0 {
			slices.Sort(list)
			out = append(out, string(role)+" on "+strings.Join(list, ", "))
		}
	}
	return strings.Join(out, ", ")
}

func failureText(f policy.Failure) string {
	text := fmt.Sprintf("%s of %s on %s failed: %s", capital(f.Action), f.Resource, f.Node, f.Detail)
	if f.FailCount != "" {
		text += " (fail count " + f.FailCount + ")"
	}
	return text + "."
}

func (w *explainWriter) verdicts(r *policy.ResourceExplanation, indent string) {
	for _, v := range r.Nodes {
		if !v.Here {
			continue
		}
		w.line("\n%sWhy on %s:", indent, v.Node)
		for _, why := range v.For {
			w.line("%s  %s.", indent, sentence(why))
		}
		if len(v.For) == 0 {
			w.line("%s  No constraint asks for it, and none speaks against it (score %s).", indent, v.Score)
		}
		for _, why := range v.RoleWhy {
			w.line("%s  It is %s there, because %s.", indent, strings.ToLower(string(v.Role)), why)
		}
	}
	for _, v := range r.Nodes {
		if v.Here {
			continue
		}
		w.line("\n%sWhy not on %s:", indent, v.Node)
		for i, why := range v.Against {
			if i == 0 {
				w.line("%s  %s.", indent, sentence(why))
			} else {
				w.line("%s  Besides, %s.", indent, why)
			}
		}
		if len(v.Against) == 0 {
			w.line("%s  Nothing speaks against it; it is not needed there.", indent)
		}
		if v.Remedy != nil {
			w.line("%s  It would be there after %s.", indent, stepsText(v.Remedy.Steps))
		}
	}
}

func (w *explainWriter) actions(list []policy.PlannedAction, indent string) {
	if len(list) == 0 {
		return
	}
	w.line("\n%sWhat happens next:", indent)
	for _, a := range list {
		what := a.Task
		if a.Resource != "" {
			what += " " + a.Resource
		}
		switch {
		case a.Blocked:
			w.line("%s  %s on %s cannot be done, because %s.", indent, what, a.Node, a.Why)
		case a.Implied:
			w.line("%s  %s on %s is not needed: %s.", indent, what, a.Node, a.Why)
		case a.Resource == "":
			w.line("%s  %s of %s, because %s.", indent, what, a.Node, a.Why)
		default:
			w.line("%s  %s on %s, because %s.", indent, what, a.Node, a.Why)
		}
	}
}

// sentence begins a reason with a capital, unless a name begins it.
func sentence(why policy.Reason) string {
	text := why.String()
	first, _, _ := strings.Cut(text, " ")
	switch first = strings.TrimSuffix(first, ","); first {
	case why.Subject, why.Resource, why.Node:
		return text
	}
	if strings.Contains(first, "=") {
		return text
	}
	return capital(text)
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
