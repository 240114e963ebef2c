package policy

import (
	"strings"

	"kvmha/internal/cib"
)

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
		addMissing(r.meta, r.parent.meta)
	}
	r.target = r.meta["target-role"]
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
