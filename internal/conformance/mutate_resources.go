package conformance

import "slices"

// metaValues are what meta-attributes of resources may be changed to.
var metaValues = []choice{
	{"target-role", []string{"Started", "Stopped", "Unpromoted", "Promoted", "Slave", "Master"}},
	{"is-managed", []string{"false", "false", "true"}},
	{"maintenance", []string{"true"}},
	{"priority", []string{"0", "1", "10", "-5", "INFINITY"}},
	{"resource-stickiness", []string{"0", "1", "100", "1000", "INFINITY", "-1"}},
	{"migration-threshold", []string{"1", "2", "3", "INFINITY"}},
	{"failure-timeout", []string{"10s", "5min", "1h", "PT1H"}},
	{"multiple-active", []string{"stop_only", "block", "stop_start", "stop_unexpected"}},
	{"requires", []string{"nothing", "quorum", "fencing", "unfencing"}},
	{"critical", []string{"false"}},
	{"allow-migrate", []string{"true", "false"}},
	{"allow-unhealthy-nodes", []string{"true"}},
	{"container-attribute-target", []string{"host"}},
}

// cloneValues are those that clones have beside them.
var cloneValues = []choice{
	{"clone-max", []string{"0", "1", "2", "3", "5"}},
	{"clone-node-max", []string{"1", "2"}},
	{"globally-unique", []string{"true", "false"}},
	{"interleave", []string{"true", "false"}},
	{"ordered", []string{"true", "false"}},
	{"notify", []string{"true", "false"}},
	{"promotable", []string{"true", "false"}},
	{"promoted-max", []string{"0", "1", "2", "3"}},
	{"promoted-node-max", []string{"1", "2"}},
	{"clone-min", []string{"1", "2", "3"}},
}

// operationValues are what the operations of resources may be changed to.
var operationValues = []choice{
	{"on-fail", []string{"ignore", "block", "stop", "restart", "fence", "standby", "demote", "restart-container"}},
	{"interval", []string{"0", "10s", "10", "1min", "0s"}},
	{"timeout", []string{"20s", "5min", "40"}},
	{"role", []string{"Promoted", "Unpromoted", "Started", "Stopped", "Master"}},
	{"enabled", []string{"false", "true"}},
	{"record-pending", []string{"true", "false"}},
	{"start-delay", []string{"10s"}},
	{"interval-origin", []string{"2025-06-15 12:00:00"}},
}

// resourceMutations change the resources that are configured.
var resourceMutations = []mutation{
	{"change a meta-attribute", (*mutator).changeMeta},
	{"change a meta-attribute", (*mutator).changeMeta},
	{"change a meta-attribute", (*mutator).changeMeta},
	{"change a clone", (*mutator).changeClone},
	{"change a clone", (*mutator).changeClone},
	{"change an operation", (*mutator).changeOperation},
	{"add an operation", (*mutator).addOperation},
	{"forget an operation that was configured", func(m *mutator) bool { return m.remove(m.any("op")) }},
	{"change a parameter", func(m *mutator) bool {
		nv := m.pairIn("primitive", "instance_attributes")
		return nv != nil && change(nv, "value", m.pick("1", "other", ""))
	}},
	{"forget a resource", func(m *mutator) bool { return m.remove(m.one(m.resources())) }},
	{"make a clone of a resource", (*mutator).wrapInClone},
	{"make a group of a resource and another", (*mutator).wrapInGroup},
	{"take a resource out of its clone or group", (*mutator).unwrap},
	{"change the demand of a resource", func(m *mutator) bool {
		p := m.any("primitive")
		return p != nil && m.put(p, "utilization", m.pick("cpu", "memory"), m.pick("1", "2", "512"))
	}},
	{"change a bundle", func(m *mutator) bool {
		e := m.any("docker", "podman", "rkt")
		return e != nil && change(e, m.pick("replicas", "replicas", "replicas-per-host", "promoted-max"), m.pick("1", "2", "3"))
	}},
	{"forget a set of attributes", func(m *mutator) bool {
		return m.remove(m.any("instance_attributes", "meta_attributes", "utilization"))
	}},
}

func (m *mutator) changeMeta() bool {
	e := m.one(m.resources())
	if e == nil {
		return false
	}
	name, value := m.choose(metaValues)
	return m.put(e, "meta_attributes", name, value)
}

func (m *mutator) changeClone() bool {
	e := m.any("clone", "master")
	if e == nil {
		return false
	}
	name, value := m.choose(cloneValues)
	return m.put(e, "meta_attributes", name, value)
}

func (m *mutator) changeOperation() bool {
	e := m.any("op")
	if e == nil {
		return false
	}
	name, value := m.choose(operationValues)
	return change(e, name, value)
}

func (m *mutator) addOperation() bool {
	p := m.any("primitive")
	if p == nil || p.attr("template") != "" {
		return false
	}
	ops := p.child("operations")
	if ops == nil {
		ops = el("operations")
		at := slices.IndexFunc(p.kids, func(k *element) bool { return k.name == "utilization" })
		if at < 0 {
			at = len(p.kids)
		}
		p.kids = slices.Insert(p.kids, at, ops)
	}
	name, interval := m.pick("monitor", "monitor", "start", "stop", "promote", "demote", "notify", "migrate_to"), "0"
	if name == "monitor" {
		interval = m.pick("7s", "13s", "10s")
	}
	op := el("op", "id", m.id("op"), "name", name, "interval", interval)
	key, value := m.choose(operationValues)
	if key != "interval" {
		op.set(key, value)
	}
	ops.add(op)
	return true
}

func (m *mutator) wrapInClone() bool {
	list := m.section("resources")
	e := m.one(list.kids)
	if e == nil || e.name != "primitive" && e.name != "group" {
		return false
	}
	clone := el("clone", "id", m.id("clone"))
	list.kids[slices.Index(list.kids, e)] = clone
	clone.add(e)
	name, value := m.choose(cloneValues)
	return m.put(clone, "meta_attributes", name, value)
}

func (m *mutator) wrapInGroup() bool {
	list := m.section("resources")
	a, b := m.one(list.kids), m.one(list.kids)
	if a == nil || a == b || a.name != "primitive" || b.name != "primitive" {
		return false
	}
	m.remove(b)
	list.kids[slices.Index(list.kids, a)] = el("group", "id", m.id("group")).add(a, b)
	return true
}

func (m *mutator) unwrap() bool {
	list := m.section("resources")
	e := m.one(list.kids)
	if e == nil || e.name != "clone" && e.name != "master" && e.name != "group" {
		return false
	}
	var inside []*element
	for _, k := range e.kids {
		if k.name == "primitive" || k.name == "group" {
			inside = append(inside, k)
		}
	}
	at := slices.Index(list.kids, e)
	list.kids = slices.Concat(list.kids[:at:at], inside, list.kids[at+1:])
	return true
}
