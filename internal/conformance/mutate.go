package conformance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Mutant is a CIB made from another by a few changes.
type Mutant struct {
	Document []byte
	// Changes are the names of what was done, in that order.
	Changes []string
}

// mutation is one kind of change. It reports whether it found anything to
// change.
type mutation struct {
	name  string
	apply func(*mutator) bool
}

// mutations are all kinds of change. What lies in a real CIB together rarely
// lies in a random one, so a change of that reaches states that Generate does
// not.
var mutations = slices.Concat(nodeMutations, historyMutations, resourceMutations, constraintMutations, settingMutations)

// Mutate makes one to three changes to a CIB, drawn from a seed. A donor is
// another CIB that some mutations take parts from; it may be empty.
// The CIB made carries its own date.
func Mutate(document, donor []byte, seed uint64) (Mutant, error) {
	root, err := parseXML(string(document))
	if err != nil {
		return Mutant{}, err
	}
	if root.name != "cib" || root.child("configuration") == nil {
		return Mutant{}, errors.New("no <cib> with a <configuration> to change")
	}
	m := &mutator{dice: dice{rand.New(rand.NewPCG(seed, 0x6d75746174))}, root: root, donor: donor}
	m.date()
	var done []string
	for range 1 + m.r.IntN(3) {
		// Some find nothing to change, so more are tried than are wanted.
		for range 20 {
			kind := mutations[m.r.IntN(len(mutations))]
			if kind.apply(m) {
				done = append(done, kind.name)
				break
			}
		}
	}
	return Mutant{[]byte(root.xml()), done}, nil
}

// mutator changes a tree.
type mutator struct {
	dice
	root  *element
	donor []byte
	ids   int
}

// date lets the CIB be judged at a fixed time: its own if it has one, else
// now, or shortly after the last thing that happened.
func (m *mutator) date() {
	if m.root.attr("execution-date") != "" {
		return
	}
	date := now
	if m.chance(0.5) {
		last := 0
		for _, op := range m.all("lrm_rsc_op") {
			if at, err := strconv.Atoi(op.attr("last-rc-change")); err == nil {
				last = max(last, at)
			}
		}
		if last > 0 {
			date = last + 30
		}
	}
	m.root.set("execution-date", strconv.Itoa(date))
}

// all returns the elements of these names.
func (m *mutator) all(names ...string) []*element {
	var out []*element
	m.root.walk(func(e *element) {
		if slices.Contains(names, e.name) {
			out = append(out, e)
		}
	})
	return out
}

// any draws one of the elements of these names, or nil.
func (m *mutator) any(names ...string) *element { return m.one(m.all(names...)) }

// parent returns the element that e is a child of, or nil.
func (m *mutator) parent(e *element) *element {
	var found *element
	m.root.walk(func(p *element) {
		if slices.Contains(p.kids, e) {
			found = p
		}
	})
	return found
}

// remove takes an element out of the tree.
func (m *mutator) remove(e *element) bool {
	p := m.parent(e)
	if e == nil || p == nil {
		return false
	}
	p.kids = slices.DeleteFunc(p.kids, func(k *element) bool { return k == e })
	return true
}

// stateOf returns the state of the node that a resource's history is part of,
// or nil.
func (m *mutator) stateOf(resource *element) *element {
	for e := resource; e != nil; e = m.parent(e) {
		if e.name == "node_state" {
			return e
		}
	}
	return nil
}

// id makes one that the CIB does not have.
func (m *mutator) id(stem string) string {
	m.ids++
	return fmt.Sprintf("mutant-%s-%d", stem, m.ids)
}

// section returns a child of the configuration, made if it is missing, at the
// place where the schema wants it.
func (m *mutator) section(name string) *element {
	order := []string{"crm_config", "nodes", "resources", "constraints", "acls", "tags", "fencing-topology", "op_defaults", "rsc_defaults", "alerts"}
	config := m.root.child("configuration")
	if e := config.child(name); e != nil {
		return e
	}
	e := el(name)
	config.add(e)
	slices.SortStableFunc(config.kids, func(a, b *element) int {
		return slices.Index(order, a.name) - slices.Index(order, b.name)
	})
	return e
}

// put sets a name-value pair in the first set of that kind below e, which is
// made if there is none. Sets come before what the schema wants after them.
func (m *mutator) put(e *element, kind, name, value string) bool {
	set := e.child(kind)
	if set == nil || set.attr("id-ref") != "" {
		set = el(kind, "id", m.id("set"))
		if e.name == "primitive" || e.name == "template" || e.name == "bundle" {
			e.kids = slices.Insert(e.kids, m.afterOthers(e), set)
		} else {
			e.kids = slices.Insert(e.kids, 0, set)
		}
	}
	for _, nv := range set.kids {
		if nv.name == "nvpair" && nv.attr("name") == name {
			if nv.attr("value") == value {
				return false
			}
			nv.set("value", value)
			return true
		}
	}
	set.add(nvpair(m.id("nv"), name, value))
	return true
}

// afterOthers is the place for a set of attributes: behind what describes a
// bundle's container.
func (m *mutator) afterOthers(e *element) int {
	for i, k := range e.kids {
		switch k.name {
		case "docker", "podman", "rkt", "network", "storage":
		default:
			return i
		}
	}
	return len(e.kids)
}

// resources are all configured resources, of any kind.
func (m *mutator) resources() []*element {
	var out []*element
	if list := m.root.child("configuration").child("resources"); list != nil {
		list.walk(func(e *element) {
			switch e.name {
			case "primitive", "group", "clone", "master", "bundle":
				out = append(out, e)
			}
		})
	}
	return out
}

// resourceID draws the id of one, or "".
func (m *mutator) resourceID() string {
	if e := m.one(m.resources()); e != nil {
		return e.attr("id")
	}
	return ""
}

// nodeName draws the name of a configured node, or "".
func (m *mutator) nodeName() string {
	if e := m.any("node"); e != nil {
		return e.attr("uname")
	}
	return ""
}

// choice is a name with the values it may be given.
type choice struct {
	name   string
	values []string
}

func (m *mutator) choose(from []choice) (name, value string) {
	c := from[m.r.IntN(len(from))]
	return c.name, m.pick(c.values...)
}
