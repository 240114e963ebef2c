package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// ownAttributes begin the names of node attributes that are the cluster's own.
var ownAttributes = []string{"fail-count", "last-failure", "shutdown", "terminate", "standby", "#"}

// attributes prints the attributes that users and agents gave to nodes that are
// online. For those that ping agents set it says whether the node is cut off.
func (o *outline) attributes(t *policy.Transition, conf *cib.Configuration) {
	header := o.subsection("Node Attributes")
	for i := range t.Nodes {
		n := &t.Nodes[i]
		attrs := slices.DeleteFunc(slices.Clone(n.Attributes), func(a cib.NV) bool {
			return slices.ContainsFunc(ownAttributes, func(own string) bool { return strings.HasPrefix(a.Name, own) })
		})
		if !n.Online || len(attrs) == 0 {
			continue
		}
		header.show()
		o.begin("Node: %s", n.Name)
		expected := expectedByPing(t.Resources, conf, n.Name)
		for _, a := range attrs {
			want, pinged := expected[strings.ToLower(a.Name)]
			o.item("", "%-32s\t: %-10s%s", a.Name, a.Value, connectivity(a.Value, want, pinged))
		}
		o.end()
	}
	header.end()
}

func connectivity(value string, want int, pinged bool) string {
	score, _ := strconv.Atoi(value)
	switch {
	case !pinged, score > 0 && score >= want:
		return ""
	case score <= 0:
		return "\t: Connectivity is lost"
	}
	return fmt.Sprintf("\t: Connectivity is degraded (Expected=%d)", want)
}

// expectedByPing are the attributes, in small letters, that ping agents on the
// node set, with what each is when all of the agent's hosts answer.
func expectedByPing(views []policy.ResourceView, conf *cib.Configuration, node string) map[string]int {
	out := map[string]int{}
	for i := range views {
		r := &views[i]
		if slices.Contains(r.Active, node) && (strings.HasSuffix(r.Agent, ":ping") || strings.HasSuffix(r.Agent, ":pingd")) {
			p := conf.FindResource(r.XMLID)
			if p == nil {
				continue
			}
			name, factor := "pingd", 1
			if own := param(p, "name"); own != "" {
				name = own
			}
			if n, err := strconv.Atoi(param(p, "multiplier")); err == nil {
				factor = n
			}
			out[strings.ToLower(name)] = factor * len(strings.Fields(param(p, "host_list")))
		}
		for name, want := range expectedByPing(r.Children, conf, node) {
			out[name] = want
		}
	}
	return out
}

func param(r *cib.Resource, name string) string {
	for i := range r.Params {
		if value, ok := r.Params[i].Get(name); ok {
			return value
		}
	}
	return ""
}

// failCounts prints how often which resource failed where, in the order in
// which the status has the nodes.
func (o *outline) failCounts(t *policy.Transition, states []cib.NodeState, zone *time.Location) {
	header := o.subsection("Migration Summary")
	for i := range states {
		at := slices.IndexFunc(t.Nodes, func(n policy.NodeView) bool { return n.ID == states[i].ID })
		if at < 0 || !t.Nodes[at].Online {
			continue
		}
		n := &t.Nodes[at]
		header.show()
		if len(n.FailCounts) == 0 {
			continue
		}
		o.begin("Node: %s", n.Name)
		for _, f := range n.FailCounts {
			last := ""
			if f.Last > 0 {
				last = " last-failure='" + clockText(f.Last, zone) + "'"
			}
			o.item("", "%s: migration-threshold=%d fail-count=%d%s", f.Resource, f.Threshold, f.Count, last)
		}
		o.end()
	}
	header.end()
}

// failedOps prints the failed operations in all technical detail.
func (o *outline) failedOps(t *policy.Transition, zone *time.Location) {
	if len(t.FailedOps) == 0 {
		return
	}
	header := o.subsection("Failed Resource Actions")
	for i := range t.FailedOps {
		f := &t.FailedOps[i]
		op := &f.Op
		key := op.OperationKey
		if key == "" {
			key = op.ID
		}
		if _, ok := parseOpKey(key); !ok || masked(op) {
			continue
		}
		header.show()
		text := fmt.Sprintf("%s on %s '%s' (%d): call=%d, status='%s'", key, f.Node, op.RC, op.RC, op.CallID, op.Status)
		if op.ExitReason != "" {
			text += ", exitreason='" + op.ExitReason + "'"
		}
		if op.LastRCChange != 0 {
			text += fmt.Sprintf(", last-rc-change='%s', queued=%dms, exec=%dms", clockText(op.LastRCChange, zone), op.QueueTimeMS, op.ExecTimeMS)
		}
		o.item("", "%s", text)
	}
	header.end()
}

// masked tells whether a failed probe only says that the resource cannot run
// there, which is no failure to a reader.
func masked(op *cib.OpHistory) bool {
	return op.Operation == "monitor" && op.IntervalMS == 0 &&
		(op.RC == cib.NotInstalled || op.RC == cib.InvalidParam || op.Status == cib.ExecNotInst)
}

func clockText(seconds int64, zone *time.Location) string {
	return time.Unix(seconds, 0).In(zone).Format(time.ANSIC)
}

// subsection is a list that is printed, after a line of space, if there is
// anything in it.
func (o *outline) subsection(title string) *lateHeader {
	return &lateHeader{o: o, title: title, spaced: true}
}
