package policy

import (
	"slices"
)

// Remedy is what would have to change for a resource to be on Node, or, with
// Node empty, to run at all. All steps are needed.
type Remedy struct {
	// Resource is what runs then, where that is an instance of what was asked
	// for.
	Resource string `json:"rsc,omitempty"`
	Node     string `json:"node,omitempty"`
	Steps    []Step `json:"steps"`
	// Or are other single steps, each of which would do as well.
	Or []Step `json:"or,omitempty"`
}

// How far remedies are looked for: so many steps together, so many decisions
// for one remedy, and so many for one question, since each step is tried. Of
// other ways to the same end only the first few are told.
const (
	remedySteps  = 6
	remedyTries  = 20
	remedyTrials = 90
	remedyOthers = 2
)

// goal is what a remedy is to lead to: a resource, or an instance of it, that
// runs on a node (empty: anywhere), in the promoted role if so asked.
type goal struct {
	id, node string
	promoted bool
	// exact: not just any instance of the clone that it is an instance of.
	exact bool
}

// remedy looks for the steps that lead to a goal: it takes away what decides,
// decides anew, and goes on with what decides then. nil if that leads nowhere.
func (x *explainer) remedy(g goal) *Remedy {
	s := &search{x: x, goal: g, left: remedyTries}
	steps := s.from(x.p, x.in, nil)
	if len(steps) == 0 {
		return nil
	}
	steps = s.needed(steps)
	slices.SortStableFunc(steps, func(a, b Step) int { return a.turn() - b.turn() })
	return &Remedy{Node: g.node, Steps: steps, Or: s.others(steps)}
}

// turn is when a step is done best: moves are asked for when nothing keeps them
// from being done any more.
func (s Step) turn() int {
	if s.Kind == StepMove {
		return 1
	}
	return 0
}

// search is one search for a remedy.
type search struct {
	x    *explainer
	goal goal
	left int
}

// from continues the steps done so far, which led to p; nil if no way on does.
func (s *search) from(p *plan, in Input, done []Step) []Step {
	r, n := p.aim(s.goal)
	switch {
	case r == nil:
		return nil
	case p.reached(r, n, s.goal.promoted):
		return done
	case len(done) == remedySteps:
		return nil
	}
	for _, step := range p.nextSteps(r, n, s.goal.promoted, len(done) > 0) {
		if slices.Contains(done, step) || !s.mayTry() {
			continue
		}
		next := step.Apply(in)
		if found := s.from(s.decide(next, step, done), next, append(slices.Clip(done), step)); found != nil {
			return found
		}
	}
	return nil
}

// decide is the decision on next, which a step after those done leads to.
func (s *search) decide(next Input, step Step, done []Step) *plan {
	if len(done) == 0 {
		return s.x.ahead.after(step)
	}
	return decided(next)
}

// begin begins the decision that a search for the goal will ask for first.
func (x *explainer) begin(g goal) {
	r, n := x.p.aim(g)
	if r == nil || x.tried >= remedyTrials || x.p.reached(r, n, g.promoted) {
		return
	}
	if steps := x.p.nextSteps(r, n, g.promoted, false); len(steps) > 0 {
		x.ahead.begin(steps[0])
	}
}

// mayTry counts a decision, as long as there is one left.
func (s *search) mayTry() bool {
	if s.left == 0 || s.x.tried >= remedyTrials {
		return false
	}
	s.left--
	s.x.tried++
	return true
}

// works: with these steps done, the goal is reached.
func (s *search) works(steps ...Step) bool {
	in := s.x.in
	for _, step := range steps {
		in = step.Apply(in)
	}
	p := decided(in)
	r, n := p.aim(s.goal)
	return r != nil && p.reached(r, n, s.goal.promoted)
}

// needed leaves out the steps without which the rest does as well.
func (s *search) needed(steps []Step) []Step {
	for i := 0; i < len(steps) && len(steps) > 1; {
		rest := slices.Delete(slices.Clone(steps), i, i+1)
		if s.mayTry() && s.works(rest...) {
			steps = rest
			continue
		}
		i++
	}
	return steps
}

// others are the single steps that do as well as the one that was found.
func (s *search) others(found []Step) []Step {
	if len(found) > 1 {
		return nil
	}
	var out []Step
	r, n := s.x.p.aim(s.goal)
	for _, step := range s.x.p.nextSteps(r, n, s.goal.promoted, false) {
		if step.Kind == StepRemove && !found[0].configures() {
			continue // the constraint has its purpose
		}
		if len(out) < remedyOthers && !slices.Contains(found, step) && s.mayTry() && s.works(step) {
			out = append(out, step)
		}
	}
	return out
}

// aim finds the goal in a plan.
func (p *plan) aim(g goal) (*resource, *node) {
	r, n := p.findResource(g.id), p.nodeByName[g.node]
	if r != nil && !g.exact {
		r = r.standIn(n)
	}
	return r, n
}

// standIn is what counts for r, in an instance of an anonymous clone, when it
// does not matter which instance is on a node: the same part of the instance
// that is to be on n (nil: on any), or of one that is to be on none.
func (r *resource) standIn(n *node) *resource {
	top := r.top()
	if top == r || !top.isAnonymous() || r.isBundled() {
		return r
	}
	var idle *resource
	for _, inst := range top.children {
		m := inst.member(r.xmlID)
		if m == nil {
			continue
		}
		at := nodeOf(m.where())
		if at != nil && (n == nil || at == n) {
			return m
		}
		if at == nil && !m.orphan && idle == nil {
			idle = m
		}
	}
	if idle != nil {
		return idle
	}
	return r
}

// reached: r, or an instance of it, is to be on n (nil: anywhere) and can be;
// promoted, if that is asked for.
func (p *plan) reached(r *resource, n *node, promoted bool) bool {
	switch {
	case r.variant == clone:
		return slices.ContainsFunc(r.children, func(c *resource) bool { return p.reached(c, n, promoted) })
	case r.variant == bundle:
		return slices.ContainsFunc(r.instances(), func(c *resource) bool { return p.reached(c, n, false) })
	case r.variant == group:
		return len(r.children) > 0 && p.reached(r.children[0], n, promoted)
	}
	at := nodeOf(r.allocated)
	switch {
	case at == nil, n != nil && at != n, r.next == roleStopped, promoted && r.next != rolePromoted:
		return false
	case promoted && r.role != rolePromoted:
		return canDo(r, "promote", at)
	}
	if start := r.exactActions("start", 0, at); len(start) > 0 && !(start[0].is(actOptional) && r.runsOn(at)) {
		return start[0].is(actRunnable) && p.unfencedFirst(start[0]) == nil
	}
	return r.runsOn(at)
}

// canDo: the operation of r on n is planned and nothing keeps it from being done.
func canDo(r *resource, task string, n *node) bool {
	found := r.exactActions(task, 0, n)
	return len(found) > 0 && found[0].is(actRunnable)
}
