package cib

// nvset visits instance_attributes, meta_attributes, utilization or a
// cluster_property_set.
func nvset(c *codec, s *NVSet) {
	c.str("id-ref", &s.IDRef)
	if s.IDRef != "" {
		if !c.decoding {
			return
		}
		if target := c.follow(s.IDRef); target != nil {
			nvpairs(target, s)
		}
		return
	}
	c.autoID(&s.ID, c.e.name)
	nvpairs(c, s)
}

// nvpairs visits what a set holds; with id-ref, the set it refers to.
func nvpairs(c *codec, s *NVSet) {
	if c.decoding || s.Score != 0 {
		c.score("score", &s.Score)
	}
	rules := optional(s.Rule)
	each(c, "rule", &rules, rule)
	if len(rules) > 0 {
		s.Rule = &rules[0]
	}
	if len(rules) > 1 {
		c.fail("has %d rules: put them into one rule with boolean-op=\"or\"", len(rules))
	}
	var pairs []NV
	if !c.decoding {
		pairs = s.Pairs
	}
	each(c, "nvpair", &pairs, nvpair)
	if c.decoding {
		for _, p := range pairs {
			// A pair without a value sets nothing, as in Pacemaker.
			if p.Name != "" {
				s.Pairs = append(s.Pairs, p)
			}
		}
	}
}

func optional[T any](p *T) []T {
	if p == nil {
		return nil
	}
	return []T{*p}
}

func nvpair(c *codec, p *NV) {
	if !c.decoding {
		c.autoID(&p.ID, p.Name)
		c.e.setAttr("name", p.Name)
		c.e.setAttr("value", p.Value)
		return
	}
	c.str("id", &p.ID)
	c.str("name", &p.Name)
	from := c
	if ref, ok := c.e.attr("id-ref"); ok {
		if from = c.follow(ref); from == nil {
			return
		}
		if p.Name == "" {
			from.str("name", &p.Name)
		}
		p.ID = ""
	}
	value, ok := from.e.attr("value")
	switch {
	case p.Name == "":
		c.fail(`attribute "name" is missing: add it`)
	case !ok:
		c.warn("%s has no value and sets nothing", p.Name)
		p.Name = ""
	}
	p.Value = value
}

var resourceTags = []string{"primitive", "group", "clone", "master", "bundle"}

func resources(c *codec, list *[]*Resource, tags ...string) {
	variants(c, tags, list,
		func(r **Resource) string { return string((*r).Kind) },
		func(c *codec, r **Resource) {
			if c.decoding {
				*r = &Resource{}
			}
			resource(c, *r)
		})
}

func resource(c *codec, r *Resource) {
	if c.decoding {
		r.Kind = Kind(c.e.name)
	}
	c.need("id", &r.ID)
	c.str("description", &r.Description)
	switch c.e.name {
	case "primitive", "template":
		c.str("class", &r.Class)
		c.str("provider", &r.Provider)
		c.str("type", &r.Type)
		c.share(&r.ID, &r.Class, &r.Provider, &r.Type)
		c.str("template", &r.Template)
		if c.decoding && r.Template == "" && (r.Class == "" || r.Type == "") {
			c.fail("class or type is missing: name the agent, such as class=%q provider=%q type=%q, or a template", "ocf", "heartbeat", "IPaddr2")
		}
	case "master":
		// The old word for a promotable clone.
		r.Kind = Clone
	case "bundle":
		bundle(c, r)
	}
	each(c, "meta_attributes", &r.Meta, nvset)
	each(c, "instance_attributes", &r.Params, nvset)
	each(c, "utilization", &r.Utilization, nvset)
	switch c.e.name {
	case "primitive", "template":
		operations(c, r)
	case "group", "bundle":
		resources(c, &r.Children, "primitive")
	case "clone":
		resources(c, &r.Children, "primitive", "group")
	case "master":
		resources(c, &r.Children, "primitive", "group")
		r.Meta = append(r.Meta, NVSet{ID: r.ID + "-promotable", Pairs: []NV{{ID: r.ID + "-promotable-promotable", Name: "promotable", Value: "true"}}})
	}
}

func operations(c *codec, r *Resource) {
	c.section("operations", false, func(c *codec) {
		c.str("id-ref", &r.OpsRef)
		if r.OpsRef != "" {
			if c.decoding {
				if target := c.follow(r.OpsRef); target != nil {
					each(target, "op", &r.Ops, operation)
				}
				var unused []OpSpec
				if each(c, "op", &unused, operation); len(unused) > 0 {
					c.warn("the operations inside count for nothing beside id-ref=%q", r.OpsRef)
				}
			}
			return
		}
		c.str("id", &r.OpsID)
		each(c, "op", &r.Ops, operation)
	})
}

func operation(c *codec, o *OpSpec) {
	c.autoID(&o.ID, o.Name+"-"+o.Interval)
	c.need("name", &o.Name)
	c.share(&o.Name)
	c.str("interval", &o.Interval)
	c.str("timeout", &o.Timeout)
	c.rest(&o.Attrs)
	each(c, "meta_attributes", &o.Meta, nvset)
	each(c, "instance_attributes", &o.Params, nvset)
}

func bundle(c *codec, r *Resource) {
	if r.Bundle == nil {
		r.Bundle = &BundleSpec{}
	}
	b := r.Bundle
	for _, engine := range []string{"docker", "podman", "rkt"} {
		if c.decoding || b.Engine == engine {
			c.section(engine, true, func(c *codec) {
				b.Engine = engine
				c.rest(&b.Attrs)
			})
		}
	}
	if c.decoding && b.Engine == "" {
		c.fail("no container engine: add <docker>, <podman> or <rkt> with an image")
	}
	c.section("network", false, func(c *codec) {
		c.rest(&b.Network)
		each(c, "port-mapping", &b.Ports, (*codec).rest)
	})
	c.section("storage", false, func(c *codec) {
		each(c, "storage-mapping", &b.Storage, (*codec).rest)
	})
}
