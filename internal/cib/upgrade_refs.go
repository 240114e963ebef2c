package cib

import (
	"fmt"
	"maps"
	"slices"
)

// reference is a set that was written as an id-ref, and the one it names.
type reference struct{ set, target *element }

// spreadReferences puts into each set that is an id-ref what it stands for:
// what a pair becomes depends on where its set is used.
func (u *upgrader) spreadReferences() []reference {
	config := u.root.child("configuration")
	kinds := []string{"cluster_property_set", "instance_attributes", "meta_attributes"}
	targets := map[[2]string]*element{}
	for e := range config.all() {
		if id := e.get("id"); id != "" && slices.Contains(kinds, e.name) && targets[[2]string{e.name, id}] == nil {
			targets[[2]string{e.name, id}] = e
		}
	}
	var shared []reference
	cost := 0
	for e := range config.all() {
		target := targets[[2]string{e.name, e.get("id-ref")}]
		if target == nil || target.find("id-ref") != nil {
			continue // no set, or one that the codec refuses
		}
		if cost += target.size(); cost > maxRefCost {
			break // refused by the codec, too
		}
		shared = append(shared, reference{e, target})
		spread := target.copyAs(fmt.Sprintf("copy-%d-of-", len(shared)))
		e.attrs, e.kids = spread.attrs, spread.kids
	}
	return shared
}

// gatherReferences makes references again of the sets that still are what they
// name; the others stay on their own.
func (u *upgrader) gatherReferences(shared []reference) {
	for _, r := range shared {
		if r.set.same(r.target) {
			r.set.attrs, r.set.kids = []attribute{{name: "id-ref", value: r.target.get("id")}}, nil
		}
	}
}

// same compares elements and all below them, but for their ids.
func (e *element) same(o *element) bool {
	attrs := func(e *element) map[string]string {
		m := map[string]string{}
		for _, a := range e.attrs {
			m[a.name] = a.value
		}
		delete(m, "id")
		return m
	}
	return e.name == o.name && maps.Equal(attrs(e), attrs(o)) && slices.EqualFunc(e.kids, o.kids, (*element).same)
}
