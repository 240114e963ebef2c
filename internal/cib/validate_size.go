package cib

import (
	"strconv"
	"strings"
)

// Sizes beyond which a number is a slip of the pen. A few bytes of a
// configuration can ask for millions of instances or orderings, and the
// scheduler would be busy until the memory ends (so is Pacemaker's). At these
// bounds a decision takes a few seconds; no real cluster comes near them.
const (
	maxInstances    = 5_000   // of one clone
	maxAllInstances = 100_000 // of all clones that say how many
	maxReplicas     = 300     // of one bundle
	maxMembers      = 2_000   // of one group
	maxPairs        = 1_000_000
)

// sizes reports what asks for more than can be planned.
func (v *validator) sizes(c *Configuration) {
	all := v.at("rsc_defaults", "").instances(c.RscDefaults)
	for _, top := range c.Resources {
		top.Walk(func(r, _ *Resource) {
			at := v.at(string(r.Kind), r.ID)
			switch {
			case r.Kind == Clone:
				before := all
				all += at.in("meta").instances(r.Meta)
				if before <= maxAllInstances && all > maxAllInstances {
					at.in("meta.clone-max").report("with it the clones have more than %d instances in all: write smaller numbers", maxAllInstances)
				}
			case r.Kind == Group && len(r.Children) > maxMembers:
				at.report("has %d members, more than the %d that can be planned: use several groups", len(r.Children), maxMembers)
			case r.Bundle != nil:
				at.replicas(r.Bundle)
			}
		})
	}
	v.pairs(c)
}

// instances is the greatest number of instances that sets of meta-attributes
// ask for.
func (p place) instances(sets []NVSet) int {
	most := 0
	for i := range sets {
		value, _ := sets[i].Get("clone-max")
		most = max(most, p.in("clone-max").bounded(value, maxInstances))
	}
	return most
}

// replicas checks every attribute that a bundle's number of replicas may come
// from.
func (p place) replicas(b *BundleSpec) {
	for _, name := range []string{"replicas", "promoted-max", "masters"} {
		p.in(b.Engine+"."+name).bounded(lookup(b.Attrs, name), maxReplicas)
	}
}

// bounded reports a number that is above its bound, and returns it, at most the
// bound. What follows the digits does not count, as for the scheduler.
func (p place) bounded(value string, bound int) int {
	digits := strings.TrimPrefix(strings.TrimSpace(value), "+")
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, err := strconv.Atoi(digits)
	if digits == "" || err == nil && n <= bound {
		return n
	}
	p.report("%s is more than the %d that can be planned: write a smaller number", digits, bound)
	return bound
}

// pairs reports the constraint with which there are too many pairs of
// resources: each member of a set is ordered or placed with each of the next.
func (v *validator) pairs(c *Configuration) {
	members := map[string]int{}
	for i := range c.Tags {
		members[c.Tags[i].ID] = len(c.Tags[i].Refs)
	}
	all := 0
	count := func(at place, pairs int) {
		before := all
		all = min(all+pairs, 2*maxPairs)
		if before <= maxPairs && all > maxPairs {
			at.report("with it the constraints make more than %d pairs of resources: use smaller sets or tags", maxPairs)
		}
	}
	for i := range c.Orders {
		o := &c.Orders[i]
		count(v.at("order", o.ID), setPairs(members, o.Sets)+size(members, o.First)*size(members, o.Then))
	}
	for i := range c.Colocations {
		l := &c.Colocations[i]
		count(v.at("colocation", l.ID), setPairs(members, l.Sets)+size(members, l.Resource)*size(members, l.With))
	}
}

// size is how many resources an id stands for: those of a tag, or one.
func size(members map[string]int, id string) int {
	if n, isTag := members[id]; isTag {
		return n
	}
	return 1
}

func setPairs(members map[string]int, sets []ResourceSet) int {
	pairs, before := 0, 0
	for i := range sets {
		here := 0
		for _, id := range sets[i].Refs {
			here += size(members, id)
		}
		pairs += here*before + here
		before = here
	}
	return pairs
}
