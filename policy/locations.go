package policy

import (
	"strings"

	"kvmha/internal/cib"
)

const (
	infinity      = cib.Infinity
	minusInfinity = cib.MinusInfinity
)

// location is one location constraint, or one rule of one, for one resource.
type location struct {
	id    string
	r     *resource
	nodes []*place
	// rule is the rule of constraint that it was made of, health says that it stands for
	// node-health-strategy; id is then the rule's or the strategy's.
	rule       *cib.Rule
	constraint string
	health     bool
	// role limits it to resources that will have this role (unknown: any).
	role role
	mode discovery
}

// scoreOn adds a score for a node to r and to all that is in it.
func (p *plan) scoreOn(r *resource, n *node, s cib.Score) {
	for _, c := range r.children {
		p.scoreOn(c, n, s)
	}
	pl, _ := r.allowed.entry(n)
	pl.score = pl.score.Add(s)
}

// scoreEverywhere is scoreOn for every node.
func (p *plan) scoreEverywhere(r *resource, s cib.Score) {
	for _, n := range p.nodes {
		p.scoreOn(r, n, s)
	}
}

// scoreByDefault allows r on every node, as symmetric clusters do; but neither
// what is limited to certain nodes, nor nodes that are for certain resources.
func (p *plan) scoreByDefault(r *resource) {
	if r.exclusiveDiscovery {
		return
	}
	for _, c := range r.children {
		p.scoreByDefault(c)
	}
	if r.allowed == nil {
		r.allowed = p.everywhere()
		return
	}
	for _, n := range p.nodes {
		if n.mode != discoverNever {
			r.allowed.entry(n)
		}
	}
}

// everywhere is a table of all nodes that are not for certain resources.
func (p *plan) everywhere() table {
	t := make(table, p.created)
	block := make([]place, len(p.nodes))
	for i, n := range p.nodes {
		if n.mode != discoverNever {
			block[i] = place{node: n, score: n.score, mode: n.mode}
			t[n.index] = &block[i]
		}
	}
	return t
}

// addLocation adds a constraint; n may be nil when the nodes follow.
func (p *plan) addLocation(id string, r *resource, s cib.Score, mode string, n *node) *location {
	l := &location{id: id, r: r}
	switch strings.ToLower(mode) {
	case "never":
		l.mode = discoverNever
	case "exclusive":
		l.mode = discoverExclusive
		r.exclusiveDiscovery = true
	}
	if n != nil {
		l.nodes = []*place{{node: n, score: s}}
	}
	p.locations = append(p.locations, l)
	r.locations = append(r.locations, l)
	return l
}

// unpackLocation resolves what a location constraint names: a resource, a tag
// or template, a pattern, or sets ("Pacemaker Explained, Location Constraints").
func (p *plan) unpackLocation(c *cib.Location) {
	if !p.alive(c.Lifetime) {
		return
	}
	if len(c.Sets) > 0 {
		for _, set := range p.expandSets(c.ID, c.Sets) {
			for _, id := range set.Refs {
				if r := p.constraintResource(id); r != nil {
					p.unpackLocationFor(c, r, set.Role, set.Score, nil)
				} else {
					p.fault("%s: No resource found for %s", set.ID, id)
					return
				}
			}
		}
		return
	}
	if c.Resource != "" {
		r := p.constraintResource(c.Resource)
		if r != nil {
			p.unpackLocationFor(c, r, "", "", nil)
		} else if refs, ok := p.tagged(c.Resource); ok {
			for _, id := range refs {
				r := p.constraintResource(id)
				if r == nil {
					// The rest of the tag is not looked at, as in a set.
					p.fault("%s: No resource found for %s", c.Resource, id)
					return
				}
				p.unpackLocationFor(c, r, c.Role, "", nil)
			}
		} else {
			p.fault("Ignoring constraint '%s' because '%s' is not a valid resource or tag", c.ID, c.Resource)
		}
	}
	if c.ResourcePattern != "" {
		p.unpackPattern(c)
	}
}

func (p *plan) unpackPattern(c *cib.Location) {
	re, negate, err := compilePattern(c.ResourcePattern)
	if err != nil {
		p.fault("Ignoring constraint '%s' because rsc-pattern has invalid value '%s'", c.ID, c.ResourcePattern)
		return
	}
	for _, r := range p.resources {
		at := re.FindStringSubmatchIndex(r.id)
		switch {
		case !negate && at != nil:
			p.unpackLocationFor(c, r, "", "", &patternMatch{text: r.id, at: at})
		case negate && at == nil:
			p.unpackLocationFor(c, r, "", "", nil)
		}
	}
}

func (p *plan) unpackLocationFor(c *cib.Location, r *resource, roleText, scoreText string, m *patternMatch) {
	s := c.Score
	if scoreText != "" {
		s = score(scoreText)
	}
	if c.Node == "" {
		if len(c.Rules) == 0 {
			p.fault("Ignoring constraint '%s' because it contains no rules", c.ID)
		}
		for i := range c.Rules {
			p.unpackLocationRule(c, &c.Rules[i], r, m)
		}
		return
	}
	n := p.nodeByName[c.Node]
	if n == nil {
		return
	}
	l := p.addLocation(c.ID, r, s, c.Discovery, n)
	if roleText == "" {
		roleText = c.Role
	}
	if parseRole(roleText) == rolePromoted || parseRole(roleText) == roleStopped {
		l.role = parseRole(roleText)
	}
}

// unpackLocationRule makes a constraint of a rule: the nodes it passes on,
// with its score.
func (p *plan) unpackLocationRule(c *cib.Location, rule *cib.Rule, r *resource, m *patternMatch) {
	if rule.IDRef != "" {
		if rule = p.index.rule(rule.IDRef); rule == nil {
			return
		}
	}
	if rule.Role != "" && parseRole(rule.Role) == roleUnknown {
		p.fault("Bad role specified for %s: %s", rule.ID, rule.Role)
		return
	}
	l := p.addLocation(rule.ID, r, 0, c.Discovery, nil)
	l.constraint, l.rule = c.ID, rule
	if l.role = parseRole(rule.Role); l.role == roleUnpromoted {
		l.role = roleUnknown
	}
	ctx := ruleContext{meta: r.meta, match: m, inConstraint: true}
	either := strings.EqualFold(rule.Op, "or")
	for _, n := range p.nodes {
		ctx.attrs, ctx.params = n.attrs, r.params(n)
		if p.passes(rule, ctx) {
			pl := &place{node: n, score: p.ruleScore(rule, n, r, m)}
			if either {
				// As in the reference, a rule with "or" keeps what is held
				// against the node itself.
				pl.score = n.score.Add(pl.score)
			}
			l.nodes = append(l.nodes, pl)
		}
	}
}

func (p *plan) ruleScore(rule *cib.Rule, n *node, r *resource, m *patternMatch) cib.Score {
	if rule.Score != "" {
		return p.options.healthScore(rule.Score)
	}
	if rule.ScoreAttribute == "" {
		return 0
	}
	v, ok := n.attrFor(m.expand(rule.ScoreAttribute), r)
	if !ok {
		return minusInfinity
	}
	return p.options.healthScore(v)
}

// attrFor is an attribute of the node, or, if the resource says so, of the
// host that the guest node runs on.
func (n *node) attrFor(name string, r *resource) (string, bool) {
	if r != nil && strings.EqualFold(r.meta["container-attribute-target"], "host") && n.isGuest() {
		if hosts := n.remote.container.running; len(hosts) > 0 {
			v, ok := hosts[0].attrs[name]
			return v, ok
		}
		return "", false
	}
	v, ok := n.attrs[name]
	return v, ok
}

// alive: the constraint's lifetime, if it has one, is now.
func (p *plan) alive(lifetime []cib.Rule) bool {
	if len(lifetime) == 0 {
		return true
	}
	for i := range lifetime {
		if p.passes(&lifetime[i], ruleContext{}) {
			return true
		}
	}
	return false
}

// applyLocation adds a constraint's scores to r and all that is in it. In a
// group that stays together the first member takes the score for all.
func (r *resource) applyLocation(l *location, nodes []*place) {
	r.takeLocation(l, nodes)
	switch r.variant {
	case group:
		for i, c := range r.children {
			if i > 0 && r.group.colocated {
				nodes = withoutScores(l.nodes)
			}
			c.applyLocation(l, nodes)
		}
	case clone:
		for _, c := range r.children {
			c.applyLocation(l, nodes)
		}
	case bundle:
		r.applyLocationToBundle(l, nodes)
	}
}

func withoutScores(in []*place) []*place {
	out := make([]*place, len(in))
	for i, pl := range in {
		out[i] = &place{node: pl.node}
	}
	return out
}

func (r *resource) takeLocation(l *location, nodes []*place) {
	if l.role != roleUnknown && l.role != r.next {
		return
	}
	for _, from := range nodes {
		pl := r.allowed.get(from.node)
		if pl == nil {
			pl = &place{node: from.node, score: from.score, mode: from.node.mode}
			r.allowed.set(pl)
		} else {
			pl.score = pl.score.Add(from.score)
		}
		if pl.mode < l.mode {
			if l.mode == discoverExclusive {
				r.exclusiveDiscovery = true
			}
			pl.mode = l.mode
		}
	}
}

// scoreNodes gives every resource its scores: constraints, stickiness,
// migration-threshold, and what is limited to certain nodes.
func (p *plan) scoreNodes() {
	p.applyShutdownLocks()
	for i := len(p.locations) - 1; i >= 0; i-- {
		l := p.locations[i]
		l.r.applyLocation(l, l.nodes)
	}
	for _, r := range p.resources {
		p.applyStickiness(r)
	}
	p.applyThresholds()
	for _, r := range p.resources {
		if r.exclusiveDiscovery {
			for _, n := range p.nodes {
				applyExclusive(r, n)
			}
		}
	}
	p.scoreIntents()
}

func (p *plan) applyStickiness(r *resource) {
	for _, c := range r.children {
		p.applyStickiness(c)
	}
	if len(r.children) > 0 || !r.managed || r.stickiness < 1 || len(r.running) != 1 {
		return
	}
	n := r.running[0]
	if !p.options.symmetric && r.allowed.get(n) == nil {
		return
	}
	p.scoreOn(r, n, r.stickiness)
}

// applyThresholds takes resources away from nodes where they failed too often.
// Most nodes have no failures at all.
func (p *plan) applyThresholds() {
	for _, n := range p.nodes {
		if len(n.failures(p.legacyFailures)) == 0 {
			continue
		}
		for _, r := range p.resources {
			p.applyThreshold(r, n)
		}
	}
}

func (p *plan) applyThreshold(r *resource, n *node) {
	if len(r.children) > 0 {
		for _, c := range r.children {
			p.applyThreshold(c, n)
		}
		return
	}
	if len(r.exactActions("clear_failcount", 0, n)) > 0 {
		return
	}
	if failed := p.thresholdReached(r, n); failed != nil {
		p.scoreOn(failed, n, minusInfinity)
		failed.noteAt(n, p.thresholdReason(r, n), minusInfinity)
	}
}

// applyExclusive forbids a node that no constraint allowed by name, if that is
// where the resource may be looked for alone.
func applyExclusive(r *resource, n *node) {
	if !r.exclusiveDiscovery && !r.top().exclusiveDiscovery {
		return
	}
	for _, c := range r.children {
		applyExclusive(c, n)
	}
	if pl := r.allowed.get(n); pl != nil && pl.mode != discoverExclusive {
		pl.score = minusInfinity
	}
}
