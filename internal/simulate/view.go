package simulate

import (
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// view answers questions about resources that need the rest of the cluster.
type view struct {
	t     *policy.Transition
	nodes map[string]*policy.NodeView
	// pending: operations in progress count for what is shown.
	pending bool
}

// newView looks at a state; operations in progress show before anything is
// done.
func newView(s *state) *view {
	t := s.t
	v := &view{t: t, nodes: make(map[string]*policy.NodeView, len(t.Nodes)), pending: !s.after}
	for i := range t.Nodes {
		v.nodes[t.Nodes[i].Name] = &t.Nodes[i]
	}
	return v
}

// resources are those to show: no orphan that does not run, and nothing that
// runs where nobody can see it.
func (v *view) resources() []*policy.ResourceView {
	var shown []*policy.ResourceView
	for _, r := range v.visible(v.t.Resources) {
		if !r.Orphan || v.active(r, true) {
			shown = append(shown, r)
		}
	}
	return shown
}

// visible are those of a list that are not hidden.
func (v *view) visible(list []policy.ResourceView) []*policy.ResourceView {
	var seen []*policy.ResourceView
	for i := range list {
		if !v.hidden(&list[i]) {
			seen = append(seen, &list[i])
		}
	}
	return seen
}

// hidden: r runs, but on no node that counts.
func (v *view) hidden(r *policy.ResourceView) bool {
	return v.active(r, false) && len(v.hosts(r)) == 0
}

// hosts are the nodes that count as running a part of r, as a collection knows
// them: a member that is not managed, on a node that is gone, does not.
func (v *view) hosts(r *policy.ResourceView) []string {
	parts := partsOf(r)
	if len(parts) == 0 {
		return r.Active
	}
	var nodes []string
	for _, c := range parts {
		for _, name := range v.hosts(c) {
			if n := v.nodes[name]; c.Managed || n == nil || n.Online {
				nodes = append(nodes, name)
			}
		}
	}
	return nodes
}

// partsOf are the members of a collection: those of a bundle as they are, not
// as they are shown.
func partsOf(r *policy.ResourceView) []*policy.ResourceView {
	var parts []*policy.ResourceView
	if r.Kind == cib.Bundle {
		for i := range r.Replicas {
			parts = append(parts, r.Replicas[i].Parts()...)
		}
		return parts
	}
	for i := range r.Children {
		parts = append(parts, &r.Children[i])
	}
	return parts
}

// name is how a resource is called: an instance of an anonymous clone by the
// name in the configuration, all others by their own.
func (v *view) name(r *policy.ResourceView) string {
	if r.Label != "" {
		return r.Label
	}
	return v.configured(r)
}

// configured is name without regard to labels.
func (v *view) configured(r *policy.ResourceView) string {
	if r.Kind == cib.Group || r.Unique || r.XMLID == "" {
		return r.ID
	}
	return r.XMLID
}

// active reports whether the resource runs: with all, every part of it.
func (v *view) active(r *policy.ResourceView, all bool) bool {
	parts := partsOf(r)
	if len(parts) == 0 {
		for _, name := range r.Active {
			if n := v.nodes[name]; n == nil || n.Unclean || n.Online || !r.Managed {
				return true
			}
		}
		return false
	}
	for _, c := range parts {
		if v.active(c, all) != all {
			return !all
		}
	}
	return all
}

// activeNodes are the nodes that r or any part of it runs on, each once.
func activeNodes(r *policy.ResourceView) []string {
	if len(r.Children) == 0 {
		return r.Active
	}
	var nodes []string
	seen := map[string]bool{}
	for i := range r.Children {
		for _, n := range activeNodes(&r.Children[i]) {
			if !seen[n] {
				seen[n] = true
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// role is the highest role of r's parts.
func role(r *policy.ResourceView) policy.Role {
	best := r.Role
	for i := range r.Children {
		if c := role(&r.Children[i]); rank(c) > rank(best) {
			best = c
		}
	}
	return best
}

func rank(r policy.Role) int {
	switch r {
	case policy.Stopped:
		return 1
	case policy.Started:
		return 2
	case policy.Unpromoted:
		return 3
	case policy.Promoted:
		return 4
	}
	return 0
}

// anyPart reports whether test holds for r or a part of it.
func anyPart(r *policy.ResourceView, test func(*policy.ResourceView) bool) bool {
	if test(r) {
		return true
	}
	for i := range r.Children {
		if anyPart(&r.Children[i], test) {
			return true
		}
	}
	return false
}

// agentWords is the agent as it is shown: what a history does not say of a
// resource that nobody configures is "unknown".
func agentWords(agent string) string {
	if strings.HasPrefix(agent, ":") {
		agent = "unknown" + agent
	}
	if strings.HasSuffix(agent, ":") {
		agent += "unknown"
	}
	return agent
}

// line is a primitive's state in one line.
func (v *view) line(r, top *policy.ResourceView) string {
	node := ""
	switch {
	case len(r.Active) == 1:
		node = r.Active[0]
	case len(r.Active) == 0 && r.PendingNode != "":
		node = r.PendingNode
	case len(r.Active) == 0:
		node = r.LockNode
	}
	shown := r.Role
	if shown == policy.Started && top.Promotable {
		shown = policy.Unpromoted
	}
	var b strings.Builder
	b.WriteString(v.name(r) + "\t(" + agentWords(r.Agent) + "):\t")
	if r.Orphan {
		b.WriteString(" ORPHANED")
	}
	switch {
	case r.Failed && rank(shown) > rank(policy.Unpromoted):
		b.WriteString(" FAILED " + string(shown))
	case r.Failed:
		b.WriteString(" FAILED")
	case v.pending && r.Pending != "":
		b.WriteString(" " + r.Pending)
	default:
		b.WriteString(" " + string(shown))
	}
	if node != "" {
		b.WriteString(" " + node)
	}
	if shown == policy.Stopped {
		if rc, failed := v.failedProbe(probedName(r, top), node); failed {
			b.WriteString(" (" + rc.String() + ") ")
		}
	}
	b.WriteString(inBrackets(v.flags(r, top, node)))
	if len(r.Active) > 1 {
		b.WriteString(" [ " + strings.Join(r.Active, " ") + " ]")
	}
	return b.String()
}

func (v *view) flags(r, top *policy.ResourceView, node string) []string {
	var flags []string
	if n := v.nodes[node]; n != nil && !n.Online && n.Unclean {
		flags = append(flags, "UNCLEAN")
	}
	if node != "" && node == r.LockNode {
		flags = append(flags, "LOCKED")
	}
	if v.pending && r.PendingTask != "" {
		flags = append(flags, r.PendingTask)
	}
	switch target := targetRole(r); {
	case target == policy.Stopped:
		flags = append(flags, "disabled")
	case target == policy.Unpromoted && top.Promotable:
		flags = append(flags, "target-role:"+r.TargetRole)
	}
	switch {
	case r.Blocked:
		flags = append(flags, "blocked")
	case !r.Managed:
		flags = append(flags, "unmanaged")
	}
	if r.FailureIgnored {
		flags = append(flags, "failure ignored")
	}
	return flags
}

// management tells how a group or clone as a whole is treated.
func management(r *policy.ResourceView) []string {
	var flags []string
	if !r.Managed {
		flags = append(flags, "unmanaged")
	}
	if r.Disabled {
		flags = append(flags, "disabled")
	}
	return flags
}

// targetText is the target-role meta-attribute. That of a collection without
// one is its first child's.
func targetText(r *policy.ResourceView) string {
	if r.TargetRole == "" && len(r.Children) > 0 {
		r = &r.Children[0]
	}
	return r.TargetRole
}

// targetRole reads the target-role meta-attribute, old words included.
func targetRole(r *policy.ResourceView) policy.Role {
	switch strings.ToLower(targetText(r)) {
	case "stopped":
		return policy.Stopped
	case "started":
		return policy.Started
	case "unpromoted", "slave":
		return policy.Unpromoted
	case "promoted", "master":
		return policy.Promoted
	}
	return policy.Unknown
}

// probedName is the name r is probed under: instances of a clone share that of
// the clone's child.
func probedName(r, top *policy.ResourceView) string {
	if top.Kind == cib.Clone {
		return childName(top)
	}
	return r.ID
}

// failedProbe returns the exit code of a probe of the resource that said "it
// cannot run here" on the node (any node if that is empty).
func (v *view) failedProbe(resource, node string) (cib.RC, bool) {
	for i := range v.t.FailedOps {
		f := &v.t.FailedOps[i]
		op := &f.Op
		switch {
		case !masked(op):
		case op.OnNode == "" || node != "" && !strings.EqualFold(op.OnNode, node):
		case op.OperationKey == cib.OpKey(resource, "monitor", 0):
			return op.RC, true
		}
	}
	return 0, false
}

func inBrackets(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
