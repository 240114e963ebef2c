package policy

import (
	"maps"
	"sort"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

func duration(text string) time.Duration {
	return time.Duration(millisOr0(text)) * time.Millisecond
}

func pairs(m map[string]string) []cib.NV {
	out := make([]cib.NV, 0, len(m))
	for name, value := range m {
		out = append(out, cib.NV{Name: name, Value: value})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// metaName is how the graph spells a meta-attribute; "" for names that are
// the cluster's own (with # or :).
func metaName(name string) string {
	if strings.ContainsAny(name, "#:") {
		return ""
	}
	return "CRM_meta_" + strings.ReplaceAll(name, "-", "_")
}

// graphMeta are a's settings with what only the graph adds.
func (a *action) graphMeta() map[string]string {
	m := maps.Clone(a.settings.all())
	if a.expecting {
		m["op_target_rc"] = strconv.Itoa(int(a.targetRC))
	}
	if a.n != nil && (!a.is(actPseudo) || a.task == "stonith") {
		m["on_node"], m["on_node_uuid"] = a.n.name, a.n.id
	}
	return m
}

// attributes are what the <attributes> element of the graph holds: parameters,
// meta-attributes, and facts about the clone an instance belongs to.
func (p *plan) attributes(a *action) (attrs, params []cib.NV) {
	out := make(map[string]string, 16)
	maps.Copy(out, a.extra)
	add := func(m map[string]string) {
		for name, value := range m {
			if isDigit(name[0]) {
				params = append(params, cib.NV{Name: name, Value: value})
			} else if _, there := out[name]; !there {
				out[name] = value
			}
		}
	}
	if a.r != nil && a.n != nil {
		add(a.r.withHostAddress(a.r.params(a.n)))
	} else if a.r != nil && a.r.variant <= primitive {
		add(a.r.withHostAddress(a.r.params(nil)))
	}
	meta := func(m map[string]string) {
		for name, value := range m {
			if full := metaName(name); full != "" {
				if _, there := out[full]; !there {
					out[full] = value
				}
			}
		}
	}
	meta(a.graphMeta())
	if a.r != nil {
		for q := a.r; q != nil; q = q.parent {
			q.addGraphMeta(out)
		}
		p.addHostMeta(a, out)
	} else if a.task == "stonith" && a.n != nil {
		meta(a.n.attrs)
	}
	sort.Slice(params, func(i, j int) bool { return params[i].Name < params[j].Name })
	return pairs(out), params
}

func (r *resource) addGraphMeta(out map[string]string) {
	switch r.variant {
	case primitive:
		if v, ok := r.meta["clone"]; ok {
			out["CRM_meta_clone"] = v
		}
		if v, ok := r.meta["remote-node"]; ok {
			out["CRM_meta_remote_node"] = v
		}
		for q := r; q != nil; q = q.parent {
			if q.container != nil {
				out["CRM_meta_container"] = q.container.id
			}
		}
		if v, ok := r.meta["external-ip"]; ok {
			out["pcmk_external_ip"] = v
		}
	case clone:
		t := &r.clone
		out["CRM_meta_globally_unique"] = strconv.FormatBool(r.unique)
		out["CRM_meta_notify"] = strconv.FormatBool(r.notify)
		out["CRM_meta_clone_max"] = strconv.Itoa(t.max)
		out["CRM_meta_clone_node_max"] = strconv.Itoa(t.nodeMax)
		if r.promotable {
			out["CRM_meta_promoted_max"] = strconv.Itoa(t.promotedMax)
			out["CRM_meta_promoted_node_max"] = strconv.Itoa(t.promotedNodeMax)
			out["CRM_meta_master_max"] = strconv.Itoa(t.promotedMax)
			out["CRM_meta_master_node_max"] = strconv.Itoa(t.promotedNodeMax)
		}
	}
}

// addHostMeta tells an action inside a guest which host it will be on.
func (p *plan) addHostMeta(a *action, out map[string]string) {
	if a.n == nil || !a.n.isGuest() {
		return
	}
	task := a.task
	if task == "notify" || task == "notified" {
		task = a.said("notify_operation")
	}
	container := a.n.remote.container
	var host *node
	switch task {
	case "stop", "stopped", "demote", "demoted":
		host = container.current()
	case "start", "running", "monitor", "promote", "promoted":
		host = nodeOf(container.allocated)
	}
	if host == nil {
		return
	}
	if v, ok := a.r.meta["container-attribute-target"]; ok {
		out["CRM_meta_container_attribute_target"] = v
	}
	out["CRM_meta_physical_host"] = host.name
}

// historyNameKey is an action's key under the name its resource's history has.
func (a *action) historyNameKey() string {
	name := a.r.historyName
	ms := a.settings.intervalMS
	switch {
	case a.task == "notify":
		return notifyKey(name, a.said("notify_type"), a.said("notify_operation"))
	case a.cancelTask != "":
		return opKey(name, a.cancelTask, ms)
	}
	return opKey(name, a.task, ms)
}

// render fills what the DOT and XML writers need.
func (p *plan) render(a *action, out *Action) {
	d := &out.Render
	d.Operation, d.Pseudo, d.Optional, d.InGraph = a.task, a.is(actPseudo), a.is(actOptional), a.is(actInGraph)
	d.Unmanaged = a.r != nil && !a.r.managed
	d.Name = a.dotName()
	d.Element = string(out.Kind)
	switch out.Kind {
	case FenceOp:
		d.Element = string(ClusterOp)
	case ClusterOp:
		if a.task == "probe_again" {
			d.Element = string(ResourceOp)
		}
	}
	d.NodeInfo = a.n != nil && (out.Kind != Pseudo || a.task == "stonith")
	if d.NodeInfo {
		d.NodeID = a.n.id
		if router := a.router(); router != nil {
			d.Router = router.name
		}
	}
	if a.r != nil && a.r.historyName != "" {
		out.Key, d.InternalKey = a.historyNameKey(), a.key
	}
	if a.r != nil && !a.is(actPseudo) {
		p.renderResource(a, d)
	}
	d.Attributes, d.Params = p.attributes(a)
	p.renderDowned(a, out)
	if a.task == "maintenance_nodes" {
		for _, n := range p.nodes {
			if n.kind == remoteNode && n.maintenance != n.remoteMaintenance {
				state := "0"
				if n.maintenance {
					state = "1"
				}
				d.MaintenanceIDs = append(d.MaintenanceIDs, cib.NV{Name: n.id, Value: state})
			}
		}
	}
	for _, in := range a.before {
		if in.inGraph || in.flags != 0 {
			d.Edges = append(d.Edges, Edge{From: in.a.id, Bold: in.inGraph, Load: in.flags == ordLoad})
		}
	}
}

func (p *plan) renderResource(a *action, d *Render) {
	r := a.r
	d.Class, d.Provider, d.Type = r.class, r.provider, r.kind
	if r.variant != primitive {
		d.ResourceKind = r.cfg.Kind
	}
	switch {
	case r.orphan && r.historyName != "":
		d.ResourceID, d.ResourceLongID = r.historyName, r.id
	case !r.unique:
		d.ResourceID, d.ResourceLongID = r.xmlID, r.id
		if r.historyName != "" && r.historyName != r.xmlID {
			d.ResourceLongID = r.historyName
		}
	default:
		d.ResourceID = r.id
	}
	if a.locked() {
		d.ShutdownLock = r.lockTime
	}
}

// renderDowned lists the nodes that the action takes down.
func (p *plan) renderDowned(a *action, out *Action) {
	add := func(id, name string) {
		out.Downed = append(out.Downed, name)
		out.Render.DownedIDs = append(out.Render.DownedIDs, id)
	}
	switch {
	case a.n == nil || !out.Render.NodeInfo:
	case a.task == "do_shutdown":
		add(a.n.id, a.n.name)
	case a.task == "stonith":
		if k := a.said("stonith_action"); k == "off" || k == "reboot" || k == "poweroff" {
			add(a.n.id, a.n.name)
			for _, g := range p.guestsOn(a.n) {
				add(g.id, g.name)
			}
		}
	case a.r != nil && a.r.isRemote && a.task == "stop":
		for _, in := range a.before {
			if in.a.r != nil && in.a.r.id == a.r.id && in.a.task == "migrate_from" {
				return
			}
		}
		add(a.r.id, a.r.id)
	}
}

// dotName is the label of an action in a DOT graph.
func (a *action) dotName() string {
	prefix, task, host := "", a.task, ""
	if a.n != nil {
		host = a.n.name
	} else if !a.is(actPseudo) {
		host = "<none>"
	}
	if a.task == "cancel" {
		prefix, task = "Cancel ", a.cancelTask
	}
	withHost := func(s string) string {
		if host == "" {
			return prefix + s
		}
		return prefix + s + " " + host
	}
	switch {
	case a.r != nil && a.r.historyName != "":
		key := opKey(a.r.historyName, task, a.settings.intervalMS)
		if a.task == "notify" || a.task == "notified" {
			key = notifyKey(a.r.historyName, a.said("notify_key_type"), a.said("notify_key_operation"))
		}
		return withHost(key)
	case a.task == "stonith":
		return a.task + " '" + a.said("stonith_action") + "' " + host
	case a.r != nil && host != "":
		return withHost(a.key)
	case host != "":
		return withHost(a.task)
	}
	return a.key
}

// describeOperation makes the executor's order of an action.
func (p *plan) describeOperation(a *action, out *Action) {
	r := a.r
	ms := a.settings.intervalMS
	op := &cib.Operation{
		Resource: r.id, Class: r.class, Provider: r.provider, Type: r.kind, Name: a.task,
		Interval:   time.Duration(ms) * time.Millisecond,
		Timeout:    time.Duration(leadingInt(a.settings.all()["timeout"])) * time.Millisecond,
		StartDelay: time.Duration(leadingInt(a.settings.all()["start-delay"])) * time.Millisecond,
	}
	if r.historyName != "" {
		op.Resource = r.historyName
	} else if !r.unique {
		op.Resource = r.xmlID
	}
	if a.task == "cancel" {
		op.Name = a.cancelTask
	}
	for _, nv := range out.Render.Attributes {
		if name, isMeta := strings.CutPrefix(nv.Name, "CRM_meta_"); isMeta {
			op.Meta = append(op.Meta, cib.NV{Name: name, Value: nv.Value})
		} else {
			op.Params = append(op.Params, nv)
		}
	}
	op.Params = append(op.Params, out.Render.Params...)
	sort.SliceStable(op.Params, func(i, j int) bool { return op.Params[i].Name < op.Params[j].Name })
	out.Operation = op
	out.Meta = op.Meta
	switch a.task {
	case "cancel", "notify":
	case "reload-agent":
		// A reload is recorded as a start with the new parameters.
		out.OpDigest = p.operationDigest(r, a.n, "start", 0, nil).all
	default:
		out.OpDigest = p.operationDigest(r, a.n, a.task, ms, nil).all
	}
}
