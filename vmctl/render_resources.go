package main

import (
	"fmt"
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// renderResources writes the tree of resources.
func renderResources(views []policy.ResourceView, colours bool) string {
	t := &textTable{}
	var add func(views []policy.ResourceView, indent string)
	add = func(views []policy.ResourceView, indent string) {
		for i := range views {
			v := &views[i]
			state, c := resourceState(v)
			what := v.Agent
			if v.Kind != cib.Primitive {
				what = string(v.Kind)
			}
			t.row(cell{indent + mark(c) + " " + v.ID, c}, cell{what, dim}, cell{state, c}, cell{strings.Join(v.Active, " "), bold}, cell{remarks(v), yellow})
			add(v.Children, indent+"  ")
		}
	}
	add(views, "")
	return t.render("  ", colours)
}

// mark is the sign in front of a line, which also tells the states apart where
// there are no colours.
func mark(c colour) string {
	switch c {
	case red:
		return "✗"
	case yellow:
		return "◐"
	case dim:
		return "○"
	}
	return "●"
}

// resourceState says what a resource is, in one or two words.
func resourceState(v *policy.ResourceView) (string, colour) {
	switch {
	case len(v.Children) > 0:
		return groupState(v)
	case v.Blocked:
		return "BLOCKED", red
	case len(v.Active) > 1:
		return "ACTIVE TWICE", red
	case v.Failed:
		return "FAILED", red
	case v.Pending != "":
		return v.Pending, yellow
	case v.Role == policy.Stopped && v.Disabled:
		return "stopped (target-role)", dim
	case v.Role == policy.Stopped && v.Next != "":
		return "stopped", yellow
	case v.Role == policy.Stopped:
		return "STOPPED", red
	case v.Role == policy.Unknown || v.Role == "":
		return "unknown", yellow
	}
	return string(v.Role), green
}

// groupState sums up what is inside a group or clone.
func groupState(v *policy.ResourceView) (string, colour) {
	worst, running := green, 0
	rank := map[colour]int{green: 0, dim: 1, yellow: 2, red: 3}
	for i := range v.Children {
		_, c := resourceState(&v.Children[i])
		if rank[c] > rank[worst] {
			worst = c
		}
		if c == green {
			running++
		}
	}
	return fmt.Sprintf("%d of %d", running, len(v.Children)), worst
}

// remarks are what the state does not say.
func remarks(v *policy.ResourceView) string {
	var all []string
	if len(v.Children) == 0 && v.Next != "" && (len(v.Active) != 1 || v.Active[0] != v.Next) {
		all = append(all, "→ "+v.Next)
	}
	if !v.Managed {
		all = append(all, "unmanaged")
	}
	if v.Orphan {
		all = append(all, "not in the configuration")
	}
	if v.Disabled && len(v.Active) > 0 {
		all = append(all, "to be stopped")
	}
	return strings.Join(all, ", ")
}
