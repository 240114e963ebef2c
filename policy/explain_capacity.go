package policy

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// What utilization says about a node that is too small: how much of what is
// missing there, who has it, and what would make room.

// shortage is a part of what a resource needs, and what is with it, that a node
// has too little of.
type shortage struct {
	name       string
	need, have int
}

// shortages are what n lacks for r. What is noted is what r needed together
// with its companions when it was its turn; what is left is counted when all
// have their nodes.
func (r *resource) shortages(n *node) []shortage {
	needs := r.utilization
	for i := range r.notes {
		if nt := &r.notes[i]; nt.why.Kind == ReasonCapacity && nt.at == n {
			needs = nt.needs
		}
	}
	var out []shortage
	for _, name := range sortedKeys(needs) {
		if need, have := needs[name], n.capacity[name]; need > have {
			out = append(out, shortage{name, need, have})
		}
	}
	return out
}

// lacking tells what n has too little of for r, as "4 cpu needed, 2 of 8 left
// (db has 6)".
func lacking(r *resource, n *node) string {
	var out []string
	for _, s := range r.shortages(n) {
		total, taken, others := s.have, []string(nil), 0
		for i, u := range r.p.usersOf(n, s.name) {
			need := u.utilization[s.name]
			total += need
			if i < 3 {
				taken = append(taken, u.id+" has "+strconv.Itoa(need))
			} else {
				others += need
			}
		}
		if others > 0 {
			taken = append(taken, "others have "+strconv.Itoa(others))
		}
		out = append(out, strconv.Itoa(s.need)+" "+s.name+" needed, "+strconv.Itoa(s.have)+" of "+strconv.Itoa(total)+" left"+
			bracketed(strings.Join(taken, ", ")))
	}
	return strings.Join(out, "; ")
}

// usersOf are the resources on n that take some of what utilization calls name,
// the greediest first.
func (p *plan) usersOf(n *node, name string) []*resource {
	var out []*resource
	for _, top := range p.resources {
		top.walk(func(r *resource) {
			if r.variant == primitive && nodeOf(r.allocated) == n && r.utilization[name] > 0 {
				out = append(out, r)
			}
		})
	}
	slices.SortStableFunc(out, func(a, b *resource) int { return cmp.Compare(b.utilization[name], a.utilization[name]) })
	return out
}

// capacitySteps make room on n for r: what takes enough of it moves to a node
// that has room, or the node grows, or another resource stops.
func (p *plan) capacitySteps(r *resource, n *node) []Step {
	short := r.shortages(n)
	if len(short) == 0 {
		return nil
	}
	var moves, stops []Step
	first := short[0]
	users := p.usersOf(n, first.name)
	slices.Reverse(users) // the smallest that suffices
	for _, u := range users {
		if u.top() == r.top() || first.have+u.utilization[first.name] < first.need || u.isBundled() || u.top().isClone() {
			continue
		}
		if to := u.elsewhere(n); to != nil && len(moves) == 0 {
			moves = append(moves, Step{Kind: StepMove, Resource: u.top().id, Node: to.name})
		}
		if len(stops) == 0 {
			stops = append(stops, Step{Kind: StepStop, Resource: u.top().xmlID})
		}
	}
	grow := Step{Kind: StepCapacity, Node: n.name, Name: first.name, Value: strconv.Itoa(p.total(n, first.name) + first.need - first.have)}
	return append(append(moves, grow), stops...)
}

// total is what n has in all of what utilization calls name.
func (p *plan) total(n *node, name string) int {
	sum := n.capacity[name]
	for _, u := range p.usersOf(n, name) {
		sum += u.utilization[name]
	}
	return sum
}

// elsewhere is a node other than n that could have r.
func (r *resource) elsewhere(n *node) *node {
	for _, pl := range r.allowed.list() {
		if pl.node != n && pl.available() && fits(pl.node, r.utilization) {
			return pl.node
		}
	}
	return nil
}
