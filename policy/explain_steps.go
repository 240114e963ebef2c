package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// StepKind names what an administrator, or time, would have to do.
type StepKind string

// The steps that remedies are made of. vm-ctl puts them as the commands that do
// them, or as what to write into the configuration.
const (
	StepOnline    StepKind = "node-online"       // end the standby of Node
	StepNodeBack  StepKind = "node-back"         // Node must come (back) into the cluster
	StepAttribute StepKind = "node-attribute"    // node attribute Name of Node must be Value
	StepHealth    StepKind = "node-health"       // Node must become healthy
	StepCleanup   StepKind = "cleanup"           // forget the failures of Resource
	StepStart     StepKind = "start"             // target-role of Resource must be Started
	StepMeta      StepKind = "meta"              // meta-attribute Name of Resource must be Value
	StepProperty  StepKind = "property"          // cluster option Name must be Value
	StepMove      StepKind = "move"              // ask for Resource to be moved to Node
	StepRemove    StepKind = "remove-constraint" // the constraint ID must go
	StepAllow     StepKind = "allow"             // a location constraint must allow Node for Resource
	StepGrant     StepKind = "grant-ticket"      // the site must get ticket ID
	StepQuorum    StepKind = "quorum"            // this partition must get quorum
)

// Step is one thing that would have to change.
type Step struct {
	Kind     StepKind `json:"kind"`
	Resource string   `json:"rsc,omitempty"`
	Node     string   `json:"node,omitempty"`
	ID       string   `json:"id,omitempty"`
	Name     string   `json:"name,omitempty"`
	Value    string   `json:"value,omitempty"`
}

// Apply returns the CIB as it would be after the step; c is not changed.
func (s Step) Apply(c *cib.CIB) *cib.CIB {
	switch s.Kind {
	case StepOnline:
		return s.withoutAttribute(c, "standby")
	case StepNodeBack:
		return s.nodeBack(c)
	case StepAttribute:
		return s.withoutAttribute(c, s.Name)
	case StepHealth:
		return s.healthy(c)
	case StepCleanup:
		return s.cleanup(c)
	case StepStart:
		return applied(c, cib.Command{SetMeta: &cib.SetMeta{Resource: s.Resource, Name: "target-role", Value: "Started"}})
	case StepMeta:
		return applied(c, cib.Command{SetMeta: &cib.SetMeta{Resource: s.Resource, Name: s.Name, Value: s.Value}})
	case StepMove:
		return applied(c, cib.Command{PutIntent: &cib.Intent{ID: "what-if", Resource: s.Resource, Node: s.Node, State: cib.IntentMoving}})
	}
	out := *c
	switch s.Kind {
	case StepProperty:
		out.Config.Properties = append([]cib.NVSet{{ID: "cib-bootstrap-options", Score: cib.Infinity,
			Pairs: []cib.NV{{Name: s.Name, Value: s.Value}}}}, slices.Clone(c.Config.Properties)...)
		for i := range out.Config.Properties[1:] {
			set := &out.Config.Properties[i+1]
			set.Pairs = slices.DeleteFunc(slices.Clone(set.Pairs), func(nv cib.NV) bool { return nv.Name == s.Name || optionAliases[nv.Name] == s.Name })
		}
	case StepRemove:
		out.Config.Locations = without(c.Config.Locations, func(l cib.Location) bool { return l.ID == s.ID })
		out.Config.Colocations = without(c.Config.Colocations, func(l cib.Colocation) bool { return l.ID == s.ID })
		out.Config.Orders = without(c.Config.Orders, func(o cib.Order) bool { return o.ID == s.ID })
	case StepAllow:
		out.Config.Locations = append(slices.Clone(c.Config.Locations), cib.Location{ID: "what-if", Resource: s.Resource, Node: s.Node})
	case StepGrant:
		out.Status.Tickets = append(without(c.Status.Tickets, func(t cib.TicketState) bool { return t.ID == s.ID }), cib.TicketState{ID: s.ID, Granted: true})
	case StepQuorum:
		out.HaveQuorum = true
	}
	return &out
}

func without[T any](list []T, gone func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), gone)
}

// applied is the CIB after a command; what the command does not find stays.
func applied(c *cib.CIB, cmd cib.Command) *cib.CIB {
	if next, err := cib.Apply(c, cmd); err == nil {
		return next
	}
	return c
}

// withoutAttribute takes an attribute off a node, where it is permanent and
// where it is transient.
func (s Step) withoutAttribute(c *cib.CIB, name string) *cib.CIB {
	c = applied(c, cib.Command{SetNodeAttribute: &cib.SetNodeAttribute{Node: s.Node, Name: name, Remove: true}})
	return applied(c, cib.Command{SetAttribute: &cib.SetAttribute{Node: s.Node, Name: name, Remove: true}})
}

// nodeBack lets a node be a member again, with nothing running: what it ran
// before, it no longer does when it comes back.
func (s Step) nodeBack(c *cib.CIB) *cib.CIB {
	c = applied(c, cib.Command{NodeFenced: &cib.NodeFenced{Node: s.Node}})
	return applied(c, cib.Command{SetMembership: &cib.SetMembership{Node: s.Node, InCCM: true, Crmd: true, Join: "member", Expected: "member"}})
}

func (s Step) healthy(c *cib.CIB) *cib.CIB {
	return s.onState(c, func(n *cib.NodeState) {
		n.Attributes = slices.Clone(n.Attributes)
		for i := range n.Attributes {
			n.Attributes[i].Pairs = without(n.Attributes[i].Pairs, func(nv cib.NV) bool { return strings.HasPrefix(nv.Name, "#health") })
		}
	})
}

// onState changes a copy of the state of the step's node.
func (s Step) onState(c *cib.CIB, change func(*cib.NodeState)) *cib.CIB {
	out := *c
	out.Status.Nodes = slices.Clone(c.Status.Nodes)
	if n := out.Status.Node(s.Node); n != nil {
		change(n)
	}
	return &out
}

// cleanup forgets failures everywhere. What did not fail stays, since the probe
// that follows a real cleanup would find it again.
func (s Step) cleanup(c *cib.CIB) *cib.CIB {
	out := *c
	out.Status.Nodes = slices.Clone(c.Status.Nodes)
	for i := range out.Status.Nodes {
		n := &out.Status.Nodes[i]
		n.History = slices.Clone(n.History)
		for j := range n.History {
			h := &n.History[j]
			if h.ID == s.Resource || baseName(h.ID) == s.Resource {
				h.Ops = without(h.Ops, func(op cib.OpHistory) bool { return failedOp(&op) })
			}
		}
		n.Attributes = slices.Clone(n.Attributes)
		for j := range n.Attributes {
			n.Attributes[j].Pairs = without(n.Attributes[j].Pairs, func(nv cib.NV) bool { return countsFailures(nv.Name, s.Resource) })
		}
	}
	return &out
}

// failedOp: the operation ended otherwise than it was to.
func failedOp(op *cib.OpHistory) bool {
	if op.Status == cib.ExecPending {
		return false
	}
	return isLastFailure(op) || op.Status != cib.ExecDone || targetRC(op) >= 0 && op.RC != targetRC(op) && !(isProbe(op) && op.RC == cib.OK)
}

// countsFailures: the attribute is a record of the resource's failures.
func countsFailures(name, resource string) bool {
	rest, isCount := strings.CutPrefix(name, "fail-count-")
	if !isCount {
		if rest, isCount = strings.CutPrefix(name, "last-failure-"); !isCount {
			return false
		}
	}
	return baseName(failureOwner(rest)) == resource
}
