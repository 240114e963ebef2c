package conformance

import "slices"

// makeConstraints ties the resources to nodes, to each other and to tickets.
func (c *cluster) makeConstraints() {
	if len(c.tops) == 0 {
		return
	}
	if c.on["tickets"] {
		c.tickets = []string{"T1", "T2"}[:1+c.r.IntN(2)]
	}
	if c.on["tags"] {
		c.tags = []string{"tag-1", "tag-2"}
	}
	kinds := []struct {
		feature string
		make    func() *element
	}{
		{"locations", c.location}, {"colocations", c.colocation}, {"orders", c.order}, {"tickets", c.ticket},
	}
	for _, kind := range kinds {
		if !c.on[kind.feature] {
			continue
		}
		for range 1 + c.r.IntN(1+c.size/2) {
			c.constraints.add(c.lasting(kind.make()))
		}
	}
}

// mix puts constraints of several kinds between each other.
func (c *cluster) mix(list []*element) {
	c.r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// lasting lets some constraints end at a date.
func (c *cluster) lasting(e *element) *element {
	if e != nil && e.name != "rsc_ticket" && c.on["lifetimes"] && c.chance(0.5) {
		lifetime := el("lifetime").add(c.timely())
		if e.name == "rsc_location" {
			e.add(lifetime)
		} else {
			e.kids = slices.Insert(e.kids, 0, lifetime)
		}
	}
	return e
}

// templateInUse is a template that some resource is made from, or "".
func (c *cluster) templateInUse() string {
	for _, t := range c.templates {
		if t.instances > 0 {
			return t.id
		}
	}
	return ""
}

func (c *cluster) top() *top { return c.tops[c.r.IntN(len(c.tops))] }

// subject is a resource that a constraint is about: mostly a whole one, now
// and then a member of a group.
func (c *cluster) subject() (id string, t *top) {
	t = c.top()
	if len(t.ends) > 1 && !t.multiple && c.chance(0.3) {
		return t.ends[c.r.IntN(len(t.ends))].id, t
	}
	return t.id, t
}

func (c *cluster) role(t *top) string {
	switch {
	case t.promotable:
		return c.maybe(0.6, "Promoted", "Promoted", "Promoted", "Unpromoted", "Started", "Master", "Slave")
	case c.chance(0.05):
		return c.pick("Started", "Stopped")
	}
	return ""
}

func (c *cluster) location() *element {
	e := el("rsc_location", "id", c.id("loc"))
	id, t := c.subject()
	switch {
	case c.on["sets"] && c.chance(0.15):
		e.add(c.set("", false))
	case c.chance(0.05):
		e.set("rsc-pattern", c.pick("^rsc-[12]$", "^(cln|grp)", "!^rsc", "nothing"))
	case c.on["tags"] && len(c.tags) > 0 && c.chance(0.3):
		e.set("rsc", c.pick(c.tags...))
	case c.templateInUse() != "" && c.chance(0.3):
		e.set("rsc", c.templateInUse())
	default:
		e.set("rsc", id)
	}
	if c.on["rules"] && c.chance(0.5) {
		for range 1 + c.r.IntN(2) {
			e.add(c.rule("location", t))
		}
		if len(e.kids) > 1 && e.kids[0].attr("id-ref") != "" && e.kids[0].attr("id-ref") == e.kids[1].attr("id-ref") {
			e.kids = e.kids[:1]
		}
	} else {
		e.set("score", c.score())
		e.set("node", c.node().name)
		if e.attr("rsc") != "" {
			if role := c.role(t); role != "" {
				e.set("role", role)
			}
		}
	}
	if c.on["discovery"] && c.chance(0.5) {
		e.set("resource-discovery", c.pick("always", "never", "exclusive"))
	}
	return e
}

func (c *cluster) colocation() *element {
	e := el("rsc_colocation", "id", c.id("col"), "score", c.score(), "influence", c.maybe(0.1, "true", "false"))
	if c.on["sets"] && c.chance(0.3) {
		for range 1 + c.r.IntN(2) {
			set := c.set(c.maybe(0.2, "Promoted", "Started"), true)
			set.attrs = append(set.attrs, el("", "ordering", c.maybe(0.1, "group", "listed")).attrs...)
			e.add(set)
		}
		return e
	}
	id, t := c.subject()
	with, other := c.subject()
	if t == other {
		return nil
	}
	e.set("rsc", id)
	e.set("with-rsc", with)
	if role := c.role(t); role != "" {
		e.set("rsc-role", role)
	}
	if role := c.role(other); role != "" {
		e.set("with-rsc-role", role)
	}
	if attribute := c.maybe(0.12, "site", "cpus", "nowhere"); attribute != "" {
		e.set("node-attribute", attribute)
	}
	return e
}

func (c *cluster) order() *element {
	e := el("rsc_order", "id", c.id("ord"), "kind", c.maybe(0.6, "Mandatory", "Mandatory", "Optional", "Optional", "Serialize"))
	if e.attr("kind") == "" && c.chance(0.2) {
		e.set("score", c.pick("0", "10", "INFINITY"))
	}
	if c.chance(0.15) {
		e.set("symmetrical", c.pick("false", "false", "true"))
	}
	if c.on["sets"] && c.chance(0.3) {
		for range 1 + c.r.IntN(2) {
			set := c.set("", true)
			if c.chance(0.2) {
				set.set("action", c.pick("start", "stop", "promote"))
			}
			if set.attr("sequential") == "false" && c.chance(0.4) {
				set.set("require-all", c.pick("false", "true"))
			}
			e.add(set)
		}
		return e
	}
	first, a := c.subject()
	then, b := c.subject()
	if a == b {
		return nil
	}
	e.set("first", first)
	e.set("then", then)
	if action := c.action(a); action != "" {
		e.set("first-action", action)
	}
	if action := c.action(b); action != "" {
		e.set("then-action", action)
	}
	if a.multiple && c.chance(0.3) {
		e.set("require-all", c.pick("true", "false"))
	}
	return e
}

func (c *cluster) action(t *top) string {
	switch {
	case t.promotable:
		return c.maybe(0.5, "promote", "promote", "start", "demote", "stop")
	case c.chance(0.15):
		return c.pick("start", "stop")
	}
	return ""
}

// set is a resource_set of two or three different resources.
func (c *cluster) set(role string, orders bool) *element {
	e := el("resource_set", "id", c.id("set"), "role", role)
	if orders {
		if sequential := c.maybe(0.4, "true", "false"); sequential != "" {
			e.set("sequential", sequential)
		}
	}
	for _, i := range c.r.Perm(len(c.tops))[:min(len(c.tops), 2+c.r.IntN(2))] {
		e.add(el("resource_ref", "id", c.tops[i].id))
	}
	return e
}

func (c *cluster) ticket() *element {
	id, t := c.subject()
	e := el("rsc_ticket", "id", c.id("tic"), "ticket", c.pick(c.tickets...), "loss-policy", c.maybe(0.8, "stop", "demote", "fence", "freeze"))
	if c.on["sets"] && c.chance(0.3) {
		return e.add(c.set("", false))
	}
	e.set("rsc", id)
	if t.promotable && c.chance(0.5) {
		e.set("rsc-role", c.pick("Promoted", "Master", "Started"))
	}
	return e
}

// tagList is the tags section; the tags were named when the constraints were
// made.
func (c *cluster) tagList() *element {
	tags := el("tags")
	for _, name := range c.tags {
		tag := el("tag", "id", name)
		for _, i := range c.r.Perm(len(c.tops))[:min(len(c.tops), 1+c.r.IntN(2))] {
			tag.add(el("obj_ref", "id", c.tops[i].id))
		}
		// Tags may be tagged.
		if len(tags.kids) > 0 && c.chance(0.3) {
			tag.add(el("obj_ref", "id", tags.kids[0].attr("id")))
		}
		tags.add(tag)
	}
	return nonEmpty(tags)
}
