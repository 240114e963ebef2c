package simulate

import (
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

func (d *document) nodes(s *state) {
	d.open("nodes", nil)
	for i := range s.t.Nodes {
		d.empty("node", fullNode(&s.t.Nodes[i]))
	}
	d.close()
}

// fullNode is all that is told of a node in the list of nodes.
func fullNode(n *policy.NodeView) attributes {
	kind := n.Type
	if kind == "guest" {
		kind = "remote"
	}
	return attr("name", n.Name).with("id", n.ID).is("online", n.Online).
		is("standby", n.Standby).is("standby_onfail", n.StandbyOnFail).is("maintenance", n.Maintenance).
		is("pending", n.Pending).is("unclean", n.Unclean).with("health", healthColour(n)).maybe("feature_set", featureSet(n)).
		is("shutdown", n.Shutdown).is("expected_up", n.Expected).is("is_dc", n.DC).
		with("resources_running", strconv.Itoa(n.Running)).with("type", kind).maybe("id_as_resource", n.Container)
}

// featureSet is that of the cluster software on a member that is online. Those
// older than the attribute do not tell.
func featureSet(n *policy.NodeView) string {
	if !n.Online || n.Type == "guest" || n.Type == "remote" {
		return ""
	}
	for _, a := range n.Attributes {
		if a.Name == "#feature-set" {
			return a.Value
		}
	}
	return "<3.15.1"
}

func (d *document) resources(s *state) {
	v := newView(s)
	shown := v.resources()
	if len(shown) == 0 {
		return
	}
	d.open("resources", nil)
	for _, r := range shown {
		d.resource(v, r)
	}
	d.close()
}

func (d *document) resource(v *view, r *policy.ResourceView) {
	switch r.Kind {
	case cib.Group:
		d.group(v, r)
	case cib.Clone:
		d.clone(v, r)
	case cib.Bundle:
		d.bundle(v, r)
	default:
		d.primitive(v, r)
	}
}

func (d *document) primitive(v *view, r *policy.ResourceView) {
	role, pending := string(r.Role), ""
	if v.pending {
		pending = r.PendingTask
		if r.Pending != "" {
			role = r.Pending
		}
	}
	d.open("resource", attr("id", v.configured(r)).with("resource_agent", r.Agent).with("role", role).
		maybe("target_role", r.TargetRole).is("active", v.active(r, true)).is("orphaned", r.Orphan).is("blocked", r.Blocked).
		is("managed", r.Managed).is("failed", r.Failed).is("failure_ignored", r.FailureIgnored).
		with("nodes_running_on", strconv.Itoa(len(r.Active))).maybe("pending", pending).maybe("locked_to", r.LockNode))
	for _, name := range r.Active {
		if n := v.nodes[name]; n != nil {
			d.empty("node", attr("name", n.Name).with("id", n.ID).is("cached", n.Online))
		}
	}
	d.close()
}

func (d *document) group(v *view, r *policy.ResourceView) {
	if len(r.Children) == 0 {
		return
	}
	d.open("group", attr("id", r.ID).with("number_resources", strconv.Itoa(len(r.Children))).
		is("managed", r.Managed).is("disabled", r.Disabled))
	for i := range r.Children {
		d.resource(v, &r.Children[i])
	}
	d.close()
}

func (d *document) clone(v *view, r *policy.ResourceView) {
	shown := v.visible(r.Children)
	if len(shown) == 0 {
		return
	}
	d.open("clone", attr("id", r.ID).is("multi_state", r.Promotable).is("unique", r.Unique).is("managed", r.Managed).
		is("disabled", r.Disabled).is("failed", r.Failed).is("failure_ignored", r.FailureIgnored).maybe("target_role", targetText(r)))
	for _, c := range shown {
		d.resource(v, c)
	}
	d.close()
}

func (d *document) bundle(v *view, r *policy.ResourceView) {
	var shown []*policy.ReplicaView
	for i := range r.Replicas {
		if replica := &r.Replicas[i]; !v.hidden(replica.Container) {
			shown = append(shown, replica)
		}
	}
	if len(shown) == 0 {
		return
	}
	// The containers' agents are called as what runs them.
	engine := splitAgent(shown[0].Container.Agent).typ
	d.open("bundle", attr("id", r.ID).with("type", engine).with("image", r.Image).
		is("unique", r.Unique).is("managed", r.Managed).is("failed", r.Failed))
	for _, replica := range shown {
		d.open("replica", attr("id", strconv.Itoa(replica.Number)))
		for _, part := range replica.Parts() {
			d.resource(v, part)
		}
		d.close()
	}
	d.close()
}

// nodeAttributes are those that users and agents gave to the nodes. What ping
// agents set comes with the value it has when all hosts answer.
func (d *document) nodeAttributes(s *state) {
	list := d.late("node_attributes")
	for _, n := range s.withAttributes() {
		list.show()
		d.open("node", attr("name", n.name))
		for _, a := range n.attrs {
			shown := attr("name", a.Name).with("value", a.Value)
			if want, pinged := n.expected[strings.ToLower(a.Name)]; pinged {
				shown = shown.with("expected", strconv.Itoa(want))
			}
			d.empty("attribute", shown)
		}
		d.close()
	}
	list.end()
}

// history tells how often which resource failed where.
func (d *document) history(s *state) {
	list := d.late("node_history")
	for _, n := range s.withHistory() {
		list.show()
		if len(n.FailCounts) == 0 {
			continue
		}
		d.open("node", attr("name", n.Name))
		for _, f := range n.FailCounts {
			last := ""
			if f.Last > 0 {
				last = s.clockText(f.Last)
			}
			d.empty("resource_history", attr("id", f.Resource).is("orphan", false).
				with("migration-threshold", strconv.Itoa(int(f.Threshold))).with("fail-count", strconv.Itoa(int(f.Count))).
				maybe("last-failure", last))
		}
		d.close()
	}
	list.end()
}

func (d *document) failures(s *state) {
	list := d.late("failures")
	for _, f := range s.failures() {
		list.show()
		d.empty("failure", failureAttributes(s, f))
	}
	list.end()
}

func failureAttributes(s *state, f *policy.FailedOp) attributes {
	op := &f.Op
	name := "op_key"
	if op.OperationKey == "" {
		name = "id"
	}
	// It is escaped twice: the reference does so before it is written.
	reason := cib.EscapeXML(op.ExitReason)
	a := attr(name, failureKey(op)).with("node", f.Node).with("exitstatus", op.RC.String()).with("exitreason", reason).
		with("exitcode", strconv.Itoa(int(op.RC))).with("call", strconv.Itoa(op.CallID)).with("status", op.Status.String())
	if op.LastRCChange == 0 {
		return a
	}
	return a.with("last-rc-change", zonedTime(s.clock(op.LastRCChange))).
		with("queued", strconv.FormatInt(op.QueueTimeMS, 10)).with("exec", strconv.FormatInt(op.ExecTimeMS, 10)).
		with("interval", strconv.FormatInt(op.IntervalMS, 10)).maybe("task", op.Operation)
}

// zonedTime is a time with its zone, which is Z or apart from it.
func zonedTime(at time.Time) string {
	zone := at.Format("Z07:00")
	if zone != "Z" {
		zone = " " + zone
	}
	return at.Format(time.DateTime) + zone
}

// lateList is an element that is opened before the first thing in it only.
type lateList struct {
	d     *document
	name  string
	shown bool
}

func (d *document) late(name string) *lateList { return &lateList{d: d, name: name} }

func (l *lateList) show() {
	if !l.shown {
		l.d.open(l.name, nil)
		l.shown = true
	}
}

func (l *lateList) end() {
	if l.shown {
		l.d.close()
	}
}
