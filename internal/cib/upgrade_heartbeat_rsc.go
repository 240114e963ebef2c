package cib

import (
	"slices"
	"strings"
)

// definition are a resource's attributes that say what it is; all others were
// its options.
var definition = []string{"id", "class", "provider", "type", "description"}

// optionsAmongParameters are the options of a resource that were taken from
// its parameters.
var optionsAmongParameters = []string{"resource_stickiness", "allow_migrate", "globally_unique", "target_role",
	"clone_max", "clone_node_max", "master_max", "master_node_max"}

// upgradeHeartbeatResource collects a resource's options in meta-attributes.
func (u *upgrader) upgradeHeartbeatResource(r *element) {
	if !slices.Contains([]string{"primitive", "group", "clone", "master_slave"}, r.name) {
		return
	}
	meta := &element{name: "meta_attributes", line: r.line}
	meta.set("id", r.get("id")+"-meta")
	add := func(from *element, name, value, where string) {
		dashed := strings.ReplaceAll(name, "_", "-")
		meta.addPair(r.get("id")+"-meta-"+dashed, dashed, value, from.line)
		u.note(from, where+name, "meta-attribute "+dashed)
	}
	r.attrs = slices.DeleteFunc(r.attrs, func(a attribute) bool {
		if slices.Contains(definition, a.name) {
			return a.name == "provider" && r.get("class") != "ocf"
		}
		add(r, a.name, a.value, "attribute ")
		return true
	})
	for _, name := range optionsAmongParameters {
		for set := range r.each("instance_attributes") {
			if nv := set.pair(name); nv != nil {
				add(nv, name, nv.get("value"), "parameter ")
			}
		}
	}
	if r.name == "clone" || r.name == "master_slave" {
		u.dropCloneParameters(r)
		u.keepUnique(r, meta)
	}
	if r.name == "master_slave" {
		u.note(r, "<master_slave>", "<master>")
		r.name = "master"
	}
	if len(meta.kids) > 0 {
		r.kids = slices.Insert(r.kids, 0, meta)
	}
}

// keepUnique says of a clone's instances that they differ, which they did unless
// the clone said otherwise.
func (u *upgrader) keepUnique(clone, meta *element) {
	for set := range clone.each("meta_attributes") {
		if set.pair("globally-unique") != nil || set.pair("globally_unique") != nil {
			return
		}
	}
	if meta.pair("globally-unique") == nil {
		meta.addPair(clone.get("id")+"-meta-globally-unique", "globally-unique", "true", clone.line)
		u.note(clone, "", "meta-attribute globally-unique=true", "instances of a clone were unique by default")
	}
}

// dropCloneParameters removes the parameters of a clone itself, which were its
// options; none reached the resource inside.
func (u *upgrader) dropCloneParameters(r *element) {
	r.kids = slices.DeleteFunc(r.kids, func(set *element) bool {
		if set.name != "instance_attributes" {
			return false
		}
		for nv := range set.each("nvpair") {
			if name := nv.get("name"); !slices.Contains(optionsAmongParameters, name) {
				u.note(nv, "parameter "+name, "", "it is no option of a clone")
			}
		}
		return true
	})
}
