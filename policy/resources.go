package policy

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// unpackResources creates the configured resources, clone instances included,
// and sorts the outermost ones by priority.
func (p *plan) unpackResources() {
	for _, c := range p.cib.Config.Templates {
		p.templates[c.ID] = nil
	}
	for _, c := range slices.Concat(p.cib.Config.Resources, p.implied) {
		if r := p.unpackResource(c, nil, -1); r != nil {
			p.resources = append(p.resources, r)
		}
	}
	for _, r := range p.resources {
		p.linkContainers(r)
		p.linkRemote(r)
	}
	slices.SortStableFunc(p.resources, func(a, b *resource) int { return order(b.priority, a.priority) })
	if p.options.fencing && !p.haveFencing {
		p.fault("Resource start-up disabled since no STONITH resources have been defined")
		p.fault("Either configure some or disable STONITH with the stonith-enabled option")
		p.fault("NOTE: Clusters with shared data need STONITH to ensure data integrity")
	}
}

// linkContainers connects resources with the meta-attribute container to it.
func (p *plan) linkContainers(r *resource) {
	for _, c := range r.children {
		p.linkContainers(c)
	}
	id := r.meta["container"]
	if len(r.children) > 0 || id == "" || id == r.id {
		return
	}
	if container := p.findResource(id); container != nil {
		r.container = container
		container.isContainer = true
		container.fillers = append(container.fillers, r)
	} else {
		p.fault("Resource %s: Unknown resource container (%s)", r.id, id)
	}
}

// unpackResource creates a resource and all below it; instance is its number
// in the clone around it, or -1.
func (p *plan) unpackResource(c *cib.Resource, parent *resource, instance int) *resource {
	cfg, ok := p.expandTemplate(c)
	if !ok {
		return nil
	}
	r := &resource{
		p: p, id: c.ID, xmlID: c.ID, cfg: cfg, parent: parent,
		class: cfg.Class, provider: cfg.Provider, kind: cfg.Type,
		meta: map[string]string{}, role: roleStopped, threshold: cib.Infinity,
		provisional: true, managed: !p.options.maintenance,
	}
	switch cfg.Kind {
	case cib.Group:
		r.variant = group
	case cib.Clone:
		r.variant = clone
	case cib.Bundle:
		r.variant = bundle
	}
	if instance >= 0 {
		r.id = c.ID + ":" + strconv.Itoa(instance)
		r.meta["clone"] = strconv.Itoa(instance)
	}
	r.opSets = len(p.cib.Config.OpDefaults) > 0
	for i := range cfg.Ops {
		r.ops = append(r.ops, newOpSpec(&cfg.Ops[i]))
		r.opSets = r.opSets || len(cfg.Ops[i].Params) > 0 || len(cfg.Ops[i].Meta) > 0
	}
	r.unpackMeta()
	r.unpackTraits()
	r.unpackRequires(r.meta["requires"])
	r.unpackTimeouts()
	r.watchParams()
	r.next = roleUnknown
	if t, ok := r.targetRole(); ok {
		r.next = t
	}
	if !r.unpackChildren() {
		return nil
	}
	p.register(r)
	r.initialScores()
	if len(cfg.Utilization) > 0 {
		r.utilization, r.utilizationNames = p.unpackUtilization(cfg.Utilization)
	}
	if c.Template != "" && !slices.Contains(p.templates[c.Template], c.ID) {
		p.templates[c.Template] = append(p.templates[c.Template], c.ID)
	}
	return r
}

func (p *plan) register(r *resource) {
	p.byID[r.id] = append(p.byID[r.id], r)
}

// findResource finds a resource by its own name or the name its history is
// kept under.
func (p *plan) findResource(id string) *resource {
	if list := p.byID[id]; len(list) > 0 {
		return list[0]
	}
	return nil
}

func (r *resource) initialScores() {
	switch {
	case r.p.options.symmetric:
		r.p.scoreByDefault(r)
	case r.isRemote && r.meta["container"] != "":
		r.p.scoreEverywhere(r, 0)
	}
}

func (r *resource) unpackChildren() bool {
	switch r.variant {
	case group:
		r.unpackGroup()
	case clone:
		return r.unpackClone()
	case bundle:
		return r.unpackBundle()
	}
	return r.checkAgentClass()
}

// checkAgentClass refuses promotable clones of agents that know no roles, and
// makes clones of agents that know no instances anonymous.
func (r *resource) checkAgentClass() bool {
	if r.variant != primitive {
		return true
	}
	top := r.top()
	if r.class == "ocf" || r.class == "" {
		return true
	}
	if r.class != "stonith" && r.unique && top.isClone() {
		top.clone.nodeMax = 1
		top.clone.max = min(top.clone.max, len(r.p.nodes))
		anonymous := func(q *resource) {
			q.unique = false
			q.meta["globally-unique"] = "false"
		}
		// As in the reference, members of a group that were unpacked before
		// this one stay as they are until the next instance comes.
		top.walk(anonymous)
		r.walk(anonymous)
	}
	if top.promotable {
		r.p.fault("Resource %s is of type %s and therefore cannot be used as a promotable clone resource", r.id, r.class)
		return false
	}
	return true
}

func (r *resource) unpackGroup() {
	r.group.ordered = !isFalse(r.meta["ordered"])
	r.group.colocated = !isFalse(r.meta["collocated"])
	instance := -1
	if v, ok := r.meta["clone"]; ok && r.id != r.xmlID {
		instance, _ = strconv.Atoi(v)
	}
	for _, c := range r.cfg.Children {
		if m := r.p.unpackResource(c, r, instance); m != nil {
			r.children = append(r.children, m)
		}
	}
}

func (r *resource) unpackClone() bool {
	number := func(fallback int, names ...string) int {
		for _, name := range names {
			if v, ok := r.meta[name]; ok {
				return max(0, int(leadingInt(v)))
			}
		}
		return fallback
	}
	t := &r.clone
	if r.promotable {
		t.promotedMax = number(1, "promoted-max", "master-max")
		t.promotedNodeMax = number(1, "promoted-node-max", "master-node-max")
	}
	t.nodeMax = number(1, "clone-node-max")
	t.max = number(max(1, len(r.p.nodes)), "clone-max")
	t.ordered = isTrue(r.meta["ordered"])
	if !r.unique && t.nodeMax > 1 {
		r.p.fault("Ignoring clone-node-max for %s because anonymous clones support only one instance per node", r.id)
		t.nodeMax = 1
	}
	if len(r.cfg.Children) == 0 {
		r.p.fault("%s has nothing to clone", r.id)
		return false
	}
	t.template = r.cfg.Children[0]
	if _, there := r.meta["resource-stickiness"]; !there {
		r.meta["resource-stickiness"] = "1"
	}
	r.meta["globally-unique"] = strconv.FormatBool(r.unique)
	for i := 0; i < max(1, t.max); i++ {
		if r.addInstance() == nil {
			return false
		}
	}
	return true
}

// addInstance creates one more instance; beyond clone-max it is an orphan.
func (r *resource) addInstance() *resource {
	t := &r.clone
	orphan := t.total >= t.max
	child := r.p.unpackResource(t.template, r, t.total)
	if child == nil {
		return nil
	}
	t.total++
	r.children = append(r.children, child)
	if orphan {
		child.walk(func(c *resource) { c.orphan = true })
	}
	child.meta["clone-max"] = strconv.Itoa(t.max)
	return child
}

// sortByInstance orders instances by their numbers.
func sortByInstance(list []*resource) {
	sort.SliceStable(list, func(i, j int) bool { return instanceNumber(list[i]) < instanceNumber(list[j]) })
}

func instanceNumber(r *resource) int64 {
	i := strings.LastIndexByte(r.id, ':')
	if i < 0 {
		i = strings.LastIndexByte(r.id, '-')
	}
	return leadingInt(r.id[i+1:])
}
