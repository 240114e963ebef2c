package cib

import "slices"

// InOrder visits colocations, orders and tickets in their common order.
func (c *Configuration) InOrder(colocation func(*Colocation), order func(*Order), ticket func(*RscTicket)) {
	at := make(map[string]int, len(c.Mixed))
	for i, id := range c.Mixed {
		at[id] = i
	}
	const (
		aColocation = iota
		anOrder
		aTicket
	)
	type visit struct{ at, kind, index int }
	visits := make([]visit, 0, len(c.Colocations)+len(c.Orders)+len(c.Tickets))
	add := func(kind, index int, id string) {
		i, named := at[id]
		if !named {
			i = len(c.Mixed)
		}
		visits = append(visits, visit{i, kind, index})
	}
	for i := range c.Colocations {
		add(aColocation, i, c.Colocations[i].ID)
	}
	for i := range c.Orders {
		add(anOrder, i, c.Orders[i].ID)
	}
	for i := range c.Tickets {
		add(aTicket, i, c.Tickets[i].ID)
	}
	slices.SortStableFunc(visits, func(a, b visit) int { return a.at - b.at })
	for _, v := range visits {
		switch v.kind {
		case aColocation:
			colocation(&c.Colocations[v.index])
		case anOrder:
			order(&c.Orders[v.index])
		case aTicket:
			ticket(&c.Tickets[v.index])
		}
	}
}

// Location is a location constraint ("Pacemaker Explained, Deciding Which
// Nodes a Resource Can Run On"). Either Node and Score are set, or Rules.
type Location struct {
	ID              string        `json:"id"`
	Resource        string        `json:"rsc,omitempty"`
	ResourcePattern string        `json:"rsc-pattern,omitempty"`
	Sets            []ResourceSet `json:"resource-sets,omitempty"`
	Role            string        `json:"role,omitempty"`
	Node            string        `json:"node,omitempty"`
	Score           Score         `json:"score,omitempty"`
	// Discovery is "always" (the default), "never" or "exclusive".
	Discovery string `json:"resource-discovery,omitempty"`
	Rules     []Rule `json:"rules,omitempty"`
	Lifetime  []Rule `json:"lifetime,omitempty"`
}

// Colocation places Resource (dependent) relative to With (primary).
type Colocation struct {
	ID       string `json:"id"`
	Resource string `json:"rsc,omitempty"`
	With     string `json:"with-rsc,omitempty"`
	Role     string `json:"rsc-role,omitempty"`
	WithRole string `json:"with-rsc-role,omitempty"`
	Score    Score  `json:"score,omitempty"`
	HasScore bool   `json:"has-score,omitempty"`
	NodeAttr string `json:"node-attribute,omitempty"`
	// Influence is "", "true" or "false".
	Influence string        `json:"influence,omitempty"`
	Sets      []ResourceSet `json:"resource-sets,omitempty"`
	Lifetime  []Rule        `json:"lifetime,omitempty"`
}

// Order is an ordering constraint. Kind is "", "Mandatory", "Optional" or
// "Serialize"; Symmetrical and RequireAll are "", "true" or "false" as
// written, because their defaults depend on Kind. Score is the old spelling.
type Order struct {
	ID          string        `json:"id"`
	First       string        `json:"first,omitempty"`
	Then        string        `json:"then,omitempty"`
	FirstAction string        `json:"first-action,omitempty"`
	ThenAction  string        `json:"then-action,omitempty"`
	Kind        string        `json:"kind,omitempty"`
	Score       string        `json:"score,omitempty"`
	Symmetrical string        `json:"symmetrical,omitempty"`
	RequireAll  string        `json:"require-all,omitempty"`
	Sets        []ResourceSet `json:"resource-sets,omitempty"`
	Lifetime    []Rule        `json:"lifetime,omitempty"`
}

// RscTicket ties a resource to a ticket. LossPolicy is "stop" (the default),
// "demote", "fence" or "freeze".
type RscTicket struct {
	ID         string        `json:"id"`
	Resource   string        `json:"rsc,omitempty"`
	Role       string        `json:"rsc-role,omitempty"`
	Ticket     string        `json:"ticket"`
	LossPolicy string        `json:"loss-policy,omitempty"`
	Sets       []ResourceSet `json:"resource-sets,omitempty"`
}

// ResourceSet is a set inside a constraint ("Pacemaker Explained, Resource
// Sets"). The three booleans are "", "true" or "false" as written.
type ResourceSet struct {
	ID         string   `json:"id"`
	Refs       []string `json:"refs"`
	Sequential string   `json:"sequential,omitempty"`
	RequireAll string   `json:"require-all,omitempty"`
	Ordering   string   `json:"ordering,omitempty"`
	Action     string   `json:"action,omitempty"`
	Role       string   `json:"role,omitempty"`
	Score      string   `json:"score,omitempty"`
	Kind       string   `json:"kind,omitempty"`
}

// Rule is a condition with, in constraints, a score ("Pacemaker Explained,
// Rules"). Op joins the parts: "and" (the default) or "or".
type Rule struct {
	ID             string `json:"id"`
	IDRef          string `json:"id-ref,omitempty"`
	Op             string `json:"boolean-op,omitempty"`
	Role           string `json:"role,omitempty"`
	Score          string `json:"score,omitempty"`
	ScoreAttribute string `json:"score-attribute,omitempty"`
	// Parts keeps expressions and nested rules in document order.
	Parts []RulePart `json:"parts,omitempty"`
}

// RulePart is exactly one of its fields.
type RulePart struct {
	Rule *Rule           `json:"rule,omitempty"`
	Attr *AttrExpression `json:"expression,omitempty"`
	Date *DateExpression `json:"date_expression,omitempty"`
	Rsc  *RscExpression  `json:"rsc_expression,omitempty"`
	Oper *OpExpression   `json:"op_expression,omitempty"`
}

// AttrExpression compares a node attribute. Operation is lt, gt, lte, gte, eq,
// ne, defined or not_defined; Type is string, integer, number, version or "".
type AttrExpression struct {
	ID          string `json:"id"`
	Attribute   string `json:"attribute"`
	Operation   string `json:"operation"`
	Value       string `json:"value,omitempty"`
	ValueSource string `json:"value-source,omitempty"`
	Type        string `json:"type,omitempty"`
}

// DateExpression compares the current time. Operation is gt, lt, in_range or
// date_spec; Duration and Spec hold the child elements' attributes.
type DateExpression struct {
	ID        string `json:"id"`
	Operation string `json:"operation,omitempty"`
	Start     string `json:"start,omitempty"`
	End       string `json:"end,omitempty"`
	Duration  []NV   `json:"duration,omitempty"`
	Spec      []NV   `json:"date_spec,omitempty"`
}

// RscExpression matches the resource whose defaults are being computed.
type RscExpression struct {
	ID       string `json:"id"`
	Class    string `json:"class,omitempty"`
	Provider string `json:"provider,omitempty"`
	Type     string `json:"type,omitempty"`
}

// OpExpression matches the operation whose defaults are being computed.
type OpExpression struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Interval string `json:"interval,omitempty"`
}
