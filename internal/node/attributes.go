package node

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
)

// Transient attributes that the core itself sets.
const (
	// AttributeStateDisk is "failed" while a node cannot write its state.
	AttributeStateDisk = "kvmha-state-disk"
	// AttributeAway is the time (Unix seconds) until which a node whose hostd
	// restarts is expected back; AttributeMaintenance keeps the scheduler from
	// touching its resources meanwhile.
	AttributeAway        = "kvmha-away-until"
	AttributeMaintenance = "maintenance"
	// AttributeShutdown is the time (Unix seconds) at which a node asked to
	// leave; the scheduler then stops or moves what it runs.
	AttributeShutdown = "shutdown"
)

// attribute is a transient attribute as its node wants it.
type attribute struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Remove bool   `json:"remove,omitempty"`
}

// attributes are this node's own transient attributes, sorted by name; removed
// ones stay as such, so that a later DC hears of it, too.
type attributes struct {
	own  []attribute
	news []attribute // not yet sent to the DC
}

func (a *attributes) list() []attribute { return a.own }

// attributeChanged takes an attribute of this node.
func (c *Core) attributeChanged(e AttributeChanged) {
	a := &c.attrs
	now := attribute(e)
	at, known := slices.BinarySearchFunc(a.own, e.Name, func(x attribute, name string) int { return strings.Compare(x.Name, name) })
	switch {
	case known && a.own[at] == now:
		return
	case known:
		a.own = slices.Clone(a.own)
		a.own[at] = now
	default:
		a.own = slices.Insert(slices.Clone(a.own), at, now)
	}
	a.news = append(a.news, now)
}

// linkAttributes publishes this node's view of each peer's links as
// PEER-LINK = up or dead, as ifcheckd does.
func (c *Core) linkAttributes(links []cluster.Link) {
	for _, l := range links {
		value := "dead"
		if l.Up {
			value = "up"
		}
		c.attributeChanged(AttributeChanged{Name: l.Peer + "-" + l.Name, Value: value})
	}
}

// attributesProgress sends what is new to the DC; a new DC gets everything with
// the join.
func (c *Core) attributesProgress() {
	if len(c.attrs.news) == 0 || c.vote.dc == "" {
		return
	}
	c.send(c.vote.dc, message{Attributes: c.attrs.news})
	c.attrs.news = nil
}

// attributesOf writes a member's attributes into the CIB. Only those that a
// rule or the scheduler itself can read make it decide anew.
func (c *Core) attributesOf(from string, news []attribute) {
	if !c.office.ready || !c.joined(from) {
		return
	}
	for _, a := range news {
		n := c.node(from)
		old := n.Attribute(a.Name)
		if old == a.Value && !(a.Remove && old != "") {
			continue
		}
		c.commit(cib.Command{SetAttribute: &cib.SetAttribute{Node: from, Name: a.Name, Value: a.Value, Remove: a.Remove}})
		if c.attributeMatters(a.Name) {
			c.markDirty("attribute " + a.Name + " of " + from + " is " + cmpOr(a.Value, "gone"))
		}
	}
}

// attributeMatters reports whether an attribute can change the scheduler's answer.
func (c *Core) attributeMatters(name string) bool {
	for _, prefix := range []string{"standby", "maintenance", "shutdown", "terminate", "fail-count-", "last-failure-", "master-", "#"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	conf := &c.cib.Config
	var rules []cib.Rule
	for _, l := range conf.Locations {
		rules = append(append(rules, l.Rules...), l.Lifetime...)
	}
	for _, col := range conf.Colocations {
		if col.NodeAttr == name {
			return true
		}
	}
	for _, sets := range [][]cib.NVSet{conf.Properties, conf.RscDefaults, conf.OpDefaults} {
		rules = append(rules, rulesOf(sets)...)
	}
	for _, top := range conf.Resources {
		top.Walk(func(r, _ *cib.Resource) { rules = append(append(rules, rulesOf(r.Params)...), rulesOf(r.Meta)...) })
	}
	return slices.ContainsFunc(rules, func(r cib.Rule) bool { return ruleReads(&r, name) })
}

func rulesOf(sets []cib.NVSet) []cib.Rule {
	var rules []cib.Rule
	for _, s := range sets {
		if s.Rule != nil {
			rules = append(rules, *s.Rule)
		}
	}
	return rules
}

// ruleReads reports whether a rule depends on an attribute. A rule that is only
// a reference to another one may.
func ruleReads(r *cib.Rule, name string) bool {
	if r.IDRef != "" || r.ScoreAttribute == name {
		return true
	}
	for _, p := range r.Parts {
		if p.Attr != nil && p.Attr.Attribute == name || p.Rule != nil && ruleReads(p.Rule, name) {
			return true
		}
	}
	return false
}
