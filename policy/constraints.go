package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// unpackConstraints reads the constraints. Their order matters only within a
// kind.
func (p *plan) unpackConstraints() {
	c := &p.cib.Config
	for i := range c.Locations {
		p.unpackLocation(&c.Locations[i])
	}
	c.InOrder(p.unpackColocation, p.unpackOrder, p.unpackTicket)
}

// constraintResource finds what a constraint names: by its own name, or, for
// an instance of a clone that goes by another, the clone.
func (p *plan) constraintResource(id string) *resource {
	r := p.findResource(id)
	if r != nil && r.id != id {
		return r.top()
	}
	return r
}

// tagged are the resources behind a tag or template.
func (p *plan) tagged(id string) ([]string, bool) {
	if refs, ok := p.templates[id]; ok {
		return refs, refs != nil
	}
	refs, ok := p.tags[id]
	return refs, ok
}

// expandSets replaces tags and templates in sets by what they stand for, and
// tags in those as well.
func (p *plan) expandSets(constraint string, sets []cib.ResourceSet) []cib.ResourceSet {
	out := slices.Clone(sets)
	for i := range out {
		refs, missing := p.expandRefs(out[i].Refs, nil)
		if missing != "" {
			p.fault("Ignoring resource sets for constraint '%s' because '%s' is not a valid resource or tag", constraint, missing)
			return sets
		}
		out[i].Refs = refs
	}
	return out
}

// expandRefs lists the resources behind ids. It returns the first id that
// stands for nothing, or for itself: inside are the tags that the ids are in.
func (p *plan) expandRefs(ids, inside []string) (refs []string, missing string) {
	for _, id := range ids {
		if p.constraintResource(id) != nil {
			refs = append(refs, id)
			continue
		}
		tagged, ok := p.tagged(id)
		if !ok || slices.Contains(inside, id) {
			return nil, id
		}
		more, missing := p.expandRefs(tagged, append(inside, id))
		if missing != "" {
			return nil, missing
		}
		refs = append(refs, more...)
	}
	return refs, ""
}

// setOf makes a set of what a constraint names: a tag's resources in no order,
// or one resource. isTag tells which; ok is false if it names nothing.
func (p *plan) setOf(id string) (set cib.ResourceSet, isTag, ok bool) {
	if p.constraintResource(id) != nil {
		return cib.ResourceSet{ID: id, Refs: []string{id}}, false, true
	}
	if refs, found := p.tagged(id); found {
		return cib.ResourceSet{ID: id, Refs: refs, Sequential: "false"}, true, true
	}
	return cib.ResourceSet{}, false, false
}

// resolve finds the resources of a set up to the first that is missing; ok is
// false if one is.
func (p *plan) resolve(set *cib.ResourceSet) (list []*resource, ok bool) {
	for _, id := range set.Refs {
		r := p.constraintResource(id)
		if r == nil {
			p.fault("%s: No resource found for %s", set.ID, id)
			return list, false
		}
		list = append(list, r)
	}
	return list, true
}
