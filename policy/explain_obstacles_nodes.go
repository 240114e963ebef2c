package policy

import "slices"

// The way of a remedy past what is wrong with a node, and past what is active on
// too many.

// node are the steps that let a node run things again, or for a shutdown lock
// let the resource go to the node that is wanted.
func (w *way) node(why Reason, subject *resource, wanted *node) []Step {
	p := w.p
	n := p.nodeByName[why.Node]
	switch {
	case why.Kind == ReasonStandby && why.Name == "":
		for i := range p.failedOps {
			f := &p.failedOps[i]
			if r := p.findResource(f.Resource); f.Node == why.Node && r != nil && p.onFailOf(r, &f.Op) == failStandby {
				return []Step{{Kind: StepCleanup, Resource: r.configured()}}
			}
		}
		return nil
	case why.Kind == ReasonStandby:
		return []Step{{Kind: StepOnline, Node: why.Node}}
	case why.Kind == ReasonHealth:
		return []Step{{Kind: StepHealth, Node: why.Node}}
	case why.Kind == ReasonLock && wanted != nil && wanted.name != why.Other:
		return []Step{{Kind: StepProperty, Name: "shutdown-lock", Value: "false"}}
	case why.Kind == ReasonLock:
		return []Step{{Kind: StepNodeBack, Node: why.Other}}
	case why.Kind != ReasonMaintenance && n == nil:
		return nil
	case why.Kind != ReasonMaintenance && n.kind != memberNode:
		return w.connection(n)
	case why.Kind == ReasonUnclean && !p.options.haveQuorum:
		return []Step{{Kind: StepNodeBack, Node: why.Node}, {Kind: StepQuorum}}
	case why.Kind != ReasonMaintenance:
		return []Step{{Kind: StepNodeBack, Node: why.Node}}
	case why.Node != "":
		return []Step{{Kind: StepAttribute, Node: why.Node, Name: "maintenance", Value: "false"}}
	case why.Name != "":
		return []Step{{Kind: StepProperty, Name: why.Name, Value: "false"}}
	}
	return []Step{{Kind: StepMeta, Resource: subject.configured(), Name: "maintenance", Value: "false"}}
}

// connection are the steps that let a remote or guest node be reached again: its
// connection must run, or, if that is what is wrong, the node must come back.
func (w *way) connection(n *node) []Step {
	if n.remote == nil {
		return nil
	}
	steps := w.to(n.remote, nil)
	if n.isGuest() {
		return append(steps, w.to(n.remote.container, nil)...)
	}
	return append(steps, Step{Kind: StepNodeBack, Node: n.name})
}

// stopByHandSteps end that a resource is active more than once where
// multiple-active leaves that to the administrator: it stays on one node.
func (p *plan) stopByHandSteps(r *resource, stays *node) []Step {
	var out []Step
	for _, n := range r.running {
		if n == stays {
			continue
		}
		out = append(out, Step{Kind: StepStopByHand, Resource: r.configured(), Node: n.name})
	}
	slices.Reverse(out)
	return out
}
