package conformance

import (
	"strconv"
	"time"
)

// rule makes a rule for a place: "location", "rsc_defaults", "op_defaults" or
// "attributes". Only those of locations have scores, and only those of
// defaults may ask about resources and operations.
func (c *cluster) rule(place string, t *top) *element {
	if place == "location" && c.on["references"] && len(c.rules) > 0 && c.chance(0.3) {
		return el("rule", "id-ref", c.pick(c.rules...))
	}
	e := el("rule", "id", c.id("rule"), "boolean-op", c.maybe(0.6, "and", "or", "or"))
	if place == "location" {
		c.rules = append(c.rules, e.attr("id"))
		if c.chance(0.15) {
			e.set("score-attribute", c.pick("cpus", "ping", "nowhere"))
		} else {
			e.set("score", c.score())
		}
		if t.promotable && c.chance(0.5) {
			e.set("role", c.pick("Promoted", "Unpromoted", "Started", "Master"))
		}
	}
	for range 1 + c.r.IntN(2) {
		e.add(c.expression(place))
	}
	if c.chance(0.15) {
		inner := el("rule", "id", c.id("rule"), "boolean-op", c.pick("and", "or"))
		e.add(inner.add(c.expression(place), c.expression(place)))
	}
	return e
}

func (c *cluster) expression(place string) *element {
	switch {
	case place == "op_defaults" && c.chance(0.5):
		return el("op_expression", "id", c.id("expr"), "name", c.pick("monitor", "start", "stop"), "interval", c.maybe(0.3, "10s", "0"))
	case place != "attributes" && place != "location" && c.chance(0.6):
		return el("rsc_expression", "id", c.id("expr"), "class", c.maybe(0.5, "ocf", "systemd"), "provider", c.maybe(0.3, "pacemaker", "heartbeat"),
			"type", c.maybe(0.5, "Dummy", "Stateful", "IPaddr2"))
	case place == "rsc_defaults" || place == "op_defaults" || c.chance(0.2):
		return c.dateExpression()
	}
	return c.attributeExpression()
}

func (c *cluster) attributeExpression() *element {
	operation := c.pick("eq", "ne", "lt", "lte", "gt", "gte", "defined", "not_defined")
	e := el("expression", "id", c.id("expr"), "attribute", c.pick("site", "site", "cpus", "cpus", "version", "ping", "#uname", "#kind", "nowhere",
		"#id", "#is_dc", "#cluster-name", "#site-name"),
		"operation", operation)
	if operation == "defined" || operation == "not_defined" {
		return e
	}
	switch e.attr("attribute") {
	case "site":
		e.set("value", c.pick("a", "b", "A"))
	case "#uname":
		e.set("value", "n1")
		if len(c.nodes) > 0 {
			e.set("value", c.node().name)
		}
	case "#cluster-name", "#site-name":
		e.set("value", c.pick("cluster", "north", "south"))
	case "#id", "#is_dc":
		e.set("value", c.pick("1", "2", "true"))
	case "#kind":
		e.set("value", c.pick("cluster", "remote", "container"))
	case "version":
		e.set("value", c.pick("1.2", "1.9", "1.10.1"))
		e.set("type", "version")
	default:
		e.set("value", c.pick("2", "4", "100", "9.5", ""))
		if kind := c.maybe(0.6, "string", "integer", "number"); kind != "" {
			e.set("type", kind)
		}
	}
	if c.chance(0.05) {
		e.set("value-source", c.pick("literal", "meta", "param"))
	}
	return e
}

// timely is a rule that asks for the time alone.
func (c *cluster) timely() *element {
	return el("rule", "id", c.id("rule")).add(c.dateExpression())
}

// seldom is a rule now and then, or nil.
func (c *cluster) seldom() *element {
	if !c.on["rules"] || c.chance(0.85) {
		return nil
	}
	return c.rule("attributes", &top{})
}

func (c *cluster) dateExpression() *element {
	date := func(offset time.Duration) string {
		return time.Unix(now, 0).UTC().Add(offset).Format("2006-01-02 15:04:05Z")
	}
	past, future := date(-time.Hour*time.Duration(1+c.r.IntN(100))), date(time.Hour*time.Duration(1+c.r.IntN(100)))
	e := el("date_expression", "id", c.id("date"))
	e.set("operation", c.pick("lt", "gt", "in_range", "in_range", "date_spec"))
	switch e.attr("operation") {
	case "lt":
		e.set("end", c.pick(past, future))
	case "gt":
		e.set("start", c.pick(past, future))
	case "in_range":
		e.set("start", c.pick(past, past, future))
		if c.chance(0.5) {
			e.set("end", future)
		} else {
			e.add(el("duration", "id", c.id("dur"), "hours", strconv.Itoa(1+c.r.IntN(100)), "days", c.maybe(0.3, "1", "10"), "months", c.maybe(0.2, "1"),
				"weeks", c.maybe(0.2, "1", "2"), "years", c.maybe(0.1, "1"), "minutes", c.maybe(0.1, "90"), "seconds", c.maybe(0.1, "5")))
		}
	default:
		e.add(el("date_spec", "id", c.id("spec"), "hours", c.maybe(0.6, "0-12", "9-17", "15"), "weekdays", c.maybe(0.5, "1-5", "6-7", "7"),
			"months", c.maybe(0.3, "6", "1-5"), "monthdays", c.maybe(0.2, "1-15", "15"), "years", c.maybe(0.2, "2025", "2024-2026", "2020"),
			"minutes", c.maybe(0.1, "0-29", "6"), "yeardays", c.maybe(0.1, "100-200", "1"), "weeks", c.maybe(0.1, "24", "1-10"), "weekyears", c.maybe(0.1, "2025"),
			"moon", c.maybe(0.05, "4", "0-3"), "seconds", c.maybe(0.05, "0-30")))
	}
	return e
}
