package policy

import (
	"slices"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// The way of a remedy: from what decides against a resource to the steps that
// take it away, the simplest first.

// nextSteps are what might take away what now decides against r on n; with n
// nil, against r anywhere; with promoted, against r being promoted. Where one
// step was done already, begun says so: then the nodes that work come first.
func (p *plan) nextSteps(r *resource, n *node, promoted, begun bool) []Step {
	w := &way{p: p, asked: map[*resource]bool{}, begun: begun}
	steps, there := []Step(nil), false
	if promoted {
		steps, there = w.promotion(r, n)
	}
	if !there {
		steps = w.to(r, n)
	}
	var out []Step
	for _, step := range steps {
		if !slices.Contains(out, step) {
			out = append(out, step)
		}
	}
	return out
}

// way looks for next steps. asked guards against circles of resources.
type way struct {
	p     *plan
	asked map[*resource]bool
	begun bool
}

// to is nextSteps for any role.
func (w *way) to(r *resource, n *node) []Step {
	if r = r.leader(); r == nil || w.asked[r] {
		return nil
	}
	w.asked[r] = true
	at := nodeOf(r.allocated)
	switch {
	case at != nil && (n == nil || at == n):
		steps := w.unblock(r.exactActions("start", 0, at))
		if hard := r.everywhere(); len(steps) == 0 && len(hard) > 0 { // it is there, and left alone
			return w.undo(hard[0], r, nil)
		}
		return steps
	case n == nil:
		return w.anywhere(r)
	}
	hard := append(r.everywhere(), w.p.unusable(n)...)
	hard = append(hard, r.bans(n)...)
	if len(hard) == 0 {
		hard = r.instanceBans(n)
	}
	if len(hard) > 0 {
		return w.undo(hard[0], r, n)
	}
	return append(r.preferSteps(n), w.yield(r, n)...)
}

// yield are the steps against what holds r where it is, since a move counts for
// no more than a constraint or a stickiness of INFINITY does.
func (w *way) yield(r *resource, n *node) []Step {
	if r.container != nil && r.isBundled() {
		return w.to(r.container, n)
	}
	if r.allocated == nil || r.allocated.score < infinity {
		return nil
	}
	for _, why := range r.contributions(r.allocated.node) {
		switch {
		case why.Score < infinity:
		case why.Kind == ReasonLocation:
			return removal(why)
		case why.Kind == ReasonStickiness:
			return []Step{{Kind: StepMeta, Resource: r.configured(), Name: "resource-stickiness", Value: "100"}}
		}
	}
	return nil
}

// leader is the primitive that decides for r: of a clone an instance without a
// node, of a bundle a container, of a group the first member. nil if r is empty.
func (r *resource) leader() *resource {
	for r.variant != primitive {
		switch r.variant {
		case clone:
			r = r.asked()
		case bundle:
			r = r.idleContainer()
		}
		if r.variant == group {
			if len(r.children) == 0 {
				return nil
			}
			r = r.children[0]
		} else if r.isClone() {
			return nil
		}
	}
	return r
}

// idleContainer is a container of a bundle that has no node, if there is one.
func (r *resource) idleContainer() *resource {
	all := r.instances()
	if i := slices.IndexFunc(all, func(c *resource) bool { return c.allocated == nil }); i >= 0 {
		return all[i]
	}
	return all[len(all)-1]
}

// anywhere are the steps on the way to any node: those for all nodes, or the
// first for each node. What a command does is preferred to what takes a change
// of the constraints, and nodes that work to those that do not.
func (w *way) anywhere(r *resource) []Step {
	if hard := r.everywhere(); len(hard) > 0 {
		return w.undo(hard[0], r, nil)
	}
	var out, changes []Step
	for _, usable := range []bool{true, false} {
		for _, n := range w.p.nodes {
			if n.usable() != usable {
				continue
			}
			why := r.against(n)
			if len(why) == 0 {
				continue
			}
			for _, step := range w.undo(why[0], r, n) {
				if step.configures() && !w.begun {
					changes = append(changes, step)
				} else {
					out = append(out, step)
				}
			}
		}
	}
	return append(out, changes...)
}

// preferSteps let r be on n where nothing but scores is against it: a move,
// or for what cannot be moved a constraint.
func (r *resource) preferSteps(n *node) []Step {
	top := r.top()
	switch {
	case r.isBundled():
		return []Step{{Kind: StepPrefer, Resource: top.parent.id, Node: n.name}}
	case r.container != nil:
		return nil
	case top.isClone():
		return []Step{{Kind: StepPrefer, Resource: top.xmlID, Node: n.name}}
	}
	if top.parent != nil {
		top = top.parent
	}
	return []Step{{Kind: StepMove, Resource: top.id, Node: n.name}}
}

// undo are the steps against one reason against r, on n unless it holds
// everywhere: what somebody can do, then what time will.
func (w *way) undo(why Reason, r *resource, n *node) []Step {
	subject := r
	if why.Subject != "" {
		if named := w.p.findResource(why.Subject); named != nil {
			subject = named
		}
	}
	return append(w.act(why, r, subject, n), w.p.inTime(why, r.failing(subject))...)
}

// act are the steps of undo that do not wait; subject is what the reason is
// about.
func (w *way) act(why Reason, r, subject *resource, n *node) []Step {
	p := w.p
	switch why.Kind {
	case ReasonStandby, ReasonOffline, ReasonUnclean, ReasonPending, ReasonShutdown, ReasonLock, ReasonMaintenance, ReasonHealth:
		return w.node(why, subject, n)
	case ReasonTargetRole:
		return []Step{{Kind: StepStart, Resource: subject.configured()}}
	case ReasonUnmanaged:
		return []Step{{Kind: StepMeta, Resource: subject.configured(), Name: "is-managed", Value: "true"}}
	case ReasonStopAll:
		return []Step{{Kind: StepProperty, Name: "stop-all-resources", Value: "false"}}
	case ReasonNoFencing:
		return p.fencingSteps(n)
	case ReasonUnreachable:
		return append(p.fencingSteps(n), Step{Kind: StepConfirm, Node: why.Node})
	case ReasonUnfencing:
		return append(p.unfencingSteps(p.nodeByName[why.Node]), r.lessRequired("fencing")...)
	case ReasonBlocked, ReasonOnFail, ReasonFailure, ReasonThreshold, ReasonRecover:
		return []Step{{Kind: StepCleanup, Resource: r.failing(subject).configured()}}
	case ReasonMultiple:
		return p.stopByHandSteps(subject, n)
	case ReasonLocation:
		return append(p.ruleSteps(why), removal(why)...)
	case ReasonOptIn:
		return []Step{{Kind: StepAllow, Resource: r.top().configured(), Node: why.Node}}
	case ReasonDiscovery:
		return []Step{{Kind: StepAllow, Resource: r.top().configured(), Node: why.Node, Value: "exclusive"}}
	case ReasonTicket:
		if t := p.tickets[why.ID]; t != nil && t.granted {
			return []Step{{Kind: StepActivate, ID: why.ID}}
		}
		return []Step{{Kind: StepGrant, ID: why.ID}}
	case ReasonQuorum:
		return append([]Step{{Kind: StepQuorum}}, r.lessRequired("nothing")...)
	case ReasonCapacity:
		return p.capacitySteps(subject, n)
	case ReasonOrphan:
		if why.ID != "" {
			return r.top().moreSteps(ReasonCloneMax)
		}
	case ReasonCloneMax, ReasonCloneFull:
		return r.top().moreSteps(why.Kind)
	case ReasonPromotion:
		return r.promoteSteps(why)
	case ReasonColocation, ReasonGroup, ReasonContainer, ReasonGuestDown, ReasonDisconnect:
		return w.together(why, n)
	case ReasonBlockedBy, ReasonOrder:
		return w.other(why)
	}
	return nil
}

// lessRequired is the step by which r waits for less than its own requires says
// ("Pacemaker Explained, Resource Meta-Attributes"). Nothing is offered against
// the default, which nobody has chosen.
func (r *resource) lessRequired(value string) []Step {
	if r.meta["requires"] == "" || r.variant != primitive {
		return nil
	}
	return []Step{{Kind: StepMeta, Resource: r.configured(), Name: "requires", Value: value}}
}

// removal takes away the constraint that a reason names, if it names one.
func removal(why Reason) []Step {
	if why.ID == "" {
		return nil
	}
	return []Step{{Kind: StepRemove, ID: why.ID}}
}

// ruleSteps are attributes that the node would have to have for the rule of a
// location constraint not to hold.
func (p *plan) ruleSteps(why Reason) []Step {
	if why.Rule == "" {
		return nil
	}
	var out []Step
	for _, l := range p.locations {
		if l.rule == nil || l.rule.ID != why.Rule {
			continue
		}
		for _, part := range l.rule.Parts {
			if e := part.Attr; e != nil && !strings.HasPrefix(e.Attribute, "#") {
				if value, ok := breaks(e); ok {
					out = append(out, Step{Kind: StepValue, Node: why.Node, Name: e.Attribute, Value: value})
				}
			}
		}
		break
	}
	return out
}

// breaks is a value for which the expression does not hold, as far as one
// follows from it.
func breaks(e *cib.AttrExpression) (string, bool) {
	switch e.Operation {
	case "lt", "ne":
		return e.Value, e.Value != "" && e.ValueSource == ""
	case "lte":
		limit, ok := scanInt(e.Value)
		return strconv.FormatInt(limit+1, 10), ok && e.ValueSource == ""
	}
	return "", false
}

// configured is the name of r, or of what it was made of, in the configuration.
func (r *resource) configured() string {
	if r.isBundled() && r.p.cib.Config.FindResource(r.xmlID) == nil {
		return r.top().parent.id
	}
	return r.xmlID
}

// failing is what has failures of its own where subject is what is around r, or
// where what lives in it is what failed.
func (r *resource) failing(subject *resource) *resource {
	if subject.variant != primitive {
		subject = r
	}
	failed := func(r *resource) bool {
		return slices.ContainsFunc(r.p.failedOps, func(f FailedOp) bool { return f.Resource == r.id })
	}
	if i := slices.IndexFunc(subject.fillers, failed); i >= 0 && !failed(subject) {
		return subject.fillers[i]
	}
	return subject
}

// moreSteps allow more instances of a clone.
func (r *resource) moreSteps(kind ReasonKind) []Step {
	switch {
	case r.isBundled(), !r.isClone():
		return nil
	case kind == ReasonCloneMax:
		return []Step{{Kind: StepMeta, Resource: r.xmlID, Name: "clone-max", Value: scoreType(r.clone.max + 1).String()}}
	case r.unique:
		return []Step{{Kind: StepMeta, Resource: r.xmlID, Name: "clone-node-max", Value: scoreType(r.clone.nodeMax + 1).String()}}
	}
	return nil
}

// together are the steps that bring the other resource to the node, or, where
// they are to be apart, take the constraint away.
func (w *way) together(why Reason, n *node) []Step {
	other := w.p.findResource(why.Resource)
	if other == nil {
		return nil
	}
	var steps []Step
	if why.Kind != ReasonColocation || why.Than > 0 {
		if why.Kind == ReasonGuestDown || why.Kind == ReasonDisconnect || len(other.assignedTo()) == 0 {
			// First it must run at all; the next round brings it here.
			n = nil
		}
		there := false
		if why.Value == string(Promoted) {
			steps, there = w.promotion(other, n)
		}
		if !there {
			steps = w.to(other, n)
		}
	}
	if why.Kind == ReasonColocation {
		steps = append(steps, removal(why)...)
	}
	return steps
}

// other are the steps that let another resource do what it must do first.
func (w *way) other(why Reason) []Step {
	r := w.p.findResource(why.Resource)
	if r == nil {
		return nil
	}
	var steps []Step
	there := false
	switch why.Action {
	case "promote", "promotion":
		steps, there = w.promotion(r, nil)
	case "stop", "demote", "probe":
		task := strings.Replace(why.Action, "probe", "monitor", 1)
		var all []*action
		r.walk(func(m *resource) { all = append(all, m.findActions(task, 0, nil)...) })
		steps, there = w.unblock(all), true
	}
	if !there {
		steps = w.to(r, nil)
	}
	return append(steps, removal(why)...)
}

// unblock are the steps towards actions that cannot be done.
func (w *way) unblock(actions []*action) []Step {
	for _, a := range actions {
		if why, blocked := w.p.heldBack(a); blocked {
			if steps := w.undo(why, a.r, a.n); len(steps) > 0 {
				return steps
			}
		}
	}
	return nil
}
