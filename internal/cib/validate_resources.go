package cib

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (v *validator) options(c *Configuration) {
	v.at("property", "").pairs("", c.Properties, propertyChecks)
	v.at("rsc_defaults", "").pairs("", c.RscDefaults, metaChecks)
	v.at("op_defaults", "").pairs("", c.OpDefaults, opChecks)
}

func (v *validator) nodeList(nodes []Node) {
	for i := range nodes {
		n := &nodes[i]
		at := v.at("node", n.Uname)
		if n.Uname == "" {
			v.at("node", n.ID).in("uname").report("is missing: write the name the node calls itself by (uname -n)")
		}
		at.in("type").value(n.Type, oneOf("member", "normal", "remote", "ping"))
		at.in("instance_attributes").pairs("instance_attributes ", n.Attributes, nodeChecks)
		at.in("utilization").pairs("utilization ", n.Utilization, nil)
	}
}

// nodeChecks are the node attributes that the cluster itself reads.
var nodeChecks = map[string]check{"standby": isStandby, "maintenance": isBool}

func isStandby(value string) string {
	if value == "forever" || value == "reboot" {
		return ""
	}
	return isBool(value)
}

var classes = []string{"ocf", "lsb", "systemd", "service", "stonith", "upstart", "nagios", "heartbeat"}

func (v *validator) resource(r *Resource) {
	at := v.at(string(r.Kind), r.ID)
	if strings.ContainsAny(r.ID, " \t\n:#") {
		at.in("id").report("contains a space, : or #: use letters, digits, _, - and .")
	}
	switch r.Kind {
	case Primitive, Template:
		at.agent(r)
	case Group:
		if len(r.Children) == 0 {
			at.report("is empty: put a primitive into it, or remove it")
		}
	case Clone:
		if len(r.Children) != 1 {
			at.report("has %d resources inside: a clone has one, a primitive or a group", len(r.Children))
		}
	case Bundle:
		at.bundle(r)
	default:
		at.report("%q is no kind of resource", r.Kind)
	}
	for _, child := range r.Children {
		if child.Kind != Primitive && (r.Kind != Clone || child.Kind != Group) {
			at.report("%s %q cannot stand inside a %s", child.Kind, child.ID, r.Kind)
		}
	}
	at.in("params").pairs("instance_attributes ", r.Params, nil)
	at.in("meta").pairs("meta_attributes ", r.Meta, metaChecks)
	at.in("utilization").pairs("utilization ", r.Utilization, nil)
	at.metaReferences(r)
	at.operations(r)
}

func (p place) agent(r *Resource) {
	if r.Template != "" {
		if p.v.templates[r.Template] == nil {
			p.in("template").report("%q is no template%s", r.Template, suggest(r.Template, maps.Keys(p.v.templates)))
		}
		return
	}
	switch {
	case r.Class == "" || r.Type == "":
		p.report("names no agent: write class, provider and type (ocf:heartbeat:IPaddr2), or a template")
	case !slices.Contains(classes, r.Class):
		p.in("class").report("%q is none of %s", r.Class, strings.Join(classes, ", "))
	case r.Class == "ocf" && r.Provider == "":
		p.in("provider").report("is missing: an agent of class ocf has one, such as heartbeat, pacemaker or kvmha")
	}
}

func (p place) bundle(r *Resource) {
	switch {
	case r.Bundle == nil || r.Bundle.Engine == "":
		p.report("names no container engine: add docker, podman or rkt with an image")
	case lookup(r.Bundle.Attrs, "image") == "":
		p.in(r.Bundle.Engine + ".image").report("is missing: name the container image")
	}
	if len(r.Children) > 1 {
		p.report("has %d primitives inside: a bundle has at most one", len(r.Children))
	}
}

// metaReferences checks the meta-attributes that name other resources.
func (p place) metaReferences(r *Resource) {
	for i := range r.Meta {
		if targets, ok := r.Meta[i].Get(MetaGuestFence); ok {
			for _, id := range strings.Fields(targets) {
				p.in("meta." + MetaGuestFence).refersVM(id)
			}
		}
		if id, ok := r.Meta[i].Get("container"); ok && p.v.resources[id] == nil {
			p.in("meta.container").report("%q is no resource%s", id, suggest(id, maps.Keys(p.v.resources)))
		}
	}
}

// refersVM checks that an id is that of a virtual machine.
func (p place) refersVM(id string) {
	if t := p.v.resources[id]; t != nil && p.v.agentOf(t) == "VirtualDomain" {
		return
	}
	vms := map[string]bool{}
	for name, r := range p.v.resources {
		if p.v.agentOf(r) == "VirtualDomain" {
			vms[name] = true
		}
	}
	p.report("%q is no virtual machine%s", id, suggest(id, maps.Keys(vms)))
}

// agentOf is the agent's type, its template's if the resource has none.
func (v *validator) agentOf(r *Resource) string {
	if t := v.templates[r.Template]; t != nil {
		return t.Type
	}
	return r.Type
}

func (p place) operations(r *Resource) {
	if r.OpsRef != "" {
		p.in("operations").refersSet("operations ", r.OpsRef)
		return
	}
	seen := map[string]bool{}
	for i := range r.Ops {
		o := &r.Ops[i]
		at := p.in("op." + o.Name)
		if o.Name == "" {
			p.in("op").report("an operation has no name: write start, stop, monitor …")
			continue
		}
		at.in("interval").value(o.Interval, isDuration)
		at.in("timeout").value(o.Timeout, isDuration)
		for _, a := range o.Attrs {
			if c := opChecks[a.Name]; c != nil {
				at.in(a.Name).value(a.Value, c)
			}
		}
		at.pairs("meta_attributes ", o.Meta, opChecks)
		at.pairs("instance_attributes ", o.Params, nil)
		interval, err := ParseDuration(o.Interval)
		key := fmt.Sprint(o.Name, interval)
		if err == nil && seen[key] {
			at.in("interval").report("two operations %s have the interval %s: the results could not be told apart, make one of them differ (by a second)", o.Name, interval)
		}
		seen[key] = true
	}
}

func (v *validator) tagList(tags []Tag) {
	for i := range tags {
		at := v.at("tag", tags[i].ID).in("refs")
		if len(tags[i].Refs) == 0 {
			at.report("is empty: name what the tag stands for")
		}
		for _, id := range tags[i].Refs {
			if v.ids[id] == "" && !v.isNode(id) {
				at.report("%q is the id of nothing%s", id, suggest(id, maps.Keys(v.ids), maps.Keys(v.nodes)))
			}
		}
	}
}

func (v *validator) alerts(alerts []Alert) {
	for i := range alerts {
		a := &alerts[i]
		at := v.at("alert", a.ID)
		if !strings.HasPrefix(a.Path, "/") {
			at.in("path").report("%q is no absolute path: write where the script is on every node", a.Path)
		}
		at.in("meta").pairs("meta_attributes ", a.Meta, alertChecks)
		for j := range a.Recipients {
			if a.Recipients[j].Value == "" {
				at.in("recipient").report("has no value: write what the script is told as its recipient")
			}
			at.in("recipient.meta").pairs("meta_attributes ", a.Recipients[j].Meta, alertChecks)
		}
	}
}

var alertChecks = map[string]check{"timeout": isDuration, "enabled": isBool}
