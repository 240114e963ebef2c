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

// expandTemplate returns c with its template's content in front of its own.
func (p *plan) expandTemplate(c *cib.Resource) (*cib.Resource, bool) {
	if c.Template == "" {
		return c, true
	}
	var t *cib.Resource
	for _, candidate := range p.cib.Config.Templates {
		if candidate.ID == c.Template {
			t = candidate
		}
	}
	if t == nil || c.Template == c.ID {
		p.fault("No template named '%s'", c.Template)
		return nil, false
	}
	out := *c
	out.Class, out.Provider, out.Type = t.Class, t.Provider, t.Type
	out.Params = slices.Concat(t.Params, c.Params)
	out.Meta = slices.Concat(t.Meta, c.Meta)
	out.Utilization = slices.Concat(t.Utilization, c.Utilization)
	out.Ops = mergeOps(t.Ops, c.Ops)
	return &out, true
}

// mergeOps adds the template's operations that the resource does not define
// for the same name and role.
func mergeOps(template, own []cib.OpSpec) []cib.OpSpec {
	if len(own) == 0 {
		return template
	}
	key := func(op *cib.OpSpec) string {
		switch r := opAttr(op, "role"); parseRole(r) {
		case roleUnknown, roleStarted, roleUnpromoted:
			return op.Name
		default:
			return op.Name + "-" + r
		}
	}
	have := map[string]bool{}
	for i := range own {
		have[key(&own[i])] = true
	}
	out := slices.Clone(own)
	for i := range template {
		if !have[key(&template[i])] {
			out = append(out, template[i])
		}
	}
	return out
}

func opAttr(op *cib.OpSpec, name string) string {
	for _, nv := range op.Attrs {
		if nv.Name == name {
			return nv.Value
		}
	}
	return ""
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
	for i := range cfg.Ops {
		r.ops = append(r.ops, newOpSpec(&cfg.Ops[i]))
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

// unpackMeta gathers the meta-attributes: the resource's own, then those of
// what it is in, then the defaults ("Pacemaker Explained, Resource Options").
func (r *resource) unpackMeta() {
	ctx := ruleContext{rsc: r}
	for _, nv := range [...]cib.NV{{Name: "id", Value: r.xmlID}, {Name: "class", Value: r.class}, {Name: "provider", Value: r.provider}, {Name: "type", Value: r.kind}} {
		if nv.Value != "" {
			r.meta[nv.Name] = nv.Value
		}
	}
	r.p.applySets(r.cfg.Meta, ctx, r.meta, "", false)
	// What a parent takes back with #default is the grandparent's, never the
	// resource's own.
	inherited := map[string]string{}
	for q := r.parent; q != nil; q = q.parent {
		r.p.applySets(q.cfg.Meta, ctx, inherited, "", false)
	}
	addMissing(r.meta, inherited)
	r.p.applySets(r.p.cib.Config.RscDefaults, ctx, r.meta, "", false)
	if r.parent != nil {
		for name, value := range r.parent.meta {
			if _, there := r.meta[name]; !there {
				r.meta[name] = value
			}
		}
	}
	r.target = r.meta["target-role"]
}

// params are the instance attributes, which rules may make depend on the node.
func (r *resource) params(n *node) map[string]string {
	if !r.paramsVary {
		if r.fixedParams == nil {
			r.fixedParams = r.gatherParams(nil)
		}
		return r.fixedParams
	}
	if out, ok := r.paramCache[n]; ok {
		return out
	}
	if r.paramCache == nil {
		r.paramCache = map[*node]map[string]string{}
	}
	out := r.gatherParams(n)
	r.paramCache[n] = out
	return out
}

func (r *resource) gatherParams(n *node) map[string]string {
	out := map[string]string{}
	ctx := ruleContext{}
	if n != nil {
		ctx.attrs = n.attrs
	}
	for q := r; q != nil; q = q.parent {
		r.p.applySets(q.cfg.Params, ctx, out, "", false)
	}
	return out
}

func (r *resource) unpackTraits() {
	m, p := r.meta, r.p
	r.priority = score(m["priority"])
	r.critical = m["critical"] == "" || isTrue(m["critical"])
	r.notify = isTrue(m["notify"])
	r.isRemote = r.class == "ocf" && r.provider == "pacemaker" && r.kind == "remote"
	r.fenceDevice = r.class == "stonith"
	p.haveFencing = p.haveFencing || r.fenceDevice
	standalone := r.isRemote && m["container"] == ""
	if v, set := m["allow-migrate"]; isTrue(v) || !set && standalone {
		r.allowMigrate = true
	}
	if v := m["is-managed"]; v != "" && !strings.EqualFold(v, "default") {
		r.managed = isTrue(v)
	}
	if isTrue(m["maintenance"]) || p.options.maintenance {
		r.managed, r.maintenance = false, true
	}
	r.unique = true
	if top := r.top(); top.isClone() {
		r.unique = isTrue(m["globally-unique"])
		r.promotable = isTrue(m["promotable"])
	}
	r.restartDependents = strings.EqualFold(m["restart-type"], "restart")
	switch strings.ToLower(m["multiple-active"]) {
	case "stop_only":
		r.multiple = recoverStopOnly
	case "block":
		r.multiple = recoverBlock
	case "stop_unexpected":
		r.multiple = recoverStopUnexpected
	}
	if v := m["resource-stickiness"]; v != "" && !strings.EqualFold(v, "default") {
		r.stickiness = score(v)
	}
	if v := m["migration-threshold"]; v != "" && !strings.EqualFold(v, "default") {
		if r.threshold = score(v); r.threshold < 0 {
			r.threshold = 1
		}
	}
}

// watchParams finds out whether parameters depend on rules. If its own do, they
// are looked at, so that the time when they may change is known even while
// nothing is done with r.
func (r *resource) watchParams() {
	own := slices.ContainsFunc(r.cfg.Params, func(s cib.NVSet) bool { return s.Rule != nil || s.IDRef != "" })
	r.paramsVary = own || r.parent != nil && r.parent.paramsVary
	if own {
		r.params(nil)
	}
}

func (r *resource) unpackTimeouts() {
	if v, ok := r.meta["failure-timeout"]; ok {
		r.failureTimeout = millisOr0(v) / 1000
	}
	if r.isRemote && r.meta["container"] == "" {
		if v, ok := r.params(nil)["reconnect_interval"]; ok {
			r.reconnectMS = millisOr0(v)
			r.failureTimeout = r.reconnectMS / 1000
		}
	}
}

// unpackRequires reads the meta-attribute requires: what must be certain
// before the resource may start.
func (r *resource) unpackRequires(value string) {
	o := &r.p.options
	switch strings.ToLower(value) {
	case "nothing":
	case "quorum":
		r.needsQuorum = true
	case "fencing":
		r.needsFencing = true
	case "unfencing":
		if r.fenceDevice || !o.fencing {
			r.unpackRequires("quorum")
			return
		}
		r.needsFencing, r.needsUnfencing = true, true
	default:
		switch {
		case r.fenceDevice, r.variant == primitive && r.isRemote:
			r.unpackRequires("quorum")
		case r.p.unfencing:
			r.unpackRequires("unfencing")
		case o.fencing:
			r.unpackRequires("fencing")
		case o.quorum == quorumIgnore:
			r.unpackRequires("nothing")
		default:
			r.unpackRequires("quorum")
		}
	}
}

// findsUnfencing: some device or resource of the configuration wants nodes to
// be unfenced before they run anything.
func findsUnfencing(c *cib.Configuration) bool {
	wants := func(sets []cib.NVSet) bool {
		for i := range sets {
			for _, nv := range sets[i].Pairs {
				if (nv.Name == "provides" || nv.Name == "requires") && nv.Value == "unfencing" {
					return true
				}
			}
		}
		return false
	}
	found := wants(c.RscDefaults)
	for _, list := range [][]*cib.Resource{c.Resources, c.Templates} {
		for _, top := range list {
			top.Walk(func(r, _ *cib.Resource) { found = found || wants(r.Meta) })
		}
	}
	return found
}

// targetRole is the role that the meta-attribute target-role limits r to.
func (r *resource) targetRole() (role, bool) {
	v := r.target
	if v == "" || strings.EqualFold(v, "started") || strings.EqualFold(v, "default") {
		return roleUnknown, false
	}
	t := parseRole(v)
	if t == roleUnknown {
		r.p.fault("Ignoring 'target-role' for %s because '%s' is not valid", r.id, v)
		return roleUnknown, false
	}
	if t <= roleStarted {
		return t, true
	}
	if !r.top().promotable {
		r.p.fault("Ignoring 'target-role' for %s because '%s' only makes sense for promotable clones", r.id, v)
		return roleUnknown, false
	}
	return t, t == roleUnpromoted
}

// disabled: target-role keeps r from being active, or from being promoted.
func (r *resource) disabled() bool {
	t := parseRole(r.target)
	return t == roleStopped || t == roleUnpromoted && r.top().promotable
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
