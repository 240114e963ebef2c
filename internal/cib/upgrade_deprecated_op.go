package cib

import (
	"cmp"
	"fmt"
	"slices"
)

// operationOptions are the options of operations that were also taken from
// among their parameters.
var operationOptions = []string{"interval-origin", "start-delay", "enabled", "on-fail", "record-pending", "role", "timeout"}

// upgradeOperations takes out of the operations what is an option of the
// resource, and out of their parameters what is an option of the operation.
func (u *upgrader) upgradeOperations(r *element) {
	for operations := range r.each("operations") {
		for op := range operations.each("op") {
			u.optionsFromParameters(r, op)
		}
	}
	u.upgradeRequires(r)
}

// optionsFromParameters moves options from an operation's parameters to its
// meta-attributes. An option that the resource sets stays out, and of several
// the last wins: so Pacemaker's own upgrade has it.
func (u *upgrader) optionsFromParameters(r, op *element) {
	params := slices.Collect(op.each("instance_attributes"))
	for i, set := range params {
		set.kids = slices.DeleteFunc(set.kids, func(nv *element) bool {
			name := nv.get("name")
			if nv.name != "nvpair" || !slices.Contains(operationOptions, name) {
				return false
			}
			again := func(later *element) bool { return later.unconditional() && later.pair(name) != nil }
			if r.sets("meta_attributes", name) || slices.ContainsFunc(params[i+1:], again) {
				u.note(nv, "parameter "+name, "", "it is set elsewhere")
				return true
			}
			target := operationMeta(op, set)
			target.kids = append(target.kids, nv)
			u.note(nv, "parameter "+name, "meta-attribute "+name)
			return true
		})
	}
}

// operationMeta is the set of an operation's meta-attributes that takes what
// leaves a set of its parameters.
func operationMeta(op, set *element) *element {
	id := cmp.Or(set.get("id"), op.get("id")) + "-meta"
	for other := range op.each("meta_attributes") {
		if other.get("id") == id || set.unconditional() && other.unconditional() && other.find("id-ref") == nil {
			return other
		}
	}
	made := op.add("meta_attributes", set.line)
	made.set("id", id)
	made.conditionOf(set)
	return made
}

// requirement is what an operation says about requires, and how strongly: its
// attribute is stronger than its meta-attributes, and these than its
// parameters.
type requirement struct {
	op, from *element
	// set holds it, nil for the attribute.
	set    *element
	value  string
	weight int
}

// upgradeRequires makes requires of start and promote an option of the
// resource, unless the resource has one, and forgets that of other operations.
// Of equally strong ones the last counts; those under a rule keep it.
func (u *upgrader) upgradeRequires(r *element) {
	var plain *requirement
	own := r.sets("meta_attributes", "requires")
	for _, q := range takeRequirements(r) {
		name := q.op.get("name")
		switch {
		case name != "start" && name != "promote":
			u.note(q.from, q.text(), "", "only start and promote have it")
		case own:
			u.note(q.from, q.text(), "", "the resource has its own")
		case q.set != nil && !q.set.unconditional():
			u.requires(r, q)
		case plain == nil || q.weight >= plain.weight:
			plain = q
		default:
			u.note(q.from, q.text(), "", "another operation decides")
		}
	}
	if plain != nil {
		u.requires(r, plain)
	}
}

func (q *requirement) text() string { return fmt.Sprintf("requires=%q", q.value) }

// requires gives a resource the meta-attribute, under the requirement's rule.
func (u *upgrader) requires(r *element, q *requirement) {
	id := r.get("id") + "-requires"
	if q.set != nil {
		id = r.get("id") + "-" + q.set.get("id")
	}
	made := r.add("meta_attributes", q.from.line)
	made.set("id", id)
	if q.set != nil {
		made.conditionOf(q.set)
	}
	made.addPair(id+"-requires", "requires", q.value, q.from.line)
	u.note(q.from, q.text(), fmt.Sprintf("meta-attribute of %q", r.get("id")))
}

// takeRequirements removes requires from a resource's operations.
func takeRequirements(r *element) []*requirement {
	const fromParameter, fromMeta, fromAttribute = 1, 2, 3
	var found []*requirement
	for operations := range r.each("operations") {
		for op := range operations.each("op") {
			if value, there := op.drop("requires"); there {
				found = append(found, &requirement{op: op, from: op, value: value, weight: fromAttribute})
			}
			for set := range op.each("meta_attributes", "instance_attributes") {
				weight := fromMeta
				if set.name == "instance_attributes" {
					weight = fromParameter
				}
				if nv := set.take("requires"); nv != nil {
					found = append(found, &requirement{op: op, from: nv, set: set, value: nv.get("value"), weight: weight})
				}
			}
		}
	}
	return found
}
