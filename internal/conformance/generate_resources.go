package conformance

import "strconv"

// primitive is a resource with an agent, and what its history needs to know.
type primitive struct {
	id, class, provider, kind string
	params                    pairs
	ops                       []operation
	// multiple is "", "anonymous", "unique" or "promotable"; instances is how
	// many there may be.
	multiple  string
	instances int
	// after is the member of the same group before it.
	after *primitive
	// reloads lists parameters whose change needs no restart.
	reloads, migrates bool
	// secret resources tell in their history which parameters are secrets.
	secret bool
	// vague parameters depend on node and time, so that nobody knows what the
	// operations in the history were run with.
	vague bool
	// nearby resources run on members only; implied ones are made by the
	// cluster, not in the configuration; inside is the beginning of the names
	// of the only nodes where the resource may run.
	nearby, implied bool
	inside          string
	// on remembers where it was placed, by instance.
	on []*host
}

// top is a resource that constraints may name.
type top struct {
	id string
	// promotable resources have roles, multiple ones have instances.
	promotable, multiple bool
	ends                 []*primitive
}

func (c *cluster) makeResources() {
	if c.on["templates"] {
		for range 1 + c.r.IntN(2) {
			c.makeTemplate()
		}
	}
	if c.on["fencing"] {
		c.makeFencing()
	}
	if c.on["remotes"] {
		c.makeRemote()
	}
	if c.on["guests"] {
		c.makeGuest()
	}
	if c.on["bundles"] {
		c.makeBundle()
	}
	for made := 0; made < c.size; {
		before := len(c.primitives)
		c.makeTop()
		made += len(c.primitives) - before
	}
}

// makeTop adds a primitive, a group or a clone of either.
func (c *cluster) makeTop() {
	kind := "primitive"
	switch {
	case c.on["groups"] && c.chance(0.35):
		kind = "group"
	case c.on["clones"] && c.chance(0.35):
		kind = "clone"
	case c.on["promotables"] && c.chance(0.4):
		kind = "promotable"
	}
	var e *element
	t := &top{}
	switch kind {
	case "primitive":
		p := c.newPrimitive("rsc", "", 1)
		t.id, t.ends = p.id, []*primitive{p}
		e = c.primitiveElement(p)
	case "group":
		e = c.makeGroup(t, "", 1)
		t.id = e.attr("id")
	default:
		e = c.makeClone(t, kind == "promotable")
		t.id, t.multiple, t.promotable = e.attr("id"), true, kind == "promotable"
	}
	c.resources.add(e)
	c.tops = append(c.tops, t)
}

func (c *cluster) makeGroup(t *top, multiple string, instances int) *element {
	g := el("group", "id", c.id("grp"))
	var last *primitive
	for range 1 + c.r.IntN(3) {
		p := c.newPrimitive("mem", multiple, instances)
		p.after, last = last, p
		t.ends = append(t.ends, p)
		g.add(c.primitiveElement(p))
	}
	return g.add(c.nvset("meta_attributes", g.attr("id")+"-meta", c.preferences("group"), nil))
}

func (c *cluster) makeClone(t *top, promotable bool) *element {
	tag := "clone"
	if promotable && c.on["references"] {
		tag = c.pick("clone", "master")
	}
	e := el(tag, "id", c.id("cln"))
	multiple, instances := "anonymous", len(c.nodes)
	var meta pairs
	switch {
	case promotable:
		multiple = "promotable"
		meta.put("promotable", "true")
		meta.put(c.pick("promoted-max", "promoted-max", "master-max"), c.maybe(0.3, "1", "2", "2", "0"))
		meta.put("promoted-node-max", c.maybe(0.1, "1", "2"))
	case c.chance(0.25):
		multiple = "unique"
		meta.put("globally-unique", "true")
		meta.put("clone-node-max", c.maybe(0.5, "1", "2", "3"))
	}
	if most := c.maybe(0.35, "1", "2", "3", "4"); most != "" {
		meta.put("clone-max", most)
		instances, _ = strconv.Atoi(most)
	}
	meta.put("interleave", c.maybe(0.5, "true", "false"))
	meta.put("ordered", c.maybe(0.2, "true", "false"))
	meta.put("notify", c.maybe(0.3, "true"))
	meta.put("clone-min", c.maybe(0.15, "1", "2"))
	meta = append(meta, c.preferences("clone")...)
	if c.on["groups"] && c.chance(0.3) {
		e.add(c.makeGroup(t, multiple, instances))
	} else {
		p := c.newPrimitive("ins", multiple, instances)
		t.ends = []*primitive{p}
		e.add(c.primitiveElement(p))
	}
	return e.add(c.nvset("meta_attributes", e.attr("id")+"-meta", meta, nil))
}

func (c *cluster) newPrimitive(stem, multiple string, instances int) *primitive {
	p := &primitive{id: c.id(stem), class: "ocf", provider: "pacemaker", kind: "Dummy", multiple: multiple, instances: instances}
	switch {
	case multiple == "promotable":
		p.kind = "Stateful"
	case c.chance(0.1):
		p.class, p.provider, p.kind = "systemd", "", "unit"+p.id
	case c.chance(0.05):
		p.class, p.provider, p.kind = "lsb", "", "script"
	case c.chance(0.15):
		p.provider, p.kind = "heartbeat", "IPaddr2"
	}
	p.params.put("fake", c.maybe(0.4, "one", "two", `"three" & <four>`))
	p.params.put("passwd", c.maybe(0.1, "secret"))
	if c.on["secrets"] {
		p.params.put("user", c.maybe(0.5, "admin"))
	}
	p.params.put("state", c.maybe(0.3, "/run/"+p.id))
	p.reloads = c.on["changed params"] && c.chance(0.5)
	p.secret = c.on["secrets"] && c.chance(0.7)
	p.migrates = c.on["migration"] && multiple == "" && c.chance(0.5)
	if c.on["monitors"] {
		c.addMonitors(p)
	}
	c.primitives = append(c.primitives, p)
	return p
}

func (c *cluster) primitiveElement(p *primitive) *element {
	e := el("primitive", "id", p.id, "class", p.class, "provider", p.provider, "type", p.kind)
	if p.class == "ocf" && len(c.templates) > 0 && c.chance(0.5) {
		t := c.templates[c.r.IntN(len(c.templates))]
		p.class, p.provider, p.kind = t.class, t.provider, t.kind
		if p.multiple != "promotable" {
			e = el("primitive", "id", p.id, "template", t.id)
			t.instances++
			p.ops = t.ops
			own := onlyNew(t.params, p.params)
			p.params = append(append(pairs{}, t.params...), own...)
			return e.add(c.nvset("instance_attributes", p.id+"-params", own, nil),
				c.nvset("meta_attributes", p.id+"-meta", c.preferences("primitive"), nil))
		}
		p.kind = "Stateful"
	}
	e.add(c.nvset("instance_attributes", p.id+"-params", p.params, nil), c.conditional(p))
	meta := c.preferences("primitive")
	if p.migrates {
		meta.put("allow-migrate", "true")
	}
	if c.on["containers"] && p.multiple == "" && len(c.tops) > 0 {
		meta.put("container", c.maybe(0.4, c.top().id, "nowhere"))
	}
	e.add(c.metaElement(p.id, meta))
	if c.on["utilization"] {
		var use pairs
		use.put("memory", c.maybe(0.7, "1", "2", "4"))
		use.put("cpu", c.maybe(0.3, "1", "2"))
		e.add(c.nvset("utilization", p.id+"-use", use, c.seldom()))
	}
	return e.add(c.operationsElement(p))
}

// onlyNew are the pairs whose names the base does not have.
func onlyNew(base, more pairs) pairs {
	var out pairs
	for _, nv := range more {
		known := false
		for _, b := range base {
			known = known || b.Name == nv.Name
		}
		if !known {
			out = append(out, nv)
		}
	}
	return out
}

// metaElement is a set of meta-attributes, now and then another resource's.
func (c *cluster) metaElement(id string, meta pairs) *element {
	if c.on["references"] && len(c.sets) > 0 && c.chance(0.3) {
		return el("meta_attributes", "id-ref", c.pick(c.sets...))
	}
	set := c.nvset("meta_attributes", id+"-meta", meta, nil)
	if set != nil {
		c.sets = append(c.sets, set.attr("id"))
	}
	return set
}

// conditional are parameters that hold on some nodes or at some times only.
func (c *cluster) conditional(p *primitive) *element {
	if !c.on["rules"] || !c.chance(0.15) {
		return nil
	}
	var params pairs
	params.put("op_sleep", c.pick("1", "2"))
	p.vague = true
	return c.nvset("instance_attributes", p.id+"-params", params, c.rule("attributes", &top{}))
}

func nonEmpty(e *element) *element {
	if len(e.kids) == 0 {
		return nil
	}
	return e
}

// preferences are meta-attributes that any resource may have.
func (c *cluster) preferences(kind string) pairs {
	var p pairs
	if !c.on["preferences"] {
		return p
	}
	p.put("resource-stickiness", c.maybe(0.2, "0", "1", "100", "INFINITY", "-10"))
	p.put("target-role", c.maybe(0.12, "Started", "Stopped", "Unpromoted", "Promoted"))
	p.put("is-managed", c.maybe(0.06, "false", "true"))
	p.put("maintenance", c.maybe(0.04, "true"))
	p.put("priority", c.maybe(0.2, "1", "5", "10"))
	if kind == "group" {
		p.put("ordered", c.maybe(0.08, "false", "true"))
		p.put("collocated", c.maybe(0.08, "false", "true"))
	}
	if kind != "primitive" {
		return p
	}
	p.put("migration-threshold", c.maybe(0.15, "1", "2", "INFINITY"))
	p.put("failure-timeout", c.maybe(0.15, "10s", "1h"))
	p.put("multiple-active", c.maybe(0.15, "stop_only", "block", "stop_start", "stop_unexpected"))
	p.put("requires", c.maybe(0.12, "nothing", "quorum", "fencing", "unfencing"))
	p.put("restart-type", c.maybe(0.06, "restart", "ignore"))
	p.put("critical", c.maybe(0.06, "false", "true"))
	p.put("allow-unhealthy-nodes", c.maybe(0.05, "true"))
	return p
}

func (c *cluster) makeTemplate() {
	p := &primitive{id: c.id("tpl"), class: "ocf", provider: "pacemaker", kind: "Dummy"}
	p.params.put("fake", c.maybe(0.5, "common"))
	if c.chance(0.6) {
		p.ops = []operation{{name: "monitor", interval: 20, timeout: 30}}
	}
	e := el("template", "id", p.id, "class", p.class, "provider", p.provider, "type", p.kind).add(
		c.nvset("instance_attributes", p.id+"-params", p.params, nil),
		c.nvset("meta_attributes", p.id+"-meta", c.preferences("primitive"), nil),
		c.operationsElement(p))
	c.resources.add(e)
	c.templates = append(c.templates, p)
}
