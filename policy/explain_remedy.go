package policy

import "slices"

// Remedy is what would have to change for a resource to be on Node, or, with
// Node empty, to run at all. All steps are needed.
type Remedy struct {
	Node  string `json:"node,omitempty"`
	Steps []Step `json:"steps"`
}

// How far remedies are looked for: so many steps together, and so many
// schedules for one question, since each step is tried.
const (
	remedySteps  = 4
	remedyTrials = 60
)

// remedy looks for the steps that bring the resource to the node, or with node
// empty let it run anywhere: it takes away what decides, decides anew, and goes
// on with what decides then. nil if that does not lead there.
func (x *explainer) remedy(id, node string) *Remedy {
	out := &Remedy{Node: node}
	c, p := x.in.CIB, x.p
	for {
		r, n := p.findResource(id), p.nodeByName[node]
		if r == nil || p.reached(r, n) {
			if r == nil || len(out.Steps) == 0 {
				return nil
			}
			return out
		}
		step, ok := p.nextStep(r, n, map[*resource]bool{})
		if !ok || slices.Contains(out.Steps, step) || len(out.Steps) == remedySteps || x.tried >= remedyTrials {
			return nil
		}
		x.tried++
		c = step.Apply(c)
		in := x.in
		in.CIB, in.Now = c, p.now
		p = decided(in)
		out.Steps = append(out.Steps, step)
	}
}

// reached: r, or an instance of it, is to be on n (nil: anywhere) and can be.
func (p *plan) reached(r *resource, n *node) bool {
	if r.variant == clone {
		return slices.ContainsFunc(r.children, func(c *resource) bool { return p.reached(c, n) })
	}
	if r.variant == group {
		return len(r.children) > 0 && p.reached(r.children[0], n)
	}
	at := nodeOf(r.allocated)
	if at == nil || n != nil && at != n || r.next == roleStopped {
		return false
	}
	if r.runsOn(at) {
		return true
	}
	starts := r.exactActions("start", 0, at)
	return len(starts) > 0 && starts[0].is(actRunnable)
}

// nextStep is what takes away what now decides against r on n; with n nil,
// against r anywhere. asked guards against circles of resources.
func (p *plan) nextStep(r *resource, n *node, asked map[*resource]bool) (Step, bool) {
	for r.variant == clone || r.variant == group {
		if r = r.asked(); r.variant == group {
			if len(r.children) == 0 {
				return Step{}, false
			}
			r = r.children[0]
		}
	}
	if asked[r] {
		return Step{}, false
	}
	asked[r] = true
	at := nodeOf(r.allocated)
	switch {
	case at != nil && (n == nil || at == n):
		for _, start := range r.exactActions("start", 0, at) {
			if step, ok := p.unblock(start, asked); ok {
				return step, true
			}
		}
		return Step{}, false
	case n == nil:
		return p.firstStep(r, asked)
	}
	hard := append(r.everywhere(), p.unusable(n)...)
	hard = append(hard, r.bans(n)...)
	if len(hard) == 0 && at != nil && len(r.instanceBans(n)) == 0 {
		return r.moveStep(n)
	}
	if len(hard) == 0 {
		hard = r.instanceBans(n)
	}
	if len(hard) == 0 {
		return Step{}, false
	}
	return p.stepFor(hard[0], r, n, asked)
}

// firstStep finds a step on the way to any node: one for all nodes, or one for
// the first node for which there is any. What a command does is preferred to
// what takes a change of the constraints.
func (p *plan) firstStep(r *resource, asked map[*resource]bool) (Step, bool) {
	if hard := r.everywhere(); len(hard) > 0 {
		return p.stepFor(hard[0], r, nil, asked)
	}
	var fallback Step
	for _, usable := range []bool{true, false} {
		for _, n := range p.nodes {
			if n.usable() != usable {
				continue
			}
			if why := r.against(n); len(why) > 0 {
				step, ok := p.stepFor(why[0], r, n, asked)
				switch {
				case ok && step.Kind != StepRemove && step.Kind != StepAllow:
					return step, true
				case ok && fallback.Kind == "":
					fallback = step
				}
			}
		}
	}
	return fallback, fallback.Kind != ""
}

// moveStep asks for r, or for the group that it leads, to be moved.
func (r *resource) moveStep(n *node) (Step, bool) {
	top := r.top()
	if top.isClone() || r.isBundled() || top.variant == bundle || r.container != nil {
		return Step{}, false
	}
	return Step{Kind: StepMove, Resource: top.id, Node: n.name}, true
}

// stepFor undoes one reason.
func (p *plan) stepFor(why Reason, r *resource, n *node, asked map[*resource]bool) (Step, bool) {
	subject := r
	if why.Subject != "" {
		if named := p.findResource(why.Subject); named != nil {
			subject = named
		}
	}
	switch why.Kind {
	case ReasonStandby, ReasonOffline, ReasonUnclean, ReasonPending, ReasonShutdown, ReasonLock, ReasonMaintenance, ReasonHealth:
		return p.nodeStep(why, subject)
	case ReasonTargetRole:
		return Step{Kind: StepStart, Resource: subject.xmlID}, true
	case ReasonUnmanaged:
		return Step{Kind: StepMeta, Resource: subject.xmlID, Name: "is-managed", Value: "true"}, true
	case ReasonStopAll:
		return Step{Kind: StepProperty, Name: "stop-all-resources", Value: "false"}, true
	case ReasonBlocked, ReasonOnFail, ReasonFailure, ReasonThreshold:
		return Step{Kind: StepCleanup, Resource: r.failing(subject).xmlID}, true
	case ReasonLocation:
		return Step{Kind: StepRemove, ID: why.ID}, true
	case ReasonOptIn:
		return Step{Kind: StepAllow, Resource: r.top().xmlID, Node: why.Node}, true
	case ReasonTicket:
		return Step{Kind: StepGrant, ID: why.ID}, true
	case ReasonQuorum:
		return Step{Kind: StepQuorum}, true
	case ReasonCloneMax:
		top := r.top()
		return Step{Kind: StepMeta, Resource: top.xmlID, Name: "clone-max", Value: scoreType(top.clone.max + 1).String()}, true
	case ReasonColocation, ReasonGroup, ReasonContainer, ReasonGuestDown, ReasonDisconnect:
		return p.togetherStep(why, n, asked)
	case ReasonBlockedBy, ReasonOrder:
		if other := p.findResource(why.Resource); other != nil {
			return p.nextStep(other, nil, asked)
		}
	}
	return Step{}, false
}

// failing is what has failures of its own where subject is what is around r.
func (r *resource) failing(subject *resource) *resource {
	if subject.variant == primitive {
		return subject
	}
	return r
}

func (p *plan) nodeStep(why Reason, subject *resource) (Step, bool) {
	switch {
	case why.Kind == ReasonStandby && why.Name == "":
		for i := range p.failedOps {
			f := &p.failedOps[i]
			if r := p.findResource(f.Resource); f.Node == why.Node && r != nil && p.onFailOf(r, &f.Op) == failStandby {
				return Step{Kind: StepCleanup, Resource: r.xmlID}, true
			}
		}
		return Step{}, false
	case why.Kind == ReasonStandby:
		return Step{Kind: StepOnline, Node: why.Node}, true
	case why.Kind == ReasonHealth:
		return Step{Kind: StepHealth, Node: why.Node}, true
	case why.Kind == ReasonLock:
		return Step{Kind: StepNodeBack, Node: why.Other}, true
	case why.Kind != ReasonMaintenance:
		if n := p.nodeByName[why.Node]; n == nil || n.kind != memberNode {
			return Step{}, false
		}
		return Step{Kind: StepNodeBack, Node: why.Node}, true
	case why.Node != "":
		return Step{Kind: StepAttribute, Node: why.Node, Name: "maintenance", Value: "false"}, true
	case why.Name != "":
		return Step{Kind: StepProperty, Name: why.Name, Value: "false"}, true
	}
	return Step{Kind: StepMeta, Resource: subject.xmlID, Name: "maintenance", Value: "false"}, true
}

// togetherStep brings the other resource to the node, or, where they are to be
// apart, takes the constraint away.
func (p *plan) togetherStep(why Reason, n *node, asked map[*resource]bool) (Step, bool) {
	other := p.findResource(why.Resource)
	if other == nil {
		return Step{}, false
	}
	if why.Kind == ReasonGuestDown || why.Kind == ReasonDisconnect {
		n = nil
	}
	if why.Kind != ReasonColocation || why.Than > 0 {
		if nodeOf(other.where()) == nil {
			// First it must run at all; the next round brings it here.
			n = nil
		}
		if step, ok := p.nextStep(other, n, asked); ok {
			return step, true
		}
	}
	if why.Kind != ReasonColocation {
		return Step{}, false
	}
	return Step{Kind: StepRemove, ID: why.ID}, true
}

// unblock is a step towards an action that cannot be done.
func (p *plan) unblock(a *action, asked map[*resource]bool) (Step, bool) {
	why, blocked := p.whyBlocked(a)
	if !blocked {
		return Step{}, false
	}
	return p.stepFor(why, a.r, a.n, asked)
}
