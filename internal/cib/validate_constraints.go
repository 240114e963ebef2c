package cib

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

var (
	isKind       = oneOf("Mandatory", "Optional", "Serialize")
	isAction     = oneOf("start", "stop", "promote", "demote")
	isDiscovery  = oneOf("always", "never", "exclusive")
	isLossPolicy = oneOf("stop", "demote", "fence", "freeze")
	isComparison = oneOf("lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined")
	isValueType  = oneOf("string", "integer", "number", "version")
	isDateCheck  = oneOf("gt", "lt", "in_range", "date_spec")
)

func (v *validator) constraints(c *Configuration) {
	for i := range c.Locations {
		v.location(&c.Locations[i])
	}
	for i := range c.Colocations {
		v.colocation(&c.Colocations[i])
	}
	for i := range c.Orders {
		v.order(&c.Orders[i])
	}
	for i := range c.Tickets {
		v.ticket(&c.Tickets[i])
	}
}

func (v *validator) location(l *Location) {
	at := v.at("location", l.ID)
	named := 0
	if l.Resource != "" {
		named++
		at.in("rsc").refers(l.Resource)
	}
	if l.ResourcePattern != "" {
		named++
		at.in("rsc-pattern").pattern(l.ResourcePattern)
	}
	if len(l.Sets) > 0 {
		named++
	}
	if named != 1 {
		at.report("names its resources in %d ways: use one of rsc, rsc-pattern and sets", named)
	}
	switch {
	case l.Node != "" && len(l.Rules) > 0:
		at.report("has a node and rules: use one of them")
	case l.Node != "":
		at.in("node").refersNode(l.Node)
	case len(l.Rules) == 0:
		at.report("prefers no node: add node and score, or a rule")
	}
	at.in("role").value(l.Role, isRole)
	at.in("resource-discovery").value(l.Discovery, isDiscovery)
	at.sets(l.Sets)
	at.rules("rule", l.Rules)
	at.rules("lifetime", l.Lifetime)
}

func (v *validator) colocation(c *Colocation) {
	at := v.at("colocation", c.ID)
	at.pairOrSets("rsc", c.Resource, "with-rsc", c.With, c.Sets)
	at.in("rsc-role").value(c.Role, isRole)
	at.in("with-rsc-role").value(c.WithRole, isRole)
	at.in("influence").value(c.Influence, isBool)
	at.rules("lifetime", c.Lifetime)
}

func (v *validator) order(o *Order) {
	at := v.at("order", o.ID)
	at.pairOrSets("first", o.First, "then", o.Then, o.Sets)
	at.in("first-action").value(o.FirstAction, isAction)
	at.in("then-action").value(o.ThenAction, isAction)
	at.in("kind").value(o.Kind, isKind)
	at.in("score").value(o.Score, isScore)
	at.in("symmetrical").value(o.Symmetrical, isBool)
	at.in("require-all").value(o.RequireAll, isBool)
	at.rules("lifetime", o.Lifetime)
}

func (v *validator) ticket(t *RscTicket) {
	at := v.at("ticket", t.ID)
	if t.Ticket == "" {
		at.in("ticket").report("is missing: name the ticket")
	}
	switch {
	case t.Resource != "":
		at.in("rsc").refers(t.Resource)
	case len(t.Sets) == 0:
		at.report("names no resource: add rsc or a set")
	}
	at.in("rsc-role").value(t.Role, isRole)
	at.in("loss-policy").value(t.LossPolicy, isLossPolicy)
	at.sets(t.Sets)
}

// pairOrSets checks a constraint between two resources or within sets.
func (p place) pairOrSets(keyA, a, keyB, b string, sets []ResourceSet) {
	switch {
	case len(sets) > 0:
		p.sets(sets)
		return
	case a == "":
		p.in(keyA).report("is missing: name a resource, or use sets")
	case b == "":
		p.in(keyB).report("is missing: name a resource, or use sets")
	}
	if a != "" {
		p.in(keyA).refers(a)
	}
	if b != "" {
		p.in(keyB).refers(b)
	}
}

func (p place) sets(sets []ResourceSet) {
	for i := range sets {
		s := &sets[i]
		at := p.in(fmt.Sprintf("set[%d]", i+1))
		if len(s.Refs) == 0 {
			at.report("is empty: name its resources")
		}
		for _, id := range s.Refs {
			at.refers(id)
		}
		at.in("sequential").value(s.Sequential, isBool)
		at.in("require-all").value(s.RequireAll, isBool)
		at.in("action").value(s.Action, isAction)
		at.in("role").value(s.Role, isRole)
		at.in("score").value(s.Score, isScore)
		at.in("kind").value(s.Kind, isKind)
	}
}

func (p place) rules(key string, rules []Rule) {
	for i := range rules {
		p.in(key).rule(&rules[i])
	}
}

func (p place) rule(r *Rule) {
	if r.IDRef != "" {
		return
	}
	if len(r.Parts) == 0 {
		p.report("says nothing: add an expression")
	}
	p.in("boolean-op").value(r.Op, oneOf("and", "or"))
	p.in("role").value(r.Role, isRole)
	p.in("score").value(r.Score, isScore)
	for i := range r.Parts {
		switch part := &r.Parts[i]; {
		case part.Rule != nil:
			p.in("rule").rule(part.Rule)
		case part.Attr != nil:
			p.in("expression").attrExpression(part.Attr)
		case part.Date != nil:
			p.in("date_expression").dateExpression(part.Date)
		case part.Oper != nil:
			p.in("op_expression.interval").value(part.Oper.Interval, isDuration)
		}
	}
}

func (p place) attrExpression(e *AttrExpression) {
	if e.Attribute == "" {
		p.in("attribute").report("is missing: name the node attribute to compare")
	}
	p.in("operation").required(e.Operation, isComparison)
	p.in("type").value(e.Type, isValueType)
}

func (p place) dateExpression(e *DateExpression) {
	p.in("operation").value(e.Operation, isDateCheck)
	switch op := strings.ToLower(e.Operation); {
	case op == "gt" && e.Start == "":
		p.in("start").report("is missing: gt means later than it")
	case op == "lt" && e.End == "":
		p.in("end").report("is missing: lt means earlier than it")
	case op == "date_spec" && len(e.Spec) == 0:
		p.in("date_spec").report("is missing: say which hours, weekdays …")
	case (op == "in_range" || op == "") && e.Start == "" && e.End == "":
		p.report("has neither start nor end: a range needs one of them")
	}
}

// required is value for an option that has to be there.
func (p place) required(text string, c check) {
	if text == "" {
		p.report("is missing")
		return
	}
	p.value(text, c)
}

func (p place) pattern(text string) {
	if _, err := regexp.Compile(text); err != nil {
		p.report("%q is no regular expression: %v", text, err)
	}
}

func (v *validator) fencing(levels []FencingLevel) {
	seen := map[string]bool{}
	for i := range levels {
		l := &levels[i]
		at := v.at("fencing-level", l.ID)
		at.fencingTarget(l)
		if l.Index < 1 || l.Index > 9 {
			at.in("index").report("%d is none of the levels 1 to 9", l.Index)
		}
		key := fmt.Sprint(l.Target, "/", l.TargetPattern, "/", l.TargetAttr, "=", l.TargetValue, "/", l.Index)
		if seen[key] {
			at.in("index").report("level %d of this target exists already: join their devices, or use another level", l.Index)
		}
		seen[key] = true
		if len(l.Devices) == 0 {
			at.in("devices").report("is empty: name at least one fencing device")
		}
		for _, id := range l.Devices {
			at.in("devices").device(id)
		}
	}
}

func (p place) fencingTarget(l *FencingLevel) {
	given := 0
	for _, t := range []string{l.Target, l.TargetPattern, l.TargetAttr} {
		if t != "" {
			given++
		}
	}
	if given != 1 {
		p.report("has %d targets: use one of target, target-pattern and target-attribute", given)
	}
	if l.Target != "" {
		p.in("target").refersNode(l.Target)
	}
	if l.TargetPattern != "" {
		p.in("target-pattern").pattern(l.TargetPattern)
	}
}

// device checks that an id is that of a fencing device.
func (p place) device(id string) {
	if r := p.v.resources[id]; r != nil && p.v.classOf(r) == "stonith" {
		return
	}
	devices := map[string]bool{}
	for name, r := range p.v.resources {
		if p.v.classOf(r) == "stonith" {
			devices[name] = true
		}
	}
	p.report("%q is no fencing device (a resource of class stonith)%s", id, suggest(id, maps.Keys(devices)))
}

func (v *validator) classOf(r *Resource) string {
	if t := v.templates[r.Template]; t != nil {
		return t.Class
	}
	return r.Class
}
