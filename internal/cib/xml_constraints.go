package cib

import "slices"

// constraints visits the constraints section, where the kinds may be mixed. Of
// all but locations the common order counts, too: with a colocation and an order
// of the same resources, the first decides which of their actions the second
// finds.
func constraints(c *codec, f *Configuration) {
	each(c, "rsc_location", &f.Locations, location)
	if !c.decoding {
		f.InOrder(
			func(l *Colocation) { colocation(c.add("rsc_colocation"), l) },
			func(o *Order) { order(c.add("rsc_order"), o) },
			func(t *RscTicket) { rscTicket(c.add("rsc_ticket"), t) })
		return
	}
	each(c, "rsc_colocation", &f.Colocations, colocation)
	each(c, "rsc_order", &f.Orders, order)
	each(c, "rsc_ticket", &f.Tickets, rscTicket)
	f.Mixed = mixed(c.e.kids)
}

// mixed are the ids for Configuration.Mixed.
func mixed(kids []*element) []string {
	kinds := []string{"rsc_colocation", "rsc_order", "rsc_ticket"}
	var ids []string
	last, inOrder := 0, true
	for _, k := range kids {
		kind := slices.Index(kinds, k.name)
		if kind < 0 {
			continue
		}
		id, _ := k.attr("id")
		ids = append(ids, id)
		inOrder, last = inOrder && kind >= last, kind
	}
	if inOrder {
		return nil
	}
	return ids
}

func location(c *codec, l *Location) {
	c.need("id", &l.ID)
	c.str("rsc", &l.Resource)
	c.str("rsc-pattern", &l.ResourcePattern)
	c.str("role", &l.Role)
	c.str("node", &l.Node)
	if c.decoding || l.Node != "" {
		c.score("score", &l.Score)
	}
	c.str("resource-discovery", &l.Discovery)
	each(c, "resource_set", &l.Sets, resourceSet)
	each(c, "rule", &l.Rules, rule)
	lifetime(c, &l.Lifetime)
	if c.decoding && l.Resource == "" && l.ResourcePattern == "" && len(l.Sets) == 0 {
		c.fail("names no resource: add rsc, rsc-pattern or a resource_set")
	}
}

func colocation(c *codec, l *Colocation) {
	c.need("id", &l.ID)
	c.str("rsc", &l.Resource)
	c.str("with-rsc", &l.With)
	c.str("rsc-role", &l.Role)
	c.str("with-rsc-role", &l.WithRole)
	if c.decoding || l.HasScore {
		l.HasScore = c.score("score", &l.Score)
	}
	c.str("node-attribute", &l.NodeAttr)
	c.str("influence", &l.Influence)
	each(c, "resource_set", &l.Sets, resourceSet)
	lifetime(c, &l.Lifetime)
	if c.decoding && len(l.Sets) == 0 && (l.Resource == "" || l.With == "") {
		c.fail("names only one resource: add rsc and with-rsc, or a resource_set")
	}
}

func order(c *codec, o *Order) {
	c.need("id", &o.ID)
	c.str("first", &o.First)
	c.str("then", &o.Then)
	c.str("first-action", &o.FirstAction)
	c.str("then-action", &o.ThenAction)
	c.str("kind", &o.Kind)
	c.str("score", &o.Score)
	c.str("symmetrical", &o.Symmetrical)
	c.str("require-all", &o.RequireAll)
	each(c, "resource_set", &o.Sets, resourceSet)
	lifetime(c, &o.Lifetime)
	if c.decoding && len(o.Sets) == 0 && (o.First == "" || o.Then == "") {
		c.fail("names only one resource: add first and then, or a resource_set")
	}
}

func rscTicket(c *codec, t *RscTicket) {
	c.need("id", &t.ID)
	c.str("rsc", &t.Resource)
	c.str("rsc-role", &t.Role)
	c.need("ticket", &t.Ticket)
	c.str("loss-policy", &t.LossPolicy)
	each(c, "resource_set", &t.Sets, resourceSet)
	if c.decoding && len(t.Sets) == 0 && t.Resource == "" {
		c.fail("names no resource: add rsc or a resource_set")
	}
}

func lifetime(c *codec, rules *[]Rule) {
	c.section("lifetime", false, func(c *codec) { each(c, "rule", rules, rule) })
}

func resourceSet(c *codec, s *ResourceSet) {
	c.autoID(&s.ID, "set")
	c.str("sequential", &s.Sequential)
	c.str("require-all", &s.RequireAll)
	c.str("ordering", &s.Ordering)
	c.str("action", &s.Action)
	c.str("role", &s.Role)
	c.str("score", &s.Score)
	c.str("kind", &s.Kind)
	each(c, "resource_ref", &s.Refs, ref)
}

func ref(c *codec, id *string) { c.need("id", id) }

func rule(c *codec, r *Rule) {
	c.str("id-ref", &r.IDRef)
	if r.IDRef != "" {
		if c.decoding {
			if target := c.follow(r.IDRef); target != nil {
				ruleBody(target, r)
			}
		}
		return
	}
	c.autoID(&r.ID, "rule")
	ruleBody(c, r)
}

var rulePartTags = []string{"rule", "expression", "date_expression", "rsc_expression", "op_expression"}

// ruleBody visits what a rule says; with id-ref, the rule it refers to.
func ruleBody(c *codec, r *Rule) {
	c.str("boolean-op", &r.Op)
	c.str("role", &r.Role)
	c.str("score", &r.Score)
	c.str("score-attribute", &r.ScoreAttribute)
	variants(c, rulePartTags, &r.Parts, rulePartTag, rulePart)
}

func rulePartTag(p *RulePart) string {
	switch {
	case p.Rule != nil:
		return "rule"
	case p.Date != nil:
		return "date_expression"
	case p.Rsc != nil:
		return "rsc_expression"
	case p.Oper != nil:
		return "op_expression"
	}
	return "expression"
}

func rulePart(c *codec, p *RulePart) {
	switch c.e.name {
	case "rule":
		rule(c, made(&p.Rule))
	case "date_expression":
		dateExpression(c, made(&p.Date))
	case "rsc_expression":
		e := made(&p.Rsc)
		c.autoID(&e.ID, "rsc")
		c.str("class", &e.Class)
		c.str("provider", &e.Provider)
		c.str("type", &e.Type)
	case "op_expression":
		e := made(&p.Oper)
		c.autoID(&e.ID, "op")
		c.need("name", &e.Name)
		c.str("interval", &e.Interval)
	default:
		e := made(&p.Attr)
		c.autoID(&e.ID, "expression")
		c.need("attribute", &e.Attribute)
		c.need("operation", &e.Operation)
		c.str("value", &e.Value)
		c.str("value-source", &e.ValueSource)
		c.str("type", &e.Type)
	}
}

// made returns what p points to, after making it if there is nothing yet.
func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

func dateExpression(c *codec, e *DateExpression) {
	c.autoID(&e.ID, "date")
	c.str("operation", &e.Operation)
	c.str("start", &e.Start)
	c.str("end", &e.End)
	c.section("duration", false, func(c *codec) { c.rest(&e.Duration) })
	c.section("date_spec", false, func(c *codec) { c.rest(&e.Spec) })
}
