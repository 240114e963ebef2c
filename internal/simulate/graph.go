package simulate

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Graph writes the transition as Pacemaker's XML transition graph.
func Graph(w io.Writer, t *policy.Transition) error {
	g := &graphWriter{markup: newMarkup(w), byID: make(map[int]*policy.Action, len(t.Actions))}
	for _, a := range t.Actions {
		g.byID[a.ID] = a
	}
	g.open("transition_graph", g.header(t))
	for i, a := range t.Actions {
		g.synapse(i, a)
	}
	return g.flush()
}

type graphWriter struct {
	*markup
	byID map[int]*policy.Action
}

func (g *graphWriter) header(t *policy.Transition) attributes {
	failedStart := "1"
	if t.StartFailureFatal {
		failedStart = cib.Infinity.String()
	}
	a := attr("cluster-delay", t.Options["cluster-delay"]).with("stonith-timeout", t.Options["stonith-timeout"]).
		with("failed-stop-offset", cib.Infinity.String()).with("failed-start-offset", failedStart).
		with("batch-limit", t.Options["batch-limit"]).with("transition_id", "0")
	if t.MigrationLimit > 0 {
		a = a.maybe("migration-limit", t.Options["migration-limit"])
	}
	if !t.RecheckAt.IsZero() {
		a = a.with("recheck-by", fmt.Sprint(t.RecheckAt.Unix()))
	}
	return a
}

func (g *graphWriter) synapse(id int, a *policy.Action) {
	attrs := attr("id", fmt.Sprint(id))
	if a.Priority > 0 {
		attrs = attrs.with("priority", fmt.Sprint(a.Priority))
	}
	g.open("synapse", attrs)
	g.open("action_set", nil)
	g.action(a)
	g.close()
	g.open("inputs", nil)
	for _, in := range a.Inputs {
		if before := g.byID[in]; before != nil {
			g.open("trigger", nil)
			g.empty(before.Render.Element, actionAttrs(before))
			g.close()
		}
	}
	g.close()
	g.close()
}

// actionAttrs are the attributes by which an action is known, also where
// another one waits for it.
func actionAttrs(a *policy.Action) attributes {
	r := &a.Render
	var attrs attributes
	if r.Operation == "lrm_delete" {
		attrs = attrs.with("mode", "cib")
	}
	attrs = attrs.with("id", fmt.Sprint(a.ID)).maybe("operation", r.Operation).
		maybe("operation_key", a.Key).maybe("internal_operation_key", r.InternalKey)
	if r.NodeInfo {
		attrs = attrs.maybe("on_node", a.Node).maybe("on_node_uuid", r.NodeID).maybe("router_node", r.Router)
	}
	return attrs
}

func (g *graphWriter) action(a *policy.Action) {
	r := &a.Render
	attrs := actionAttrs(a)
	if r.ShutdownLock != 0 {
		attrs = attrs.with("shutdown-lock", fmt.Sprint(r.ShutdownLock))
	}
	g.open(r.Element, attrs)
	if r.ResourceID != "" {
		g.empty(string(cmp.Or(r.ResourceKind, cib.Primitive)), attr("id", r.ResourceID).maybe("long-id", r.ResourceLongID).
			maybe("class", r.Class).maybe("provider", r.Provider).maybe("type", r.Type))
	}
	g.open("attributes", nameable(r.Attributes))
	for _, p := range r.Params {
		g.empty("param", attr("name", p.Name).with("value", p.Value))
	}
	g.close()
	if len(r.DownedIDs) > 0 {
		g.open("downed", nil)
		for _, id := range r.DownedIDs {
			g.empty("node", attr("id", id))
		}
		g.close()
	}
	if len(r.MaintenanceIDs) > 0 {
		g.open("maintenance", nil)
		for _, n := range r.MaintenanceIDs {
			g.empty("node", attr("id", n.Name).with("node_in_maintenance", n.Value))
		}
		g.close()
	}
	g.close()
}

// nameable are the pairs that can be attributes. Parameters may be called
// anything, which would make the graph a file that nobody can read.
func nameable(pairs []cib.NV) attributes {
	unfit := func(nv cib.NV) bool { return !cib.IsXMLName(nv.Name) }
	if slices.ContainsFunc(pairs, unfit) {
		pairs = slices.DeleteFunc(slices.Clone(pairs), unfit)
	}
	return pairs
}
