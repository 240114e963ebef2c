package simulate

import (
	"bufio"
	"fmt"
	"io"

	"kvmha/policy"
)

// DOT writes the transition as a graph for Graphviz: bold green what will be
// done, dashed red what would have to be but cannot, orange letters for
// pseudo-events. With all, also what was considered and is not needed (blue)
// or is unmanaged.
func DOT(w io.Writer, t *policy.Transition, all bool) error {
	return writeDOT(w, t, all, false)
}

// writeDOT is DOT, with the actions' ids behind their names if numbers says so.
func writeDOT(w io.Writer, t *policy.Transition, all, numbers bool) error {
	b := bufio.NewWriter(w)
	name := func(a *policy.Action) string {
		if numbers {
			return fmt.Sprintf("%s (%d)", a.Render.Name, a.ID)
		}
		return a.Render.Name
	}
	fmt.Fprintln(b, ` digraph "g" {`)
	actions := make([]*policy.Action, 0, len(t.Actions)+len(t.Considered))
	actions = append(append(actions, t.Actions...), t.Considered...)
	byID := make(map[int]*policy.Action, len(actions))
	drawn := make(map[int]bool, len(actions))
	for _, a := range actions {
		byID[a.ID] = a
		style, color, draw := dotStyle(&a.Render, all)
		if !draw {
			continue
		}
		drawn[a.ID] = true
		font := "black"
		if a.Render.Pseudo {
			font = "orange"
		}
		if color == "red" && a.Render.Unmanaged {
			font = "purple"
		}
		fmt.Fprintf(b, "%q [ style=%s color=%q fontcolor=%q]\n", name(a), style, color, font)
	}
	for _, a := range actions {
		for _, e := range a.Render.Edges {
			from := byID[e.From]
			if from == nil {
				continue
			}
			style := "dashed"
			if e.Bold {
				style = "bold"
			}
			if e.Bold || all || drawn[e.From] && drawn[a.ID] && !e.Load {
				fmt.Fprintf(b, "%q -> %q [ style = %s]\n", name(from), name(a), style)
			}
		}
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

func dotStyle(r *policy.Render, all bool) (style, color string, draw bool) {
	switch {
	case r.InGraph:
		return "bold", "green", true
	case r.Unmanaged:
		return "dashed", "red", all
	case r.Optional:
		return "dashed", "blue", all
	}
	return "dashed", "red", true
}
