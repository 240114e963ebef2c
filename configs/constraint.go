package configs

import (
	"strconv"

	"kvmha/internal/cib"
)

// locationTable says where a resource likes to run: on one node by a score, or
// wherever rules say. A rule is a score, a colon and a condition on node
// attributes: "-INFINITY: not_defined pingd or pingd lt 100".
type locationTable struct {
	table
	// Id of the constraint.
	ID string `toml:"id" required:"true" is:"id" id:"constraint"`
	// The resource.
	Resource string `toml:"resource" required:"true" ref:"resource"`
	// The node; needs score.
	Node string `toml:"node" ref:"node"`
	// How much it likes the node; -INFINITY forbids it, INFINITY forces it.
	Score string `toml:"score" is:"score"`
	// One rule, instead of node and score.
	Rule string `toml:"rule"`
	// Several rules; their scores add up.
	Rules []string `toml:"rules"`
	// Only for this role of the resource.
	Role string `toml:"role" enum:"Started|Stopped|Promoted|Unpromoted|Master|Slave"`
	// Whether the node is searched for the resource at all. Default: always.
	Discovery string `toml:"resource-discovery" enum:"always|never|exclusive"`
}

func (t *locationTable) check(p *problems) {
	_, hasRule := p.where[t.key("rule")]
	_, hasRules := p.where[t.key("rules")]
	_, hasNode := p.where[t.key("node")]
	_, hasScore := p.where[t.key("score")]
	switch {
	case hasRule && hasRules:
		p.add(t.key("rule"), "write either rule or rules")
	case (hasRule || hasRules) && (hasNode || hasScore):
		p.add(t.path, "write either node and score, or rules, not both")
	case !hasRule && !hasRules && !(hasNode && hasScore):
		p.add(t.path, "needs node and score, or a rule")
	}
	for _, r := range t.rules() {
		if _, err := parseRule(r.id, r.text); err != nil && r.text != "" {
			p.add(r.path, "%v", err)
		}
	}
}

type ruleText struct{ path, id, text string }

func (t *locationTable) rules() []ruleText {
	var out []ruleText
	if t.Rule != "" {
		out = append(out, ruleText{t.key("rule"), t.ID + "-rule", t.Rule})
	}
	for i, r := range t.Rules {
		id := t.ID + "-rule"
		if i > 0 {
			id += "-" + strconv.Itoa(i)
		}
		out = append(out, ruleText{element(t.key("rules"), i), id, r})
	}
	return out
}

func (t *locationTable) build() cib.Location {
	l := cib.Location{ID: t.ID, Resource: t.Resource, Node: t.Node, Role: t.Role, Discovery: t.Discovery}
	if t.Score != "" {
		l.Score, _ = cib.ParseScore(t.Score)
	}
	for _, r := range t.rules() {
		rule, _ := parseRule(r.id, r.text)
		l.Rules = append(l.Rules, rule)
	}
	return l
}

// colocationTable places a resource relative to another: together or apart.
type colocationTable struct {
	table
	// Id of the constraint.
	ID string `toml:"id" required:"true" is:"id" id:"constraint"`
	// The resource that is placed.
	Resource string `toml:"resource" required:"true" ref:"resource"`
	// The resource that decides.
	With string `toml:"with" required:"true" ref:"resource"`
	// INFINITY: only together; -INFINITY: never together; else a preference.
	Score cib.Score `toml:"score" default:"INFINITY"`
	// Only for this role of resource.
	Role string `toml:"role" enum:"Started|Stopped|Promoted|Unpromoted|Master|Slave"`
	// Only with this role of with.
	WithRole string `toml:"with-role" enum:"Started|Stopped|Promoted|Unpromoted|Master|Slave"`
	// Together means nodes with the same value of this attribute. Default: #uname.
	NodeAttribute string `toml:"node-attribute"`
	// Whether the placed resource may decide where with goes. Default: true.
	Influence string `toml:"influence" is:"bool"`
}

func (t *colocationTable) check(p *problems) {
	if t.Resource != "" && t.Resource == t.With {
		p.add(t.key("with"), "%q cannot be placed relative to itself", t.With)
	}
}

func (t *colocationTable) build() cib.Colocation {
	return cib.Colocation{
		ID: t.ID, Resource: t.Resource, With: t.With, Score: t.Score, HasScore: true,
		Role: t.Role, WithRole: t.WithRole, NodeAttr: t.NodeAttribute, Influence: t.Influence,
	}
}

// orderTable says which of two resources acts first.
type orderTable struct {
	table
	// Id of the constraint.
	ID string `toml:"id" required:"true" is:"id" id:"constraint"`
	// The resource that acts first.
	First string `toml:"first" required:"true" ref:"resource"`
	// The resource that waits.
	Then string `toml:"then" required:"true" ref:"resource"`
	// What first does. Default: start.
	FirstAction string `toml:"first-action" enum:"start|stop|promote|demote"`
	// What then waits with. Default: first-action.
	ThenAction string `toml:"then-action" enum:"start|stop|promote|demote"`
	// Mandatory: always; Optional: only when both act in one transition;
	// Serialize: never at the same time. Default: Mandatory.
	Kind string `toml:"kind" enum:"Mandatory|Optional|Serialize"`
	// The reverse order holds for the opposite actions. Default: true
	// (Serialize: false).
	Symmetrical string `toml:"symmetrical" is:"bool"`
	// With a clone first: all copies must have acted. Default: true.
	RequireAll string `toml:"require-all" is:"bool"`
}

func (t *orderTable) check(p *problems) {
	if t.First != "" && t.First == t.Then {
		p.add(t.key("then"), "%q cannot wait for itself", t.Then)
	}
	if t.Kind == "Serialize" && t.Symmetrical == "true" {
		p.add(t.key("symmetrical"), "kind Serialize has no reverse order: remove the key or write false")
	}
}

func (t *orderTable) build() cib.Order {
	return cib.Order{
		ID: t.ID, First: t.First, Then: t.Then, FirstAction: t.FirstAction, ThenAction: t.ThenAction,
		Kind: t.Kind, Symmetrical: t.Symmetrical, RequireAll: t.RequireAll,
	}
}

// ticketTable ties a resource to a ticket that a site holds.
type ticketTable struct {
	table
	// Id of the constraint.
	ID string `toml:"id" required:"true" is:"id" id:"constraint"`
	// The ticket.
	Ticket string `toml:"ticket" required:"true" is:"id"`
	// The resource that needs it.
	Resource string `toml:"resource" required:"true" ref:"resource"`
	// Only for this role.
	Role string `toml:"role" enum:"Started|Stopped|Promoted|Unpromoted|Master|Slave"`
	// What happens when the ticket is lost. Default: stop (for a promoted role:
	// demote).
	LossPolicy string `toml:"loss-policy" enum:"stop|demote|fence|freeze"`
}

func (t *ticketTable) build() cib.RscTicket {
	return cib.RscTicket{ID: t.ID, Ticket: t.Ticket, Resource: t.Resource, Role: t.Role, LossPolicy: t.LossPolicy}
}
