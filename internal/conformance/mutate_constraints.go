package conformance

import (
	"slices"

	"kvmha/internal/cib"
)

// constraintNames are the elements of the constraints section.
var constraintNames = []string{"rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket"}

// constraintMutations change what ties resources to nodes and to each other.
var constraintMutations = []mutation{
	{"change a score", (*mutator).changeScore},
	{"change a score", (*mutator).changeScore},
	{"forget a constraint", func(m *mutator) bool { return m.remove(m.any(constraintNames...)) }},
	{"repeat a constraint in another role", (*mutator).repeatInRole},
	{"change a role or an action", (*mutator).changeRole},
	{"change how a constraint works", (*mutator).changeWay},
	{"let a constraint be about another resource", (*mutator).repoint},
	{"turn a constraint round", (*mutator).turnRound},
	{"add a location", (*mutator).addLocation},
	{"add a colocation", (*mutator).addColocation},
	{"add an order", (*mutator).addOrder},
	{"change a set", (*mutator).changeSet},
	{"change a rule", (*mutator).changeRule},
	{"change an expression", (*mutator).changeExpression},
}

func (m *mutator) changeScore() bool {
	e := m.any("rsc_location", "rsc_colocation", "rule")
	return e != nil && e.attr("score-attribute") == "" && e.attr("id-ref") == "" &&
		len(e.children("rule")) == 0 && change(e, "score", m.score())
}

func (m *mutator) repeatInRole() bool {
	e := m.any("rsc_location", "rsc_colocation", "rsc_order")
	if e == nil || len(e.kids) > 0 {
		return false
	}
	again := e.clone()
	again.set("id", m.id("again"))
	m.section("constraints").add(again)
	return m.giveRole(again)
}

func (m *mutator) giveRole(e *element) bool {
	role := m.pick("Promoted", "Unpromoted", "Started", "Stopped", "Master")
	action := m.pick("start", "stop", "promote", "demote")
	switch e.name {
	case "rsc_location":
		return e.attr("node") != "" && change(e, "role", role)
	case "rsc_colocation":
		return e.attr("rsc") != "" && change(e, m.pick("rsc-role", "with-rsc-role"), role)
	case "rsc_order":
		return e.attr("first") != "" && change(e, m.pick("first-action", "then-action"), action)
	}
	return e.attr("rsc") != "" && change(e, "rsc-role", role)
}

func (m *mutator) changeRole() bool {
	e := m.any(constraintNames...)
	return e != nil && m.giveRole(e)
}

func (m *mutator) changeWay() bool {
	e := m.any(constraintNames...)
	if e == nil {
		return false
	}
	var name, value string
	switch e.name {
	case "rsc_location":
		name, value = "resource-discovery", m.pick("always", "never", "exclusive")
	case "rsc_colocation":
		name, value = m.choose([]choice{{"influence", []string{"true", "false"}}, {"node-attribute", []string{"site", "#uname", "standby"}}})
	case "rsc_order":
		name, value = m.choose([]choice{{"kind", []string{"Mandatory", "Optional", "Serialize"}}, {"symmetrical", []string{"true", "false"}},
			{"require-all", []string{"true", "false"}}})
		if e.attr("first") == "" && name == "require-all" {
			return false
		}
		e.attrs = slices.DeleteFunc(e.attrs, func(a cib.NV) bool { return name == "kind" && a.Name == "score" })
	default:
		name, value = "loss-policy", m.pick("stop", "demote", "fence", "freeze")
	}
	return change(e, name, value)
}

func (m *mutator) repoint() bool {
	e, to := m.any(constraintNames...), m.resourceID()
	if e == nil || to == "" {
		return false
	}
	names := []string{"rsc", "with-rsc", "first", "then"}
	m.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		if e.attr(name) != "" {
			return change(e, name, to)
		}
	}
	return false
}

func (m *mutator) turnRound() bool {
	e := m.any("rsc_colocation", "rsc_order")
	if e == nil {
		return false
	}
	a, b := "rsc", "with-rsc"
	if e.name == "rsc_order" {
		a, b = "first", "then"
	}
	x, y := e.attr(a), e.attr(b)
	if x == "" || y == "" {
		return false
	}
	e.set(a, y)
	e.set(b, x)
	return true
}

func (m *mutator) addLocation() bool {
	rsc, node := m.resourceID(), m.nodeName()
	if rsc == "" || node == "" {
		return false
	}
	m.section("constraints").add(el("rsc_location", "id", m.id("loc"), "rsc", rsc, "node", node, "score", m.score(),
		"role", m.maybe(0.2, "Promoted", "Unpromoted", "Started"), "resource-discovery", m.maybe(0.15, "never", "exclusive", "always")))
	return true
}

func (m *mutator) addColocation() bool {
	a, b := m.resourceID(), m.resourceID()
	if a == b {
		return false
	}
	m.section("constraints").add(el("rsc_colocation", "id", m.id("col"), "rsc", a, "with-rsc", b, "score", m.score(),
		"rsc-role", m.maybe(0.2, "Promoted", "Unpromoted"), "with-rsc-role", m.maybe(0.3, "Promoted", "Unpromoted", "Started")))
	return true
}

func (m *mutator) addOrder() bool {
	a, b := m.resourceID(), m.resourceID()
	if a == b {
		return false
	}
	m.section("constraints").add(el("rsc_order", "id", m.id("ord"), "first", a, "then", b, "kind", m.pick("Mandatory", "Optional", "Serialize"),
		"first-action", m.maybe(0.2, "promote", "stop", "start", "demote"), "then-action", m.maybe(0.2, "promote", "stop", "start"),
		"symmetrical", m.maybe(0.2, "false"), "require-all", m.maybe(0.2, "false")))
	return true
}

func (m *mutator) changeSet() bool {
	e := m.any("resource_set")
	if e == nil {
		return false
	}
	switch p := m.parent(e); {
	case m.chance(0.3):
		return m.remove(m.one(e.kids))
	case m.chance(0.3):
		if id := m.resourceID(); id != "" && !slices.ContainsFunc(e.kids, func(k *element) bool { return k.attr("id") == id }) {
			e.add(el("resource_ref", "id", id))
			return true
		}
		return false
	case p.name == "rsc_order" && m.chance(0.5):
		return change(e, m.pick("require-all", "sequential", "action"), m.pick("true", "false", "start", "stop", "promote"))
	case p.name == "rsc_location" || p.name == "rsc_ticket" || m.chance(0.5):
		return change(e, "role", m.pick("Promoted", "Started", "Unpromoted"))
	}
	return change(e, "sequential", m.pick("true", "false"))
}

func (m *mutator) changeRule() bool {
	e := m.any("rule")
	if e == nil || e.attr("id-ref") != "" {
		return false
	}
	switch {
	case m.parent(e).name == "rsc_location" && m.chance(0.4):
		return change(e, "role", m.pick("Promoted", "Unpromoted", "Started"))
	case len(e.kids) > 1 && m.chance(0.3):
		return m.remove(m.one(e.kids))
	}
	return change(e, "boolean-op", m.pick("and", "or"))
}

func (m *mutator) changeExpression() bool {
	e := m.any("expression", "date_expression", "rsc_expression", "op_expression")
	if e == nil {
		return false
	}
	switch e.name {
	case "expression":
		name, value := m.choose([]choice{
			{"operation", []string{"eq", "ne", "lt", "lte", "gt", "gte", "defined", "not_defined"}},
			{"type", []string{"string", "integer", "number", "version"}},
			{"value", []string{"0", "1", "true", "1.2", "9.5", "x"}},
		})
		return change(e, name, value)
	case "date_expression":
		date := m.pick("2001-01-01", "2025-06-15 14:00:00Z", "2025-06-16", "2038-01-01 00:00:00 +02:00")
		if e.attr("start") != "" {
			return change(e, "start", date)
		}
		return e.attr("end") != "" && change(e, "end", date)
	case "rsc_expression":
		return change(e, m.pick("class", "provider", "type"), m.pick("ocf", "stonith", "pacemaker", "heartbeat", "Dummy", "Stateful"))
	}
	return change(e, m.pick("name", "interval"), m.pick("monitor", "start", "10s"))
}
