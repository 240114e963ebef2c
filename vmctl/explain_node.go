package main

import (
	"strings"

	"kvmha/policy"
)

func (w *explainWriter) node(n *policy.NodeExplanation) {
	state := "online and takes resources"
	switch {
	case !n.Online:
		state = "not online"
	case !n.Usable:
		state = "online, and takes no resources"
	}
	kind := ""
	switch n.Type {
	case "guest":
		kind = " (a guest node, inside of " + n.Via + ")"
	case "remote":
		kind = " (a remote node)"
	}
	if n.DC {
		kind += " (the DC)"
	}
	w.line("Node %s%s is %s.", n.Name, kind, state)
	for _, why := range n.State {
		w.line("  %s.", sentence(why))
	}
	if n.Unfenced != nil {
		w.line("  %s.", sentence(*n.Unfenced))
		if len(n.UnfencedSteps) > 0 {
			w.line("  It could be fenced after %s.", stepsText(n.UnfencedSteps))
		}
	}
	for _, f := range n.Failures {
		w.line("  %s", failureText(f))
	}
	if len(n.Fencers) > 0 {
		w.line("  It can be fenced by %s.", strings.Join(n.Fencers, ", "))
	}
	if len(n.Steps) > 0 {
		w.line("  It would take resources again after %s.", stepsText(n.Steps))
	}
	w.onNode("What runs there", n.Runs, leaves)
	w.onNode("What comes", n.Gets, comes)
	w.onNode("What cannot be there", n.Cannot, func(r policy.ResourceOnNode) string { return ": " + r.Why.String() })
	w.actions(n.Actions, "")
}

func (w *explainWriter) onNode(title string, list []policy.ResourceOnNode, tell func(policy.ResourceOnNode) string) {
	if len(list) == 0 {
		return
	}
	w.section(title)
	for _, r := range list {
		w.line("  %s%s.", r.Resource, tell(r))
	}
}

func leaves(r policy.ResourceOnNode) string {
	text := ", " + string(r.Role)
	switch {
	case r.Stays:
		return text + ", and stays"
	case r.Why == nil:
		return text + ", and is left alone"
	case len(r.Next) == 0:
		return text + ", and is to stop: " + r.Why.String()
	}
	return text + ", and is to be " + presenceText(r.Next) + ": " + r.Why.String()
}

func comes(r policy.ResourceOnNode) string {
	text := " is to be " + strings.ToLower(string(r.Role)) + " there"
	if r.Why != nil {
		text += ": " + r.Why.String()
	}
	return text
}
