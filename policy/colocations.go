package policy

import (
	"slices"
	"sort"
	"strings"

	"kvmha/internal/cib"
)

// colocation places dependent where primary is (or, with a negative score, is
// not).
type colocation struct {
	id                         string
	dependent, primary         *resource
	dependentRole, primaryRole role
	score                      cib.Score
	attr                       string
	influence                  bool
}

// influences: the dependent's preferences matter for where r (the primary, or
// an instance of it) goes: if the constraint says so, or r is not active yet.
func (c *colocation) influences(r *resource) bool {
	if r == nil {
		r = c.primary
	}
	if c.dependent.allowRemoteRemote && !r.failed && len(r.running) == 1 {
		return false
	}
	return c.influence || len(r.running) == 0
}

func (c *colocation) attribute(fallback string) string {
	if c.attr != "" {
		return c.attr
	}
	return fallback
}

// comparePlacement orders resources by what is placed first.
func comparePlacement(a, b *resource) int {
	if c := order(b.priority, a.priority); c != 0 {
		return c
	}
	if a.variant != b.variant {
		return int(b.variant) - int(a.variant)
	}
	if a.variant == clone && a.promotable != b.promotable {
		if a.promotable {
			return -1
		}
		return 1
	}
	return strings.Compare(a.id, b.id)
}

// insertColocation keeps a list sorted; a new one comes before its equals. What
// much depends on has long lists.
func insertColocation(list []*colocation, c *colocation, of func(*colocation) *resource) []*colocation {
	at := sort.Search(len(list), func(i int) bool { return comparePlacement(of(c), of(list[i])) <= 0 })
	return slices.Insert(list, at, c)
}

func (r *resource) addThisWith(c *colocation) {
	r.thisWith = insertColocation(r.thisWith, c, func(c *colocation) *resource { return c.primary })
}

func (r *resource) addWithThis(c *colocation) {
	r.withThis = insertColocation(r.withThis, c, func(c *colocation) *resource { return c.dependent })
}

func (p *plan) addColocation(c *colocation) {
	if c.score == 0 {
		return
	}
	if c.dependentRole == roleStarted {
		c.dependentRole = roleUnknown
	}
	if c.primaryRole == roleStarted {
		c.primaryRole = roleUnknown
	}
	c.dependent.addThisWith(c)
	c.primary.addWithThis(c)
	p.colocations = append(p.colocations, c)
	if c.score <= minusInfinity {
		p.orderApart(c.dependent, c.dependentRole, c.primary, c.primaryRole)
		p.orderApart(c.primary, c.primaryRole, c.dependent, c.dependentRole)
	}
}

// orderApart lets one leave a node before the other comes.
func (p *plan) orderApart(first *resource, firstRole role, then *resource, thenRole role) {
	leave, come := []string{"stop"}, []string{"start"}
	switch firstRole {
	case rolePromoted:
		leave = []string{"demote"}
	case roleUnpromoted:
		leave = append(leave, "promote")
	}
	switch thenRole {
	case rolePromoted:
		come = []string{"promote"}
	case roleUnpromoted:
		come = append(come, "demote")
	}
	for _, a := range leave {
		for _, b := range come {
			p.orderKeys(first, a, then, b, ordApart)
		}
	}
}

func influenceOf(text string, r *resource) bool {
	switch {
	case isTrue(text):
		return true
	case isFalse(text):
		return false
	}
	return r.critical
}

func (p *plan) unpackColocation(c *cib.Colocation) {
	if !p.alive(c.Lifetime) {
		return
	}
	if len(c.Sets) > 0 {
		p.unpackColocationSets(c, p.expandSets(c.ID, c.Sets))
		return
	}
	if r, with := p.constraintResource(c.Resource), p.constraintResource(c.With); r != nil && with != nil {
		p.addColocation(&colocation{
			id: c.ID, dependent: r, primary: with, score: c.Score, attr: c.NodeAttr,
			dependentRole: parseRole(c.Role), primaryRole: parseRole(c.WithRole), influence: influenceOf(c.Influence, r),
		})
		return
	}
	dependent, dTag, ok := p.setOf(c.Resource)
	if !ok {
		p.fault("Ignoring constraint '%s' because '%s' is not a valid resource or tag", c.ID, c.Resource)
		return
	}
	primary, pTag, ok := p.setOf(c.With)
	if !ok {
		p.fault("Ignoring constraint '%s' because '%s' is not a valid resource or tag", c.ID, c.With)
		return
	}
	if dTag && pTag {
		p.fault("Ignoring constraint '%s' because two templates or tags cannot be colocated", c.ID)
		return
	}
	dependent.Role, primary.Role = c.Role, c.WithRole
	p.unpackColocationSets(c, []cib.ResourceSet{dependent, primary})
}

func (p *plan) unpackColocationSets(c *cib.Colocation, sets []cib.ResourceSet) {
	for i := range sets {
		p.colocateWithin(c, &sets[i])
		if i > 0 {
			p.colocateSets(c, &sets[i-1], &sets[i])
		}
	}
}

// colocateWithin connects the members of one set up to the first that is not
// there: each with the one before it, or, if they are to be apart, each with
// all before its own name. A clone that the set names by what is inside has no
// such place: as in the reference it is to be apart from all, even from itself.
func (p *plan) colocateWithin(c *cib.Colocation, set *cib.ResourceSet) {
	s := c.Score
	if set.Score != "" {
		s = score(set.Score)
	}
	if s == 0 || isFalse(set.Sequential) {
		return
	}
	list, _ := p.resolve(set)
	role := parseRole(set.Role)
	add := func(r, with *resource) {
		p.addColocation(&colocation{id: set.ID, dependent: r, primary: with, score: s,
			dependentRole: role, primaryRole: role, influence: influenceOf(c.Influence, r)})
	}
	backwards := set.Ordering != "" && !strings.EqualFold(set.Ordering, "group")
	for i, r := range list {
		switch {
		case s > 0 && i > 0 && !backwards:
			add(r, list[i-1])
		case s > 0 && i > 0:
			add(list[i-1], r)
		case s < 0:
			own := slices.IndexFunc(set.Refs, func(id string) bool { return strings.EqualFold(id, r.id) })
			if own < 0 {
				own = len(set.Refs)
			}
			for _, with := range list[:min(own, len(list))] {
				add(r, with)
			}
			if own > len(list) {
				// It came upon the member that is not there.
				return
			}
		}
	}
}

// colocateSets connects two sets: the first of one with the last of the other
// where they have an order, else each with each, up to the first of these that
// is not there.
func (p *plan) colocateSets(c *cib.Colocation, set1, set2 *cib.ResourceSet) {
	if c.Score == 0 || len(set1.Refs) == 0 || len(set2.Refs) == 0 {
		return
	}
	from, to := *set1, *set2
	if !isFalse(from.Sequential) {
		from.Refs = from.Refs[:1]
	}
	if !isFalse(to.Sequential) {
		to.Refs = to.Refs[len(to.Refs)-1:]
	}
	list1, _ := p.resolve(&from)
	list2, complete := p.resolve(&to)
	for _, r := range list1 {
		for _, with := range list2 {
			p.addColocation(&colocation{id: c.ID, dependent: r, primary: with, score: c.Score,
				dependentRole: parseRole(from.Role), primaryRole: parseRole(to.Role), influence: influenceOf(c.Influence, r)})
		}
		if !complete {
			return
		}
	}
}

// effect is what a colocation does to its dependent.
type effect uint8

const (
	noEffect effect = iota
	affectsPlace
	affectsRole
)

// effectOf decides whether a colocation matters now. preview asks before the
// primary has its place.
func (c *colocation) effectOf(dependent, primary *resource, preview bool) effect {
	if !preview && primary.provisional {
		return noEffect
	}
	if c.dependentRole >= roleUnpromoted && dependent.parent != nil && dependent.parent.promotable && !dependent.provisional {
		return affectsRole
	}
	if !preview && !dependent.provisional {
		return noEffect
	}
	match := func(want, have role) bool { return want == roleUnknown || want == have }
	if c.score > 0 && (!match(c.dependentRole, dependent.next) || !match(c.primaryRole, primary.next)) {
		return noEffect
	}
	if c.score < 0 && (c.dependentRole != roleUnknown && c.dependentRole == dependent.next ||
		c.primaryRole != roleUnknown && c.primaryRole == primary.next) {
		return noEffect
	}
	return affectsPlace
}

// applyColocation lets primary's place (or those of what is in it) act on
// dependent, which takes it apart first if it is a group.
func (c *colocation) applyDependent(dependent, primary *resource) {
	switch dependent.variant {
	case group:
		c.colocateGroup(dependent, primary)
	case primitive:
		c.applyPrimary(dependent, primary)
	}
}

func (c *colocation) applyPrimary(dependent, primary *resource) {
	switch primary.variant {
	case group:
		c.colocateWithGroup(dependent, primary)
	case clone:
		c.colocateWithClone(dependent, primary)
	case bundle:
		c.colocateWithBundle(dependent, primary)
	case primitive:
		switch c.effectOf(dependent, primary, false) {
		case affectsRole:
			c.applyToPriority(dependent, primary)
		case affectsPlace:
			c.applyToPlaces(dependent, primary)
		}
	}
}

func (c *colocation) colocateGroup(dependent, primary *resource) {
	if len(dependent.children) == 0 {
		return
	}
	if dependent.group.colocated {
		c.applyDependent(dependent.children[0], primary)
		return
	}
	if c.score >= infinity {
		dependent.p.fault("%s: Cannot perform mandatory colocation between non-colocated group and %s", dependent.id, primary.id)
		return
	}
	for _, m := range dependent.children {
		c.applyDependent(m, primary)
	}
}

func (c *colocation) colocateWithGroup(dependent, primary *resource) {
	if primary.provisional || len(primary.children) == 0 {
		return
	}
	if primary.group.colocated {
		m := primary.children[0]
		if c.score >= infinity {
			m = primary.children[len(primary.children)-1]
		}
		c.applyPrimary(dependent, m)
		return
	}
	if c.score >= infinity {
		dependent.p.fault("%s: Cannot perform mandatory colocation with non-colocated group %s", dependent.id, primary.id)
		return
	}
	for _, m := range primary.children {
		c.applyPrimary(dependent, m)
	}
}

// applyToPlaces adds the score where the attribute is that of primary's node,
// and forbids the rest if it is mandatory.
func (c *colocation) applyToPlaces(dependent, primary *resource) {
	attr := c.attribute("#id")
	value, has := "", false
	if primary.allocated != nil {
		value, has = primary.allocated.attrs[attr]
	} else if c.score < 0 {
		return
	}
	work := dependent.allowed.copy()
	for _, pl := range work.list() {
		v, ok := pl.attrs[attr]
		switch {
		case primary.allocated == nil:
			pl.score = pl.score.Add(-c.score)
		case ok == has && strings.EqualFold(v, value):
			if c.score < infinity {
				pl.score = pl.score.Add(c.score)
			}
		case c.score >= infinity:
			pl.score = pl.score.Add(-c.score)
		}
	}
	if c.score <= minusInfinity || c.score >= infinity || work.anyAvailable() {
		dependent.allowed = work
		dependent.follow(c, primary)
	}
}

// applyToPriority makes an instance more or less fit to be promoted.
func (c *colocation) applyToPriority(dependent, primary *resource) {
	if primary.allocated == nil || dependent.allocated == nil {
		return
	}
	attr := c.attribute("#id")
	if !strings.EqualFold(dependent.allocated.attrs[attr], primary.allocated.attrs[attr]) {
		if c.score >= infinity && c.dependentRole == rolePromoted {
			dependent.priority = minusInfinity
		}
		return
	}
	if c.primaryRole != roleUnknown && c.primaryRole != primary.next {
		return
	}
	s := c.score
	if c.dependentRole == roleUnpromoted {
		s = -s
	}
	dependent.priority = s.Add(dependent.priority)
}
