package policy

import (
	"slices"
	"sort"
	"strings"
)

func newPlan(in Input) *plan {
	p := &plan{
		in: in, cib: in.CIB, now: effectiveNow(in).UTC(),
		nodeByID: map[string]*node{}, nodeByName: map[string]*node{},
		byID: make(map[string][]*resource, 2*len(in.CIB.Config.Resources)), templates: map[string][]string{}, tags: map[string][]string{},
		tickets: map[string]*ticket{}, singletons: map[string]*action{}, held: map[string]bool{},
	}
	p.index.config = &in.CIB.Config
	p.legacyFailures = compareVersions(in.CIB.FeatureSet, "3.0.13") < 0
	for _, id := range in.Hold {
		p.held[id] = true
	}
	return p
}

// unpack reads options, nodes, resources, tags and status: what there is.
func (p *plan) unpack() {
	p.unpackOptions()
	p.unfencing = findsUnfencing(&p.cib.Config)
	p.unpackNodes()
	p.unpackRemoteNodes()
	p.unpackResources()
	p.unpackTags()
	p.unpackStatus()
	p.applyIntents()
	p.captureViews()
}

// usualOrderings is how many orderings there are for a resource, on average.
const usualOrderings = 8

// constrain reads the constraints and scores every node for every resource.
func (p *plan) constrain() {
	p.orderings = slices.Grow(p.orderings, usualOrderings*len(p.byID))
	p.applyHealth()
	p.unpackConstraints()
	p.scoreNodes()
	p.internalConstraints()
	p.checkHistories()
}

// assign gives every resource its node and role.
func (p *plan) assign() {
	if p.options.placement != "default" {
		p.sortResources()
	}
	p.showCapacities("Original")
	if p.haveRemote {
		for _, r := range p.resources {
			if r.isRemote {
				r.assign(p.placeFor(r, r.partialTarget))
			}
		}
	}
	for _, r := range p.resources {
		if !r.isRemote {
			r.assign(nil)
		}
	}
	p.showCapacities("Remaining")
}

// placeFor is n as r sees it, nil for no node.
func (p *plan) placeFor(r *resource, n *node) *place {
	if n == nil {
		return nil
	}
	if pl := r.allowed.get(n); pl != nil {
		return pl
	}
	return &place{node: n, score: n.score}
}

// schedule creates the actions: probes, then what brings each resource to its
// node and role, then fencing and shutdowns.
func (p *plan) schedule() {
	p.runParamChecks()
	if p.options.probes {
		p.scheduleProbes()
	}
	if p.options.stopOrphans {
		for _, r := range p.resources {
			p.clearOrphanFailures(r)
		}
	}
	for _, r := range p.resources {
		r.createActions()
	}
	p.orderRemoteActions()
	p.fenceAndShutDown()
}

// order turns the ordering constraints into inputs of actions and lets each
// action's needs change the others until nothing changes any more.
func (p *plan) order() { p.applyOrderings() }

// unpackNodes creates the configured nodes. They are unclean until their
// status says otherwise, unless startup-fencing is off.
func (p *plan) unpackNodes() {
	for i := range p.cib.Config.Nodes {
		c := &p.cib.Config.Nodes[i]
		if c.ID == "" {
			p.fault("Ignoring node entry in configuration without id")
			continue
		}
		n := p.addNode(c.ID, c.Uname, c.Type)
		n.score = c.Score
		p.assumeUnseen(n)
		p.addNodeAttributes(n, func(out map[string]string) {
			p.applySets(c.Attributes, ruleContext{}, out, "", false)
		})
		n.capacity, n.capacityNames = p.unpackUtilization(c.Utilization)
	}
}

func (p *plan) addNode(id, name, kind string) *node {
	n := &node{index: p.created, id: id, name: name, attrs: map[string]string{}}
	p.created++
	n.attrs["#kind"] = "cluster"
	switch strings.ToLower(kind) {
	case "", "member":
	case "remote":
		n.kind = remoteNode
		n.attrs["#kind"] = "remote"
		p.haveRemote = true
	default:
		n.kind = pingNode
	}
	if n.name == "" {
		n.name = id
	}
	at := sort.Search(len(p.nodes), func(i int) bool { return compareNames(p.nodes[i].name, n.name) >= 0 })
	p.nodes = append(p.nodes, nil)
	copy(p.nodes[at+1:], p.nodes[at:])
	p.nodes[at] = n
	p.nodeByID[id] = n
	p.nodeByName[n.name] = n
	return n
}

// findNode finds a node by id, then by name; both may be empty.
func (p *plan) findNode(id, name string) *node {
	if n := p.nodeByID[id]; n != nil {
		return n
	}
	return p.nodeByName[name]
}

func (p *plan) assumeUnseen(n *node) {
	if n.kind == remoteNode && n.remote == nil {
		return
	}
	n.unclean, n.unseen = p.options.startupFence, true
	if n.unclean {
		n.why = "node has not been seen by the cluster"
	}
}

// addNodeAttributes sets the attributes every node has, then those that fill
// reads, then derives the site's name.
func (p *plan) addNodeAttributes(n *node, fill func(map[string]string)) {
	n.attrs["#uname"], n.attrs["#id"] = n.name, n.id
	n.isDC = p.cib.DC != "" && n.id == p.cib.DC
	n.attrs["#is_dc"] = "false"
	if n.isDC {
		n.attrs["#is_dc"] = "true"
	}
	cluster := p.options.raw["cluster-name"]
	if cluster != "" {
		n.attrs["#cluster-name"] = cluster
	}
	fill(n.attrs)
	if _, there := n.attrs["#site-name"]; !there {
		if site, ok := n.attrs["site-name"]; ok {
			n.attrs["#site-name"] = site
		} else if cluster != "" {
			n.attrs["#site-name"] = cluster
		}
	}
}

func (p *plan) unpackTags() {
	for _, t := range p.cib.Config.Tags {
		p.tags[t.ID] = append(p.tags[t.ID], t.Refs...)
	}
}
