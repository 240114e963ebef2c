package cib

import (
	"iter"
	"slices"
)

// What the upgrade steps do with elements. Unlike attr, none of these marks
// what it touches as read.

func (e *element) find(name string) *attribute {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			return &e.attrs[i]
		}
	}
	return nil
}

// get returns an attribute's value, "" without one.
func (e *element) get(name string) string {
	if a := e.find(name); a != nil {
		return a.value
	}
	return ""
}

// set gives an attribute a value, whether it is there or not.
func (e *element) set(name, value string) {
	if a := e.find(name); a != nil {
		a.value = value
		return
	}
	e.setAttr(name, value)
}

// drop removes an attribute, and returns its value.
func (e *element) drop(name string) (value string, there bool) {
	for i, a := range e.attrs {
		if a.name == name {
			e.attrs = slices.Delete(e.attrs, i, i+1)
			return a.value, true
		}
	}
	return "", false
}

// child is the first child of this name; one is made if there is none.
func (e *element) child(name string) *element {
	for k := range e.each(name) {
		return k
	}
	return e.add(name, e.line)
}

// add appends a child that the document does not have; line is that of what
// it is made from.
func (e *element) add(name string, line int) *element {
	k := &element{name: name, line: line}
	e.kids = append(e.kids, k)
	return k
}

// each visits the children of these names, of any name without one.
func (e *element) each(names ...string) iter.Seq[*element] {
	return func(yield func(*element) bool) {
		for _, k := range e.kids {
			if (len(names) == 0 || slices.Contains(names, k.name)) && !yield(k) {
				return
			}
		}
	}
}

// all visits the element and everything below it, outer elements first.
func (e *element) all() iter.Seq[*element] {
	return func(yield func(*element) bool) { e.visit(yield) }
}

func (e *element) visit(yield func(*element) bool) bool {
	if !yield(e) {
		return false
	}
	for _, k := range e.kids {
		if !k.visit(yield) {
			return false
		}
	}
	return true
}

// unconditional tells a set of pairs that depends on no rule.
func (e *element) unconditional() bool {
	for range e.each("rule") {
		return false
	}
	return true
}

// sets tells whether a set of this kind without a rule has a pair of this name.
func (e *element) sets(kind, name string) bool {
	for set := range e.each(kind) {
		if set.unconditional() && set.pair(name) != nil {
			return true
		}
	}
	return false
}

// pair is the set's nvpair of this name, or nil.
func (e *element) pair(name string) *element {
	for nv := range e.each("nvpair") {
		if nv.get("name") == name {
			return nv
		}
	}
	return nil
}

// take removes the set's nvpairs of this name, and returns the one that counts:
// the first.
func (e *element) take(name string) *element {
	nv := e.pair(name)
	e.kids = slices.DeleteFunc(e.kids, func(k *element) bool { return k.name == "nvpair" && k.get("name") == name })
	return nv
}

// addPair appends an nvpair to a set.
func (e *element) addPair(id, name, value string, line int) {
	nv := e.add("nvpair", line)
	nv.attrs = []attribute{{name: "id", value: id}, {name: "name", value: name}, {name: "value", value: value}}
}

// copyAs is the element with all below it under ids of their own.
func (e *element) copyAs(idPrefix string) *element {
	c := &element{name: e.name, line: e.line, attrs: slices.Clone(e.attrs)}
	if id := c.find("id"); id != nil {
		id.value = idPrefix + id.value
	}
	for _, k := range e.kids {
		c.kids = append(c.kids, k.copyAs(idPrefix))
	}
	return c
}

// conditionOf makes a new set depend on what the other one depends on.
func (e *element) conditionOf(set *element) {
	if score := set.find("score"); score != nil {
		e.set("score", score.value)
	}
	for rule := range set.each("rule") {
		e.kids = append(e.kids, rule.copyAs(e.get("id")+"-"))
	}
}
