package simulate

import (
	"maps"
	"slices"
	"strings"

	"kvmha/policy"
)

// clone prints a clone: instances in a remarkable state one by one, the others
// summed up as lists of nodes.
func (o *outline) clone(v *view, r *policy.ResourceView) {
	var promoted, started []string
	stopped := map[string]string{}
	header := o.header(cloneTitle(r))
	for i := range r.Children {
		c := &r.Children[i]
		switch place, where := v.instance(r, c); place {
		case alone:
			header.show()
			o.resource(v, c, r)
		case inPromoted:
			promoted = append(promoted, where)
		case inStarted:
			started = append(started, where)
		case inStopped:
			stopped[c.ID] = string(policy.Stopped)
		}
	}
	list := func(label string, nodes []string) {
		if len(nodes) > 0 {
			slices.SortStableFunc(nodes, compareNames)
			header.show()
			o.item("", "%s: [ %s ]", label, strings.Join(nodes, " "))
		}
	}
	list("Promoted", promoted)
	list(startedLabel(r), started)
	if !r.Unique && r.Max > len(promoted)+len(started) {
		stopped = v.stoppedNodes(r)
	}
	for _, state := range slices.Compact(slices.Sorted(maps.Values(stopped))) {
		var names []string
		for name, s := range stopped {
			if s == state {
				names = append(names, name)
			}
		}
		list(state, names)
	}
	header.show()
	o.endList()
}

func cloneTitle(r *policy.ResourceView) string {
	var flags []string
	if r.Promotable {
		flags = append(flags, "promotable")
	}
	if r.Unique {
		flags = append(flags, "unique")
	}
	return "Clone Set: " + r.ID + " [" + childName(r) + "]" + inBrackets(append(flags, management(r)...))
}

// childName is what the configuration calls the resource that r is a clone of.
func childName(r *policy.ResourceView) string {
	if len(r.Children) == 0 {
		return ""
	}
	return r.Children[0].XMLID
}

func startedLabel(r *policy.ResourceView) string {
	switch {
	case !r.Promotable:
		return "Started"
	case targetRole(r) == policy.Unpromoted:
		return "Unpromoted (target-role)"
	}
	return "Unpromoted"
}

// The places where an instance of a clone is shown.
type place int

const (
	nowhere place = iota
	alone
	inPromoted
	inStarted
	inStopped
)

// instance decides where an instance is shown and, for the lists, under which
// node.
func (v *view) instance(clone, c *policy.ResourceView) (place, string) {
	partly := v.active(c, false)
	pending := func(r *policy.ResourceView) bool { return r.Pending != "" || r.PendingTask != "" }
	remarkable := func(r *policy.ResourceView) bool { return r.Orphan || !r.Managed || r.Failed }
	switch {
	case v.hidden(c):
		return nowhere, ""
	case clone.Unique:
		if partly || !clone.Orphan {
			return alone, ""
		}
	case v.pending && pending(c):
		return alone, ""
	case !partly:
		if !c.Orphan {
			return inStopped, ""
		}
		return nowhere, ""
	case anyPart(c, remarkable), !v.active(c, true):
		return alone, ""
	}
	nodes := activeNodes(c)
	if clone.Unique || len(nodes) != 1 {
		return alone, ""
	}
	if n := v.nodes[nodes[0]]; n != nil && !n.Online && n.Unclean {
		return alone, ""
	}
	if rank(role(c)) > rank(policy.Unpromoted) {
		return inPromoted, nodes[0]
	}
	return inStarted, nodes[0]
}

// stoppedNodes are the nodes where an anonymous clone could run and does not,
// each with the words for that.
func (v *view) stoppedNodes(r *policy.ResourceView) map[string]string {
	running := map[string]bool{}
	for _, n := range v.hosts(r) {
		running[n] = true
	}
	out := map[string]string{}
	for _, n := range r.Candidates {
		if running[n] {
			continue
		}
		out[n] = string(policy.Stopped)
		if rc, failed := v.failedProbe(childName(r), n); failed {
			out[n] = "Stopped (" + rc.String() + ")"
		} else if targetRole(r) == policy.Stopped {
			out[n] = "Stopped (disabled)"
		}
	}
	return out
}

// lateHeader is a list's title that is printed before the first entry only.
type lateHeader struct {
	o     *outline
	title string
	// spaced: a line of space comes before the title.
	spaced, shown bool
}

func (o *outline) header(title string) *lateHeader { return &lateHeader{o: o, title: title} }

func (h *lateHeader) show() {
	if !h.shown {
		if h.spaced {
			h.o.spacer()
		}
		h.o.list("%s", h.title)
		h.shown = true
	}
}

// end closes the list if it was opened.
func (h *lateHeader) end() {
	if h.shown {
		h.o.endList()
	}
}
