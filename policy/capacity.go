package policy

import (
	"slices"
	"sort"

	"kvmha/internal/cib"
)

// Utilization ("Pacemaker Explained, Utilization and Placement Strategy"):
// nodes have capacities, resources need some of them.

// unpackUtilization reads the amounts of a node or resource, and, if these are
// to be shown, their names in the order in which they come.
func (p *plan) unpackUtilization(sets []cib.NVSet) (values map[string]int, names []string) {
	texts := map[string]string{}
	p.applySets(sets, ruleContext{}, texts, "", false)
	if len(texts) == 0 {
		return nil, nil
	}
	values = make(map[string]int, len(texts))
	for name, text := range texts {
		values[name] = int(leadingInt(text))
	}
	if !p.in.Utilization {
		return values, nil
	}
	for _, s := range p.sortSets(sets, "", nil) {
		for _, nv := range s.Pairs {
			if _, counts := values[nv.Name]; counts && !slices.Contains(names, nv.Name) {
				names = append(names, nv.Name)
			}
		}
	}
	return values, names
}

// consume takes r's needs from n's capacities (sign -1) or gives them back (1).
func (r *resource) consume(n *node, sign int) {
	if r.p.in.Utilization {
		for _, name := range inTableOrder(r.utilizationNames, r.utilizationNames) {
			if _, has := n.capacity[name]; !has {
				n.capacityNames = append(n.capacityNames, name)
			}
		}
	}
	addNeeds(&n.capacity, r.utilization, sign)
}

func addNeeds(to *map[string]int, needs map[string]int, sign int) {
	for name, v := range needs {
		if *to == nil {
			*to = map[string]int{}
		}
		if _, has := (*to)[name]; !has && sign < 0 {
			(*to)[name] = 0
			continue
		}
		(*to)[name] += sign * v
	}
}

// compareCapacity is less than 0 if a has more left than b.
func compareCapacity(a, b *node) int {
	result := 0
	for name, v := range a.capacity {
		result += order(b.capacity[name], v)
	}
	for name, v := range b.capacity {
		if _, has := a.capacity[name]; !has {
			result += order(v, 0)
		}
	}
	return result
}

func fits(n *node, needs map[string]int) bool {
	for name, v := range needs {
		if v > n.capacity[name] {
			return false
		}
	}
	return true
}

// limitByCapacity forbids nodes that are too small for r and what must be with
// it; if all are, those that are too small for r alone. Then the node with most
// room is returned as the one to prefer.
func (p *plan) limitByCapacity(r *resource) *place {
	if p.options.placement == "default" {
		return nil
	}
	var together []*resource
	together = r.colocatedSet(nil, together)
	if !slices.Contains(together, r) {
		together = append(together, r)
	}
	needs := map[string]int{}
	for _, c := range together {
		c.sumNeeds(together, &needs)
	}
	var roomiest *place
	capable := false
	for _, pl := range p.tableOrder(r.allowed) {
		if !pl.available() {
			continue
		}
		capable = capable || fits(pl.node, needs)
		if roomiest == nil || compareCapacity(pl.node, roomiest.node) < 0 {
			roomiest = pl
		}
	}
	if !capable {
		needs = r.utilization
	}
	for _, pl := range r.allowed.list() {
		if pl.available() && !fits(pl.node, needs) {
			p.scoreOn(r, pl.node, minusInfinity)
			r.notes = append(r.notes, note{at: pl.node, score: minusInfinity, why: Reason{Kind: ReasonCapacity}, needs: needs})
		}
	}
	if capable {
		return nil
	}
	return roomiest
}

// colocatedSet gathers what must be with r.
func (r *resource) colocatedSet(origin *resource, list []*resource) []*resource {
	if origin == nil {
		origin = r
	}
	if r.variant == group {
		members := r.children
		if !r.group.colocated && !r.parent.isClone() && len(members) > 0 {
			members = members[:1]
		}
		for _, m := range members {
			list = m.colocatedSet(origin, list)
		}
	}
	if slices.Contains(list, r) {
		return list
	}
	list = append(list, r)
	for _, c := range r.thisWith {
		if c.primary != origin && c.score == infinity && c.effectOf(r, c.primary, true) == affectsPlace {
			list = c.primary.colocatedSet(origin, list)
		}
	}
	for _, c := range r.withThis {
		if c.dependent == origin || r.isClone() && !c.dependent.isClone() {
			continue
		}
		if c.score == infinity && c.effectOf(c.dependent, r, true) == affectsPlace {
			list = c.dependent.colocatedSet(origin, list)
		}
	}
	return list
}

// sumNeeds adds what r still has to take; what is in the list by itself is not
// counted again as a part of what it is in.
func (r *resource) sumNeeds(list []*resource, needs *map[string]int) {
	if !r.provisional {
		return
	}
	switch r.variant {
	case primitive:
		for name, v := range r.utilization {
			(*needs)[name] += v
		}
	case group:
		members := r.children
		if !r.group.colocated && !r.parent.isClone() && len(members) > 0 {
			members = members[:1]
		}
		for _, m := range members {
			if m.provisional && !slices.Contains(list, m) {
				m.sumNeeds(list, needs)
			}
		}
	case bundle:
		// All replicas need the same, and only their containers need anything.
		r.instances()[0].sumNeeds(list, needs)
	case clone:
		listed := false
		for _, c := range r.children {
			if slices.Contains(list, c) {
				listed = true
			} else if slices.ContainsFunc(c.children, func(m *resource) bool { return slices.Contains(list, m) }) {
				c.sumNeeds(list, needs)
				listed = true
			}
		}
		if !listed && len(r.children) > 0 {
			r.children[0].sumNeeds(list, needs)
		}
	}
}

// sortResources orders resources by priority, then by how much they want to
// stay, then by their scores: the choosy ones go first.
func (p *plan) sortResources() {
	var nodes []*place
	for _, n := range p.nodes {
		nodes = append(nodes, &place{node: n, score: n.score})
	}
	nodes = p.sortPlaces(nodes, nil)
	tallies := map[*resource]*tally{}
	scores := func(r *resource) *tally {
		t, ok := tallies[r]
		if !ok {
			t = &tally{}
			r.addScoresTo(t, "", 1, selectThisWith)
			tallies[r] = t
		}
		return t
	}
	at := func(t *tally, n *node) scoreType {
		if i := slices.Index(t.nodes, n); i >= 0 {
			return t.scores[i]
		}
		return minusInfinity
	}
	sort.SliceStable(p.resources, func(i, j int) bool {
		a, b := p.resources[i], p.resources[j]
		if a.priority != b.priority {
			return a.priority > b.priority
		}
		ta, tb := scores(a), scores(b)
		if x, y := at(ta, a.current()), at(tb, b.current()); x != y {
			return x > y
		}
		for _, pl := range nodes {
			if x, y := at(ta, pl.node), at(tb, pl.node); x != y {
				return x > y
			}
		}
		return false
	})
}

// orderLoad lets a node's capacity be freed before others use it.
func (p *plan) orderLoad(r *resource) {
	loadStopped := func(n *node) *action {
		a := p.pseudo("load_stopped_" + n.name)
		if a.n == nil {
			a.bind(n)
			a.clear(actOptional)
		}
		return a
	}
	for _, n := range r.running {
		p.orderBefore(r, "stop", loadStopped(n), ordLoad)
	}
	for _, n := range p.nodes {
		if r.allowed.get(n) == nil {
			continue
		}
		p.orderAction(loadStopped(n), r, "start", ordLoad)
		p.orderAction(loadStopped(n), r, "migrate_to", ordLoad)
	}
}

// showCapacities records what the nodes have, as crm_simulate -U prints it.
func (p *plan) showCapacities(when string) {
	if !p.in.Utilization {
		return
	}
	for _, n := range p.nodes {
		p.scores = append(p.scores, ScoreLine{Kind: NodeCapacity, Func: when, Node: n.name, Amounts: amounts(n.capacityNames, n.capacity)})
	}
}

// showNeeds records what r takes of the node it was given.
func (p *plan) showNeeds(r *resource, n *node) {
	if p.in.Utilization {
		p.scores = append(p.scores, ScoreLine{Kind: ResourceNeeds, Func: "pcmk__finalize_assignment", Resource: r.id, Node: n.name, Amounts: amounts(r.utilizationNames, r.utilization)})
	}
}

// amounts lists values in the order of the reference's tables.
func amounts(names []string, values map[string]int) []Amount {
	list := make([]Amount, 0, len(names))
	for _, name := range inTableOrder(names, names) {
		list = append(list, Amount{name, values[name]})
	}
	return list
}
