package simulate

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Graph writes the transition as Pacemaker's XML transition graph.
func Graph(w io.Writer, t *policy.Transition) error {
	g := &graphWriter{b: bufio.NewWriter(w), byID: make(map[int]*policy.Action, len(t.Actions))}
	for _, a := range t.Actions {
		g.byID[a.ID] = a
	}
	if len(t.Actions) == 0 {
		g.empty("transition_graph", g.header(t))
		return g.b.Flush()
	}
	g.open("transition_graph", g.header(t))
	for i, a := range t.Actions {
		g.synapse(i, a)
	}
	g.close("transition_graph")
	return g.b.Flush()
}

type graphWriter struct {
	b     *bufio.Writer
	byID  map[int]*policy.Action
	depth int
}

func (g *graphWriter) header(t *policy.Transition) []cib.NV {
	failedStart := "1"
	if t.StartFailureFatal {
		failedStart = cib.Infinity.String()
	}
	attrs := []cib.NV{
		{Name: "cluster-delay", Value: t.Options["cluster-delay"]},
		{Name: "stonith-timeout", Value: t.Options["stonith-timeout"]},
		{Name: "failed-stop-offset", Value: cib.Infinity.String()},
		{Name: "failed-start-offset", Value: failedStart},
		{Name: "batch-limit", Value: t.Options["batch-limit"]},
		{Name: "transition_id", Value: "0"},
	}
	if limit := t.Options["migration-limit"]; limit != "" && t.MigrationLimit > 0 {
		attrs = append(attrs, cib.NV{Name: "migration-limit", Value: limit})
	}
	if !t.RecheckAt.IsZero() {
		attrs = append(attrs, cib.NV{Name: "recheck-by", Value: fmt.Sprint(t.RecheckAt.Unix())})
	}
	return attrs
}

func (g *graphWriter) synapse(id int, a *policy.Action) {
	attrs := []cib.NV{{Name: "id", Value: fmt.Sprint(id)}}
	if a.Priority > 0 {
		attrs = append(attrs, cib.NV{Name: "priority", Value: fmt.Sprint(a.Priority)})
	}
	g.open("synapse", attrs)
	g.open("action_set", nil)
	g.action(a)
	g.close("action_set")
	if len(a.Inputs) == 0 {
		g.empty("inputs", nil)
	} else {
		g.open("inputs", nil)
		for _, in := range a.Inputs {
			if before := g.byID[in]; before != nil {
				g.open("trigger", nil)
				g.empty(before.Render.Element, actionAttrs(before))
				g.close("trigger")
			}
		}
		g.close("inputs")
	}
	g.close("synapse")
}

// actionAttrs are the attributes by which an action is known, also where
// another one waits for it.
func actionAttrs(a *policy.Action) []cib.NV {
	r := &a.Render
	var attrs []cib.NV
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, cib.NV{Name: name, Value: value})
		}
	}
	if r.Operation == "lrm_delete" {
		add("mode", "cib")
	}
	add("id", fmt.Sprint(a.ID))
	add("operation", r.Operation)
	add("operation_key", a.Key)
	add("internal_operation_key", r.InternalKey)
	if r.NodeInfo {
		add("on_node", a.Node)
		add("on_node_uuid", r.NodeID)
		add("router_node", r.Router)
	}
	return attrs
}

func (g *graphWriter) action(a *policy.Action) {
	r := &a.Render
	attrs := actionAttrs(a)
	if r.ShutdownLock != 0 {
		attrs = append(attrs, cib.NV{Name: "shutdown-lock", Value: fmt.Sprint(r.ShutdownLock)})
	}
	g.open(r.Element, attrs)
	if r.ResourceID != "" {
		tag := "primitive"
		if r.Class == "" {
			// Only a group that has lost all its members is probed itself.
			tag = "group"
		}
		g.empty(tag, nonEmpty([]cib.NV{
			{Name: "id", Value: r.ResourceID}, {Name: "long-id", Value: r.ResourceLongID},
			{Name: "class", Value: r.Class}, {Name: "provider", Value: r.Provider}, {Name: "type", Value: r.Type},
		}))
	}
	if len(r.Params) == 0 {
		g.empty("attributes", r.Attributes)
	} else {
		g.open("attributes", r.Attributes)
		for _, p := range r.Params {
			g.empty("param", []cib.NV{{Name: "name", Value: p.Name}, {Name: "value", Value: p.Value}})
		}
		g.close("attributes")
	}
	if len(r.DownedIDs) > 0 {
		g.open("downed", nil)
		for _, id := range r.DownedIDs {
			g.empty("node", []cib.NV{{Name: "id", Value: id}})
		}
		g.close("downed")
	}
	if len(r.MaintenanceIDs) > 0 {
		g.open("maintenance", nil)
		for _, n := range r.MaintenanceIDs {
			g.empty("node", []cib.NV{{Name: "id", Value: n.Name}, {Name: "node_in_maintenance", Value: n.Value}})
		}
		g.close("maintenance")
	}
	g.close(r.Element)
}

func nonEmpty(attrs []cib.NV) []cib.NV {
	var out []cib.NV
	for _, a := range attrs {
		if a.Value != "" {
			out = append(out, a)
		}
	}
	return out
}

func (g *graphWriter) open(tag string, attrs []cib.NV) {
	g.tag(tag, attrs, ">")
	g.depth++
}

func (g *graphWriter) empty(tag string, attrs []cib.NV) { g.tag(tag, attrs, "/>") }

func (g *graphWriter) close(tag string) {
	g.depth--
	fmt.Fprintf(g.b, "%s</%s>\n", strings.Repeat("  ", g.depth), tag)
}

func (g *graphWriter) tag(tag string, attrs []cib.NV, end string) {
	fmt.Fprintf(g.b, "%s<%s", strings.Repeat("  ", g.depth), tag)
	for _, a := range attrs {
		fmt.Fprintf(g.b, ` %s="%s"`, a.Name, cib.EscapeXML(a.Value))
	}
	g.b.WriteString(end + "\n")
}
