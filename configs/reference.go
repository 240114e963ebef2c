package configs

import (
	"errors"
	"reflect"
	"slices"
	"sort"
	"strings"

	"kvmha/internal/cib"
)

// names matches the names a document gives (tag id) with those it uses (tag
// ref): the trees of resources cannot be built from names that lead nowhere, and
// only here is it known where each name was written. Name spaces: "node"; "id" for everything that the CIB identifies, of
// which "resource" (whatever can be placed), "primitive", "device" and "vm" are
// parts.
type names struct {
	given map[string]map[string]string // space -> name -> path that gave it
	used  []use
}

type use struct{ space, name, path string }

// spaces tells in which name spaces something of a kind has its name.
var spaces = map[string][]string{
	"node":       {"node"},
	"constraint": {"id"},
	"template":   {"id"},
	"resource":   {"id", "resource", "primitive"},
	"group":      {"id", "resource", "group"},
	"clone":      {"id", "resource"},
	"device":     {"id", "resource", "primitive", "device"},
	"vm":         {"id", "resource", "primitive", "vm"},
}

// what names a space in messages.
var what = map[string]string{
	"node": "node", "resource": "resource", "primitive": "resource or VM", "device": "fencing device", "vm": "VM",
	"member": "resource, VM or group",
}

// name notes a name that is given or used at path.
func (d *decoder) name(path, name string, tag reflect.StructTag) {
	if name == "" {
		return
	}
	if space := tag.Get("ref"); space != "" {
		d.names.used = append(d.names.used, use{space, name, path})
	}
	kind := tag.Get("id")
	if kind == "" {
		return
	}
	if d.names.given == nil {
		d.names.given = map[string]map[string]string{}
	}
	for i, space := range spaces[kind] {
		if d.names.given[space] == nil {
			d.names.given[space] = map[string]string{}
		}
		if first, twice := d.names.given[space][name]; !twice {
			d.names.given[space][name] = path
		} else if i == 0 {
			d.add(path, "%q is there already, in line %d; every name may be given once", name, d.where.nearest(first).Line)
			return
		}
	}
}

// checkNames notes every use of a name that nothing has.
func (d *decoder) checkNames() {
	for _, u := range d.names.used {
		known := d.names.list(u.space)
		if !slices.Contains(known, u.name) {
			d.add(u.path, "there is no %s %q%s", what[u.space], u.name, didYouMean(u.name, known))
		}
	}
}

// list returns the names of a space, sorted. The space "member" is what a
// clone can repeat.
func (n *names) list(space string) []string {
	parts := []string{space}
	if space == "member" {
		parts = []string{"primitive", "group"}
	}
	var out []string
	for _, part := range parts {
		for name := range n.given[part] {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// checkBuilt notes what the CIB's own check finds in the configuration that the
// document makes, at the tables that gave it.
func (d *decoder) checkBuilt(err error) {
	var found cib.Problems
	switch {
	case err == nil:
		return
	case !errors.As(err, &found):
		d.add("", "%v", err)
	}
	for _, f := range found {
		d.add(d.tableOf(f), "%v", f)
	}
}

// tableOf returns the path of the table that a problem is about.
func (d *decoder) tableOf(f cib.Problem) string {
	for _, space := range []string{"id", "node"} {
		if path, ok := d.names.given[space][f.ID]; ok {
			return path[:strings.LastIndexByte(path, '.')]
		}
	}
	if f.Element == "property" {
		return join("options", f.Key)
	}
	return ""
}
