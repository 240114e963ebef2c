package policy

import (
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// Apply returns the input as it would be after the step; the CIB of in is not
// changed.
func (s Step) Apply(in Input) Input {
	if s.Kind == StepTime {
		in.Now, _ = time.Parse(time.RFC3339, s.Value)
		return in
	}
	in.CIB = s.change(in.CIB)
	return in
}

// change is Apply for what changes the CIB.
func (s Step) change(c *cib.CIB) *cib.CIB {
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
	case StepStop:
		return applied(c, cib.Command{SetMeta: &cib.SetMeta{Resource: s.Resource, Name: "target-role", Value: "Stopped"}})
	case StepMove:
		return applied(c, cib.Command{PutIntent: &cib.Intent{ID: "what-if-" + s.Resource, Resource: s.Resource, Node: s.Node, State: cib.IntentMoving}})
	case StepScore, StepValue:
		return s.withAttribute(c)
	case StepStopByHand:
		return s.stoppedByHand(c)
	case StepConfirm:
		return applied(c, cib.Command{NodeFenced: &cib.NodeFenced{Node: s.Node}})
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
		out.Config.Locations = append(slices.Clone(c.Config.Locations), cib.Location{ID: "what-if", Resource: s.Resource, Node: s.Node, Discovery: s.Value})
	case StepPrefer:
		out.Config.Locations = append(slices.Clone(c.Config.Locations), cib.Location{ID: "what-if", Resource: s.Resource, Node: s.Node, Role: s.Value, Score: cib.Infinity})
	case StepCapacity:
		out.Config.Nodes = s.enlarged(c.Config.Nodes)
	case StepDevice:
		out.Config.Resources = append(slices.Clone(c.Config.Resources), &cib.Resource{ID: "what-if", Kind: cib.Primitive, Class: "stonith", Type: "what-if"})
	case StepBundle:
		out.Config.Resources = s.rebundled(c.Config.Resources)
	case StepGrant, StepActivate:
		out.Status.Tickets = append(without(c.Status.Tickets, func(t cib.TicketState) bool { return t.ID == s.ID }), cib.TicketState{ID: s.ID, Granted: true})
	case StepQuorum:
		out.HaveQuorum = true
	case StepUnset:
		s.unset(&out.Config)
	}
	return &out
}

// unset takes the attribute out of the set, of whatever that is.
func (s Step) unset(c *cib.Configuration) {
	from := func(sets []cib.NVSet) []cib.NVSet {
		out := slices.Clone(sets)
		for i := range out {
			if out[i].ID == s.ID {
				out[i].Pairs = without(out[i].Pairs, func(nv cib.NV) bool { return nv.Name == s.Name })
			}
		}
		return out
	}
	var fromAll func(list []*cib.Resource) []*cib.Resource
	fromAll = func(list []*cib.Resource) []*cib.Resource {
		out := slices.Clone(list)
		for i, r := range out {
			copied := *r
			copied.Meta, copied.Children = from(r.Meta), fromAll(r.Children)
			out[i] = &copied
		}
		return out
	}
	c.Properties, c.RscDefaults = from(c.Properties), from(c.RscDefaults)
	c.Resources, c.Templates = fromAll(c.Resources), fromAll(c.Templates)
	c.Nodes = slices.Clone(c.Nodes)
	for i := range c.Nodes {
		c.Nodes[i].Attributes = from(c.Nodes[i].Attributes)
	}
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

// withAttribute gives a node an attribute until it leaves, and for good if it
// had a permanent one of this name.
func (s Step) withAttribute(c *cib.CIB) *cib.CIB {
	c = applied(c, cib.Command{SetAttribute: &cib.SetAttribute{Node: s.Node, Name: s.Name, Value: s.Value}})
	for i := range c.Config.Nodes {
		for _, set := range c.Config.Nodes[i].Attributes {
			if _, has := set.Get(s.Name); has && c.Config.Nodes[i].Uname == s.Node {
				return applied(c, cib.Command{SetNodeAttribute: &cib.SetNodeAttribute{Node: s.Node, Name: s.Name, Value: s.Value}})
			}
		}
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

// healthy drops what the node's health is read from, permanent and transient.
func (s Step) healthy(c *cib.CIB) *cib.CIB {
	for i := range c.Config.Nodes {
		if n := &c.Config.Nodes[i]; n.Uname == s.Node {
			for j := range n.Attributes {
				for _, nv := range n.Attributes[j].Pairs {
					if strings.HasPrefix(nv.Name, "#health") {
						c = applied(c, cib.Command{SetNodeAttribute: &cib.SetNodeAttribute{Node: s.Node, Name: nv.Name, Remove: true}})
					}
				}
			}
		}
	}
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

// enlarged gives the node the capacity.
func (s Step) enlarged(nodes []cib.Node) []cib.Node {
	out := slices.Clone(nodes)
	for i := range out {
		if out[i].Uname == s.Node {
			set := cib.NVSet{ID: "what-if", Score: cib.Infinity, Pairs: []cib.NV{{Name: s.Name, Value: s.Value}}}
			out[i].Utilization = append([]cib.NVSet{set}, out[i].Utilization...)
		}
	}
	return out
}

// rebundled sets an attribute of a bundle's container.
func (s Step) rebundled(list []*cib.Resource) []*cib.Resource {
	out := slices.Clone(list)
	for i, r := range out {
		copied := *r
		if r.ID == s.Resource && r.Bundle != nil {
			spec := *r.Bundle
			spec.Attrs = append(without(spec.Attrs, func(nv cib.NV) bool { return nv.Name == s.Name }), cib.NV{Name: s.Name, Value: s.Value})
			copied.Bundle = &spec
		} else if len(r.Children) > 0 {
			copied.Children = s.rebundled(r.Children)
		}
		out[i] = &copied
	}
	return out
}

// stoppedByHand is the CIB after a probe has found the resource stopped.
func (s Step) stoppedByHand(c *cib.CIB) *cib.CIB {
	return s.onState(c, func(n *cib.NodeState) {
		n.History = slices.Clone(n.History)
		for i := range n.History {
			h := &n.History[i]
			if h.ID != s.Resource && baseName(h.ID) != s.Resource {
				continue
			}
			key := cib.OpKey(h.ID, "monitor", 0)
			h.Ops = []cib.OpHistory{{ID: key, OperationKey: key, Operation: "monitor", RC: cib.NotRunning, CallID: 1, TransitionKey: "1:1:7:what-if"}}
		}
	})
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
