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

// userAttributes are the attributes that users and agents gave to a node. Those
// of a node that is not online nobody knows.
func userAttributes(n *policy.NodeView) []cib.NV {
	if !n.Online {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Attributes), func(a cib.NV) bool {
		return slices.ContainsFunc(ownAttributes, func(own string) bool { return strings.HasPrefix(a.Name, own) })
	})
}

// attributedNode is a node with the attributes to show, and those of them that
// ping agents set as they are when all hosts answer.
type attributedNode struct {
	name     string
	attrs    []cib.NV
	expected map[string]int
}

// withAttributes are the nodes that have attributes to show.
func (s *state) withAttributes() []attributedNode {
	var nodes []attributedNode
	for i := range s.t.Nodes {
		n := &s.t.Nodes[i]
		if attrs := userAttributes(n); len(attrs) > 0 {
			nodes = append(nodes, attributedNode{n.Name, attrs, expectedByPing(s.t.Resources, &s.cib.Config, n.Name)})
		}
	}
	return nodes
}

// attributes prints the nodes' attributes. For those that ping agents set it
// says whether the node is cut off.
func (o *outline) attributes(s *state) {
	header := o.subsection("Node Attributes")
	for _, n := range s.withAttributes() {
		header.show()
		o.list("Node: %s", n.name)
		for _, a := range n.attrs {
			want, pinged := n.expected[strings.ToLower(a.Name)]
			o.item("", "%-32s\t: %-10s%s", a.Name, a.Value, connectivity(a.Value, want, pinged))
		}
		o.endList()
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

// withHistory are the nodes that are online and have a status, in the order in
// which that has them.
func (s *state) withHistory() []*policy.NodeView {
	var nodes []*policy.NodeView
	for i := range s.cib.Status.Nodes {
		id := s.cib.Status.Nodes[i].ID
		at := slices.IndexFunc(s.t.Nodes, func(n policy.NodeView) bool { return n.ID == id })
		if at >= 0 && s.t.Nodes[at].Online {
			nodes = append(nodes, &s.t.Nodes[at])
		}
	}
	return nodes
}

// failCounts prints how often which resource failed where.
func (o *outline) failCounts(s *state) {
	header := o.subsection("Migration Summary")
	for _, n := range s.withHistory() {
		header.show()
		if len(n.FailCounts) == 0 {
			continue
		}
		o.list("Node: %s", n.Name)
		for _, f := range n.FailCounts {
			last := ""
			if f.Last > 0 {
				last = " last-failure='" + s.clockText(f.Last) + "'"
			}
			o.item("", "%s: migration-threshold=%d fail-count=%d%s", f.Resource, f.Threshold, f.Count, last)
		}
		o.endList()
	}
	header.end()
}

// failures are the failed operations that count as failures to a reader.
func (s *state) failures() []*policy.FailedOp {
	var failed []*policy.FailedOp
	for i := range s.t.FailedOps {
		f := &s.t.FailedOps[i]
		if _, ok := parseOpKey(failureKey(&f.Op)); ok && !masked(&f.Op) {
			failed = append(failed, f)
		}
	}
	return failed
}

// failureKey names a failed operation.
func failureKey(op *cib.OpHistory) string {
	if op.OperationKey == "" {
		return op.ID
	}
	return op.OperationKey
}

// failedOps prints the failed operations in all technical detail.
func (o *outline) failedOps(s *state) {
	header := o.subsection("Failed Resource Actions")
	for _, f := range s.failures() {
		op := &f.Op
		header.show()
		text := fmt.Sprintf("%s on %s '%s' (%d): call=%d, status='%s'", failureKey(op), f.Node, op.RC, op.RC, op.CallID, op.Status)
		if op.ExitReason != "" {
			text += ", exitreason='" + op.ExitReason + "'"
		}
		if at, known := op.Changed(); known {
			text += fmt.Sprintf(", last-rc-change='%s', queued=%dms, exec=%dms", s.clockText(at), op.QueueTimeMS, op.ExecTimeMS)
		}
		o.entry("", text)
	}
	header.end()
}

// masked tells whether a failed probe only says that the resource cannot run
// there, which is no failure to a reader.
func masked(op *cib.OpHistory) bool {
	return op.Operation == "monitor" && op.IntervalMS == 0 &&
		(op.RC == cib.NotInstalled || op.RC == cib.InvalidParam || op.Status == cib.ExecNotInst)
}

// clockText is a time as people write it, in the zone that was asked for.
func (s *state) clockText(seconds int64) string {
	return s.clock(seconds).Format(time.ANSIC)
}

func (s *state) clock(seconds int64) time.Time {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.Unix(seconds, 0).In(zone)
}

// subsection is a list that is printed, after a line of space, if there is
// anything in it.
func (o *outline) subsection(title string) *lateHeader {
	return &lateHeader{o: o, title: title, spaced: true}
}
