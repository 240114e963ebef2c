package policy

import "slices"

// NodeExplanation tells of a node.
type NodeExplanation struct {
	Name string `json:"name"`
	// Type is member, remote, ping or guest.
	Type   string `json:"type"`
	Online bool   `json:"online"`
	DC     bool   `json:"dc,omitempty"`
	// Usable: it can take resources.
	Usable bool `json:"usable"`
	// Via is the resource that a guest node lives in, or that connects to a
	// remote one.
	Via string `json:"via,omitempty"`
	// State is what keeps it from running anything, or all that it does.
	State []Reason `json:"state,omitempty"`
	// Runs is what is active there, Gets what will be there and is not yet.
	Runs []ResourceOnNode `json:"runs,omitempty"`
	Gets []ResourceOnNode `json:"gets,omitempty"`
	// Cannot is what may not be there for a reason of its own.
	Cannot []ResourceOnNode `json:"cannot,omitempty"`
	// Failures are the failed operations in its history.
	Failures []Failure       `json:"failures,omitempty"`
	Actions  []PlannedAction `json:"actions,omitempty"`
	// Fencers are the devices that may fence it. Unfenced tells why it cannot be
	// fenced, though it must be or may have to be; UnfencedSteps what would help.
	Fencers       []string `json:"fencers,omitempty"`
	Unfenced      *Reason  `json:"unfenced,omitempty"`
	UnfencedSteps []Step   `json:"unfenced-steps,omitempty"`
	// Steps would let it run resources again.
	Steps []Step `json:"steps,omitempty"`
}

// ResourceOnNode is a resource on the node that is explained.
type ResourceOnNode struct {
	Resource string `json:"rsc"`
	Role     Role   `json:"role,omitempty"`
	// Stays: it is to be here, too. Why tells what takes it away, brings it,
	// or keeps it from here.
	Stays bool    `json:"stays,omitempty"`
	Why   *Reason `json:"why,omitempty"`
	// Next is where it is to be instead.
	Next []Presence `json:"next,omitempty"`
}

func (x *explainer) node(n *node) *NodeExplanation {
	p := x.p
	view := n.view(p)
	out := &NodeExplanation{Name: n.name, Type: view.Type, Online: n.online, DC: n.isDC, Usable: n.usable() && n.kind != pingNode}
	switch {
	case n.isGuest():
		out.Via = n.remote.container.id
	case n.remote != nil:
		out.Via = n.remote.id
	}
	out.State = p.unusable(n)
	for _, top := range p.resources {
		top.walk(func(r *resource) {
			if r.variant == primitive {
				x.onNode(out, r, n)
			}
			for _, f := range x.failures(r) {
				if f.Node == n.name {
					out.Failures = append(out.Failures, f)
				}
			}
		})
	}
	for _, a := range p.actions {
		if a.r == nil && a.n == n && (a.task == "stonith" || a.task == "do_shutdown") {
			if told, worth := p.planned(a); worth {
				out.Actions = append(out.Actions, told)
			}
		}
	}
	if out.Unfenced = p.notFenced(n); out.Unfenced == nil && n.kind != pingNode && !n.isGuest() && p.options.fencing {
		out.Fencers = p.fencersOf(n)
	}
	if out.Unfenced != nil {
		out.UnfencedSteps = p.fencingSteps(n)
		if out.Unfenced.Name == "device" {
			out.UnfencedSteps = p.unfencingSteps(n)[:1]
		}
	}
	for _, why := range out.State {
		w := &way{p: p, asked: map[*resource]bool{}}
		var steps []Step
		if why.Kind == ReasonGuestDown || why.Kind == ReasonDisconnect {
			steps = w.connection(n)
		} else {
			steps = append(w.node(why, nil, n), p.inTime(why, nil)...)
		}
		if step, some := x.ending(why, n, steps); some && !slices.Contains(out.Steps, step) {
			out.Steps = append(out.Steps, step)
		}
	}
	return out
}

// ending is the first of the steps after which the reason is none any more; the
// first of all where none is that sure, as for a connection, which has to be
// made first.
func (x *explainer) ending(why Reason, n *node, steps []Step) (step Step, some bool) {
	for _, step := range steps {
		later := decided(step.Apply(x.in))
		holds := func(still Reason) bool { return still.Kind == why.Kind }
		if m := later.nodeByName[n.name]; m != nil && !slices.ContainsFunc(later.unusable(m), holds) {
			return step, true
		}
	}
	if len(steps) == 0 {
		return Step{}, false
	}
	return steps[0], true
}

// onNode sorts a primitive in: it is here, comes, or cannot be here.
func (x *explainer) onNode(out *NodeExplanation, r *resource, n *node) {
	told := ResourceOnNode{Resource: r.id}
	comes := nodeOf(r.allocated) == n && r.next != roleStopped
	switch {
	case r.runsOn(n):
		told.Role, told.Stays = roleNames[r.role], comes
		if r.role == roleStarted && r.top().promotable {
			told.Role = Unpromoted
		}
		if !comes && r.managed {
			why := r.moveCause(n)
			told.Why, told.Next = &why, r.presence(false)
		}
		out.Runs = append(out.Runs, told)
	case comes:
		told.Role = roleNames[r.next]
		if now := r.current(); now != nil {
			why := r.moveCause(now)
			told.Why = &why
		}
		out.Gets = append(out.Gets, told)
	case len(x.p.unusable(n)) == 0 && n.kind != pingNode && !r.orphan && len(r.everywhere()) == 0 && (n.remote == nil || r != n.remote && r != n.remote.container):
		if asked := r.top().asked(); r.top().isClone() && r.top().partOn(n) != nil || asked != r && asked.xmlID == r.xmlID && r.top().isAnonymous() {
			return
		}
		if bans := r.bans(n); len(bans) > 0 && !bans[0].byNature() {
			told.Why, told.Next = &bans[0], r.presence(false)
			out.Cannot = append(out.Cannot, told)
		}
	}
}

// byNature: the reason follows from what a resource is, and is nothing that anybody would
// wonder about.
func (why Reason) byNature() bool {
	switch why.Kind {
	case ReasonNoRemote, ReasonContainer, ReasonCloneFull, ReasonCloneMax:
		return true
	}
	return false
}

// whyNoFencing says why a lost node cannot be fenced.
func (p *plan) whyNoFencing() string {
	switch {
	case !p.options.fencing:
		return "fencing is switched off (stonith-enabled=false), so nothing proves that it is down"
	case !p.haveFencing:
		return "no fencing device is configured"
	}
	return "this partition has no quorum (no-quorum-policy=" + p.options.raw["no-quorum-policy"] + ")"
}
