package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"sort"
	"strings"

	"kvmha/internal/cib"
)

// kindNames are the configuration's parts as administrators call them, in the
// order in which differences are shown.
var kindNames = []struct{ key, name string }{
	{"crm_config", "option"}, {"rsc_defaults", "resource default"}, {"op_defaults", "operation default"},
	{"nodes", "node"}, {"resources", "resource"}, {"templates", "template"},
	{"locations", "location"}, {"colocations", "colocation"}, {"orders", "order"}, {"tickets", "ticket"},
	{"fencing-topology", "fencing level"}, {"tags", "tag"}, {"alerts", "alert"},
	{"roles", "access role"}, {"targets", "access of user"}, {"groups", "access of group"},
}

// difference says, a line each, what changes from one configuration to
// another: "+" new, "-" gone, "~" changed with the old and the new value.
func difference(from, to *cib.Configuration) []string {
	before, after := asTree(from), asTree(to)
	var out []string
	for _, kind := range kindNames {
		old, new := flatten(before[kind.key]), flatten(after[kind.key])
		for _, id := range unionOf(old, new) {
			out = append(out, compareThing(kind.name+" "+id, old[id], new[id])...)
		}
	}
	if len(out) == 0 && !sameText(from, to) {
		out = append(out, "~ the order of things, or ids that nothing names")
	}
	return out
}

// sameText tells whether two configurations are the same in everything.
func sameText(a, b *cib.Configuration) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// compareThing compares the values of one node, resource, constraint ….
func compareThing(name string, old, new map[string]string) []string {
	switch {
	case old == nil:
		return []string{"+ " + name + summary(new)}
	case new == nil:
		return []string{"- " + name + summary(old)}
	}
	var out []string
	for _, key := range unionOf(old, new) {
		was, had := old[key]
		is, has := new[key]
		label := name
		if key != "" {
			label += ": " + key
		}
		switch {
		case !had:
			out = append(out, fmt.Sprintf("~ %s = %s (was not set)", label, is))
		case !has:
			out = append(out, fmt.Sprintf("~ %s is not set any more (was %s)", label, was))
		case was != is:
			out = append(out, fmt.Sprintf("~ %s = %s (was %s)", label, is, was))
		}
	}
	return out
}

// summary describes a new or removed thing shortly.
func summary(values map[string]string) string {
	if v, ok := values[""]; ok {
		return " = " + v
	}
	for _, key := range []string{"type", "kind"} {
		if v := values[key]; v != "" {
			if class := values["class"]; class != "" {
				v = strings.Join(nonEmpty(class, values["provider"], v), ":")
			}
			return " (" + v + ")"
		}
	}
	return ""
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

func asTree(cfg *cib.Configuration) map[string]any {
	text, err := json.Marshal(cfg)
	if err != nil {
		panic("a configuration is plain data: " + err.Error())
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		panic("what was encoded can be decoded: " + err.Error())
	}
	if lists, ok := tree["acls"].(map[string]any); ok {
		maps.Copy(tree, lists)
	}
	return tree
}

// flatten turns a list of things into id -> key -> value. The blocks that only
// hold pairs (options, defaults) become a thing for each pair, with the key "".
func flatten(list any) map[string]map[string]string {
	out := map[string]map[string]string{}
	items, _ := list.([]any)
	for _, item := range items {
		thing, ok := item.(map[string]any)
		if !ok {
			continue
		}
		if nested, isSet := thing["nvpairs"]; isSet {
			condition := conditionOf(thing)
			for name, value := range pairsOf(nested) {
				out[strings.TrimSpace(name+" "+condition)] = map[string]string{"": value}
			}
			if condition != "" {
				out[condition] = map[string]string{}
				flattenValue(out[condition], "", without(thing, "nvpairs"))
			}
			continue
		}
		flattenThing(out, thing)
	}
	return out
}

// flattenThing flattens one thing; resources inside it are things of their own
// that say where they are.
func flattenThing(out map[string]map[string]string, thing map[string]any) {
	id := fmt.Sprint(thing["id"])
	values := map[string]string{}
	for key, v := range thing {
		switch key {
		case "id":
		case "children":
			var members []string
			for _, child := range v.([]any) {
				member := child.(map[string]any)
				members = append(members, fmt.Sprint(member["id"]))
				flattenThing(out, member)
			}
			values["members"] = strings.Join(members, " ")
		default:
			flattenValue(values, shortKey(key), v)
		}
	}
	out[id] = values
}

func flattenValue(values map[string]string, key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if name != "id" {
				flattenValue(values, key+" "+shortKey(name), inner)
			}
		}
	case []any:
		for i, inner := range v {
			flattenElement(values, key, i, inner)
		}
	default:
		values[strings.TrimSpace(key)] = text(v)
	}
}

func flattenElement(values map[string]string, key string, i int, v any) {
	thing, isThing := v.(map[string]any)
	nested, isSet := thing["nvpairs"]
	switch {
	case isSet:
		condition := conditionOf(thing)
		for name, value := range pairsOf(nested) {
			values[strings.TrimSpace(key+" "+name+" "+condition)] = value
		}
		if condition != "" {
			flattenValue(values, key+" "+condition, without(thing, "nvpairs"))
		}
	case isThing && thing["name"] != nil && thing["value"] != nil:
		values[strings.TrimSpace(key+" "+text(thing["name"]))] = text(thing["value"])
	case isThing && key == "op":
		op := strings.TrimSpace(fmt.Sprintf("op %v %s", thing["name"], interval(thing)))
		values[op] = "on" // an operation counts also when it says nothing else
		flattenValue(values, op, without(thing, "name", "interval"))
	case isThing:
		flattenValue(values, fmt.Sprintf("%s %d", key, i+1), thing)
	default:
		values[key] = strings.TrimSpace(values[key] + " " + text(v))
	}
}

// conditionOf marks what is in a set that has a rule or a score with the set's
// id, because other sets may hold the same names; "" for a plain set.
func conditionOf(set map[string]any) string {
	if set["rule"] == nil && set["score"] == nil {
		return ""
	}
	return fmt.Sprintf("(%v)", set["id"])
}

func interval(op map[string]any) string {
	if v := text(op["interval"]); v != "0s" && v != "0" {
		return v
	}
	return ""
}

func without(thing map[string]any, keys ...string) map[string]any {
	out := map[string]any{}
	for k, v := range thing {
		out[k] = v
	}
	for _, k := range keys {
		delete(out, k)
	}
	return out
}

func pairsOf(list any) map[string]string {
	out := map[string]string{}
	items, _ := list.([]any)
	for _, item := range items {
		if pair, ok := item.(map[string]any); ok {
			out[text(pair["name"])] = text(pair["value"])
		}
	}
	return out
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprint(v)
}

// shortKey says a block's name as crm does.
func shortKey(key string) string {
	switch key {
	case "instance_attributes":
		return "param"
	case "meta_attributes":
		return "meta"
	case "operations":
		return "op"
	case "attrs":
		return ""
	}
	return key
}

// unionOf returns the keys of both maps, sorted.
func unionOf[V any](a, b map[string]V) []string {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, twice := a[k]; !twice {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}
