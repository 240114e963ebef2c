package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// Explanation answers why a resource or a node is as it is, what will happen to
// it next, and what would have to change. It is made of the same values that
// decide; whoever shows it puts the sentences around them.
type Explanation struct {
	Subject string `json:"subject"`
	// Node is set if the subject is a node, Resource if it is a resource; a
	// remote node is both, by its connection.
	Node     *NodeExplanation     `json:"node,omitempty"`
	Resource *ResourceExplanation `json:"resource,omitempty"`
}

// ResourceExplanation tells of a primitive, of a group, of a bundle, or of a
// clone as a whole; Members are what a group or bundle is made of, and the
// instances of a clone that are not interchangeable.
type ResourceExplanation struct {
	ID    string   `json:"id"`
	Kind  cib.Kind `json:"kind"`
	Agent string   `json:"agent,omitempty"`
	// Parent is what it is a member or an instance of.
	Parent string `json:"parent,omitempty"`
	// Guest is the node that lives in it.
	Guest string `json:"guest,omitempty"`
	// Active is where it is now, Next where it is to be.
	Active []Presence `json:"active,omitempty"`
	Next   []Presence `json:"next,omitempty"`
	Failed bool       `json:"failed,omitempty"`
	// State is what holds wherever it is: target-role, maintenance, blocked …
	State    []Reason  `json:"state,omitempty"`
	Failures []Failure `json:"failures,omitempty"`
	// Nodes are the verdicts on all nodes, those where it is to be first.
	Nodes []Verdict `json:"nodes,omitempty"`
	// Actions are what will be done to it, in the order of its life; those
	// that would be needed and cannot be done are Blocked.
	Actions []PlannedAction `json:"actions,omitempty"`
	// Remedy is what would let it run, if it is to run and cannot.
	Remedy  *Remedy               `json:"remedy,omitempty"`
	Members []ResourceExplanation `json:"members,omitempty"`
}

// Presence is a resource on a node.
type Presence struct {
	Node string `json:"node"`
	Role Role   `json:"role"`
}

// Failure is a failed operation that the history still tells.
type Failure struct {
	Resource string `json:"rsc"`
	Node     string `json:"node"`
	Action   string `json:"action"`
	Detail   string `json:"detail"`
	// FailCount is how often the resource failed on the node so far.
	FailCount string `json:"fail-count,omitempty"`
}

// Is reports whether a reason tells this failure, in as many words.
func (f Failure) Is(why Reason) bool {
	return why.Action == f.Action && why.Node == f.Node && why.Detail == f.Detail && firstText(why.Subject, f.Resource) == f.Resource
}

// Verdict is what is decided about a resource on one node.
type Verdict struct {
	Node string `json:"node"`
	// Here: it is to be on this node, as Role, for the reasons in For and
	// because of those in RoleWhy it has that role.
	Here    bool     `json:"here,omitempty"`
	Role    Role     `json:"role,omitempty"`
	For     []Reason `json:"for,omitempty"`
	RoleWhy []Reason `json:"role-why,omitempty"`
	// Score is what the node counts for the resource, as far as it may be there.
	Score cib.Score `json:"score"`
	// Against keeps it away. The first reason decides: when it is gone, the
	// next one counts.
	Against []Reason `json:"against,omitempty"`
	// Remedy is what would bring it here, if anything simple would; RoleRemedy
	// what would promote it, where it is here and is not to be promoted.
	Remedy     *Remedy `json:"remedy,omitempty"`
	RoleRemedy *Remedy `json:"role-remedy,omitempty"`
}

// PlannedAction is an action of the transition that follows from the CIB.
type PlannedAction struct {
	Key  string `json:"key"`
	Task string `json:"task"`
	// Resource is empty for what is done to a node.
	Resource string `json:"rsc,omitempty"`
	Node     string `json:"node,omitempty"`
	Why      Reason `json:"why"`
	// Blocked: it would be needed, and Why tells what keeps it from being done.
	Blocked bool `json:"blocked,omitempty"`
	// Implied: the fencing of the node does it.
	Implied bool `json:"implied,omitempty"`
}

// Subjects are the names that Explain knows: resources, their instances and
// nodes, in the order of the configuration.
func Subjects(in Input) []string {
	p := newPlan(in)
	p.unpack()
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, top := range p.resources {
		top.walk(func(r *resource) {
			add(r.xmlID)
			add(r.id)
		})
	}
	for _, n := range p.nodes {
		add(n.name)
	}
	return out
}

// Explain decides as Schedule does and tells why. The subject is a resource, an
// instance of one ("web:1") or a node; ok is false if it is none of them.
//
// Each Remedy has been tried: with its steps done to a copy of the CIB, the
// scheduler decides what the Remedy says. team may make such decisions at the
// same time.
func Explain(in Input, subject string, team Workers) (answer *Explanation, ok bool) {
	in.Now = effectiveNow(in) // whatever the steps of remedies do to it
	x := &explainer{in: in, p: decided(in), ahead: ahead{in: in, by: team}}
	defer x.ahead.end()
	out := &Explanation{Subject: subject}
	if r := x.p.explained(subject); r != nil {
		told := x.resource(r)
		out.Resource = &told
	}
	if n := x.p.findNode(subject, subject); n != nil {
		out.Node = x.node(n)
	}
	return out, out.Node != nil || out.Resource != nil
}

// decided is a plan with everything decided.
func decided(in Input) *plan {
	p := newPlan(in)
	p.unpack()
	p.constrain()
	p.assign()
	p.schedule()
	p.order()
	p.buildGraph()
	return p
}

// explained finds what a name means: the resource or instance itself, or, for
// what is inside of an anonymous clone, the clone.
func (p *plan) explained(name string) *resource {
	var found *resource
	for _, top := range p.resources {
		top.walk(func(r *resource) {
			if found == nil && (r.id == name || r.xmlID == name) {
				found = r
			}
		})
	}
	if found != nil && found.id != name && !found.isBundled() {
		return found.top()
	}
	return found
}

// explainer answers one question.
type explainer struct {
	in Input
	p  *plan
	// tried counts the schedules that were made to try remedies.
	tried int
	ahead ahead
}

func (x *explainer) resource(r *resource) ResourceExplanation {
	out := ResourceExplanation{ID: r.id, Kind: r.cfg.Kind, Active: r.presence(true), Next: r.presence(false), Failed: r.anyFailed()}
	if r.variant == primitive {
		out.Agent = r.cfg.Agent()
	}
	if r.parent != nil {
		out.Parent = r.parent.id
	}
	if c := guestConnection(r); c != nil {
		out.Guest = c.id
	}
	r.walk(func(m *resource) {
		out.Failures = append(out.Failures, x.failures(m)...)
	})
	out.State = r.everywhere()
	switch {
	case r.variant == bundle:
		for _, c := range r.bundle.replicas {
			for _, part := range c.parts() {
				out.Members = append(out.Members, x.resource(part))
			}
		}
		return out
	case r.isClone() && r.unique:
		for _, c := range r.children {
			out.Members = append(out.Members, x.resource(c))
		}
		return out
	}
	out.Actions = x.actions(r)
	of, placed := r.spareOf()
	spare := placed > 0 && len(out.State) == 0
	out.Remedy = x.runs(r, &out, spare)
	out.Nodes = x.verdicts(r)
	if spare && len(out.Next) == 0 && !r.orphan && out.Remedy == nil {
		if i := slices.IndexFunc(out.Nodes, func(v Verdict) bool { return v.Remedy != nil }); i >= 0 {
			out.Remedy = out.Nodes[i].Remedy
		} else {
			out.State = append(out.State, Reason{Kind: ReasonSpare, ID: of.id, Value: cib.Score(placed).String()})
		}
	}
	if r.variant == group {
		for _, m := range r.children {
			out.Members = append(out.Members, x.member(m, r))
		}
	}
	return out
}

// runs is the remedy for a resource that is to run and does not, or for the
// first of its instances that cannot be started where it is to be. A spare
// instance is to run only where none is.
func (x *explainer) runs(r *resource, told *ResourceExplanation, spare bool) *Remedy {
	i := slices.IndexFunc(told.Actions, func(a PlannedAction) bool { return a.Blocked && a.Task == "start" })
	switch {
	case i >= 0:
		out := x.remedy(goal{id: told.Actions[i].Resource, exact: true})
		if out != nil && told.Actions[i].Resource != r.id {
			out.Resource = told.Actions[i].Resource
		}
		return out
	case len(told.Next) > 0, r.orphan, spare:
		return nil
	}
	out := x.remedy(goal{id: r.id})
	if of, _ := r.spareOf(); of != nil && out == nil {
		// When others of the kind run it may turn out to be one too many.
		if out = x.remedy(goal{id: of.id}); out != nil {
			out.Resource = of.id
		}
	}
	return out
}

// spareOf is, if r is or is in an instance of an anonymous clone or a replica
// of a bundle, which of them has a node not mattering, that clone or bundle, and
// how many of them have a node.
func (r *resource) spareOf() (of *resource, placed int) {
	top := r.top()
	switch {
	case r.replica() != nil && r.replica().container.allocated == nil:
		of = top.parent
	case top != r && top.isAnonymous():
		of = top
	default:
		return nil, 0
	}
	for _, c := range of.instances() {
		if c.where() != nil {
			placed++
		}
	}
	return of, placed
}

// member tells of a member what the group around it does not.
func (x *explainer) member(m, g *resource) ResourceExplanation {
	out := x.resource(m)
	if nodeOf(m.allocated) == nodeOf(g.children[0].allocated) {
		out.Nodes, out.Remedy = nil, nil
	}
	return out
}

// presence is where r is, now or next.
func (r *resource) presence(now bool) []Presence {
	var out []Presence
	add := func(n *node, in role) {
		if in == roleStarted && r.top().promotable && r.variant == primitive {
			in = roleUnpromoted
		}
		p := Presence{Node: n.name, Role: roleNames[in]}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if r.variant == bundle {
		for _, c := range r.bundle.replicas {
			for _, at := range c.container.presence(now) {
				add(r.p.nodeByName[at.Node], roleStarted)
			}
		}
		return out
	}
	r.walk(func(m *resource) {
		switch {
		case len(m.children) > 0 || m.variant != primitive:
		case now:
			for _, n := range m.running {
				add(n, m.role)
			}
		case m.allocated != nil && m.next != roleStopped:
			add(m.allocated.node, m.next)
		}
	})
	return out
}

func (x *explainer) failures(r *resource) []Failure {
	var out []Failure
	for i := range x.p.failedOps {
		f := &x.p.failedOps[i]
		if f.Resource != r.id {
			continue
		}
		n := x.p.nodeByName[f.Node]
		why := failureReason(&f.Op, n)
		count, _ := x.p.failCount(r, n, nil, true, false)
		told := Failure{Resource: r.id, Node: f.Node, Action: why.Action, Detail: why.Detail}
		if count > 0 {
			told.FailCount = count.String()
		}
		out = append(out, told)
	}
	return out
}
