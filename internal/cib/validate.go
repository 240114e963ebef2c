package cib

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"kvmha/internal/nearest"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Element and ID name the nearest thing that an administrator has named:
	// "primitive" "db", "location" "db-here", "property" "" …
	Element string `json:"element"`
	ID      string `json:"id,omitempty"`
	// Key is the place inside it: "rsc", "meta.target-role", "op.monitor.timeout".
	Key string `json:"key,omitempty"`
	// Message says what is wrong there and what to write instead.
	Message string `json:"message"`
}

func (p Problem) Error() string {
	place := p.Element
	if p.ID != "" {
		place += fmt.Sprintf(" %q", p.ID)
	}
	if p.Key != "" {
		place += ", " + p.Key
	}
	return place + ": " + p.Message
}

// Problems is everything that is wrong with a configuration, in its order. It
// is what Validate returns, the first hundred of them; find it with errors.As.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Validate checks a configuration as a whole: duplicate ids, references that
// lead nowhere, values that their option does not take, groups and clones
// without content. It returns nil or a Problems with all that it found. A
// configuration that passes can be scheduled; internal/node accepts no other.
func (c *Configuration) Validate() error {
	v := &validator{
		ids: map[string]string{}, resources: map[string]*Resource{}, templates: map[string]*Resource{},
		nodes: map[string]bool{}, tags: map[string]bool{}, sets: map[string]bool{},
	}
	v.collect(c)
	v.options(c)
	v.nodeList(c.Nodes)
	for _, list := range [][]*Resource{c.Templates, c.Resources} {
		for _, top := range list {
			top.Walk(func(r, _ *Resource) { v.resource(r) })
		}
	}
	v.constraints(c)
	v.fencing(c.Fencing)
	v.tagList(c.Tags)
	v.alerts(c.Alerts)
	v.sizes(c)
	if len(v.problems) == 0 {
		return nil
	}
	return v.problems
}

// validator knows every name of a configuration while it is checked.
type validator struct {
	// ids maps each id to the element that took it first.
	ids       map[string]string
	resources map[string]*Resource
	templates map[string]*Resource
	nodes     map[string]bool
	tags      map[string]bool
	// sets are the ids that an id-ref may name, with their kind before it.
	sets     map[string]bool
	problems Problems
}

// place is where in the configuration a check stands.
type place struct {
	v           *validator
	element, id string
	key         string
}

func (v *validator) at(element, id string) place { return place{v: v, element: element, id: id} }

// in goes one step down, to a key.
func (p place) in(key string) place {
	if p.key != "" {
		key = p.key + "." + key
	}
	p.key = key
	return p
}

func (p place) report(format string, args ...any) {
	if len(p.v.problems) < maxMistakes {
		p.v.problems = append(p.v.problems, Problem{Element: p.element, ID: p.id, Key: p.key, Message: sentence(format, args)})
	}
}

// collect notes all names, and reports those that are given twice.
func (v *validator) collect(c *Configuration) {
	for i := range c.Nodes {
		v.collectNode(&c.Nodes[i])
	}
	for _, r := range c.Templates {
		v.claim("template", r.ID)
		v.templates[r.ID] = r
		v.collectBlocks(r)
	}
	for _, top := range c.Resources {
		top.Walk(func(r, _ *Resource) {
			v.claim(string(r.Kind), r.ID)
			v.resources[r.ID] = r
			v.collectBlocks(r)
			v.collectGuestNodes(r)
		})
	}
	for i := range c.Locations {
		v.claim("location", c.Locations[i].ID)
	}
	for i := range c.Colocations {
		v.claim("colocation", c.Colocations[i].ID)
	}
	for i := range c.Orders {
		v.claim("order", c.Orders[i].ID)
	}
	for i := range c.Tickets {
		v.claim("ticket", c.Tickets[i].ID)
	}
	for i := range c.Tags {
		v.claim("tag", c.Tags[i].ID)
		v.tags[c.Tags[i].ID] = true
	}
	for i := range c.Fencing {
		if id := c.Fencing[i].ID; id != "" {
			v.claim("fencing-level", id)
		}
	}
	for i := range c.Alerts {
		v.claim("alert", c.Alerts[i].ID)
	}
	for _, sets := range [][]NVSet{c.Properties, c.RscDefaults, c.OpDefaults} {
		v.collectSets("", sets)
	}
}

func (v *validator) collectNode(n *Node) {
	at := v.at("node", cmp.Or(n.Uname, n.ID))
	for _, name := range slices.Compact([]string{n.ID, n.Uname}) {
		switch {
		case name == "":
		case v.nodes[name]:
			at.report("another node has the name or id %q, too: give each node its own", name)
		}
		v.nodes[name] = true
	}
	v.collectSets("instance_attributes ", n.Attributes)
	v.collectSets("utilization ", n.Utilization)
}

func (v *validator) collectBlocks(r *Resource) {
	v.collectSets("instance_attributes ", r.Params)
	v.collectSets("meta_attributes ", r.Meta)
	v.collectSets("utilization ", r.Utilization)
	if r.OpsID != "" {
		v.sets["operations "+r.OpsID] = true
	}
	for i := range r.Ops {
		v.collectSets("instance_attributes ", r.Ops[i].Params)
		v.collectSets("meta_attributes ", r.Ops[i].Meta)
	}
}

func (v *validator) collectSets(kind string, sets []NVSet) {
	for i := range sets {
		if sets[i].IDRef == "" && sets[i].ID != "" {
			v.sets[kind+sets[i].ID] = true
		}
	}
}

// collectGuestNodes notes the nodes that resources bring along: remote nodes,
// guest nodes and the replicas of bundles.
func (v *validator) collectGuestNodes(r *Resource) {
	if r.Class == "ocf" && r.Provider == "pacemaker" && r.Type == "remote" {
		v.nodes[r.ID] = true
	}
	for i := range r.Meta {
		if name, ok := r.Meta[i].Get("remote-node"); ok {
			v.nodes[name] = true
		}
	}
}

func (v *validator) claim(element, id string) {
	if id == "" {
		v.at(element, "").report("has no id: give it one")
		return
	}
	if other, taken := v.ids[id]; taken {
		v.at(element, id).in("id").report("is taken by a %s: every id is used once", other)
		return
	}
	v.ids[id] = element
}

// isNode reports whether the name is that of a node, replicas of bundles
// included. A configuration that lists no nodes says nothing about them.
func (v *validator) isNode(name string) bool {
	if len(v.nodes) == 0 || v.nodes[name] {
		return true
	}
	dash := strings.LastIndexByte(name, '-')
	if dash < 0 {
		return false
	}
	r := v.resources[name[:dash]]
	return r != nil && r.Kind == Bundle
}

// refers checks that a constraint's reference leads to a resource, a template
// or a tag.
func (p place) refers(id string) {
	v := p.v
	if v.resources[id] == nil && v.templates[id] == nil && !v.tags[id] {
		p.report("%q is no resource, template or tag%s", id, suggest(id, maps.Keys(v.resources), maps.Keys(v.templates), maps.Keys(v.tags)))
	}
}

func (p place) refersNode(name string) {
	if !p.v.isNode(name) {
		p.report("%q is no node%s", name, suggest(name, maps.Keys(p.v.nodes)))
	}
}

// suggestion says which name was perhaps meant, or what to do else. It is found
// only when it is printed, because that takes a look at all names.
type suggestion struct {
	id    string
	lists []iter.Seq[string]
}

func suggest(id string, lists ...iter.Seq[string]) suggestion { return suggestion{id, lists} }

func (s suggestion) String() string {
	if near := nearest.To(s.id, s.lists...); near != "" {
		return fmt.Sprintf(": did you mean %q?", near)
	}
	return ": define it, or remove the reference"
}
