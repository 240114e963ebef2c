package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// scheduleProbes asks every online node about every resource that it has said
// nothing about.
func (p *plan) scheduleProbes() {
	for _, n := range p.nodes {
		switch {
		case !n.online:
			if n.isRemote() && n.remote != nil && n.connection() == connectionFailed {
				p.fenceNode(n, "the connection is unrecoverable", false)
			}
			continue
		case n.unclean, n.noDiscovery:
			continue
		}
		if v, set := n.attrs["probe_complete"]; set && !isTrue(v) {
			a := p.customAction(nil, "probe_again-"+n.name, "probe_again", n, false)
			a.say("op_no_wait", "true")
			continue
		}
		for _, r := range p.resources {
			r.probe(n)
		}
	}
}

// probe asks n about r and what is in it. It reports whether there is anything
// to ask.
func (r *resource) probe(n *node) bool {
	switch r.variant {
	case clone:
		return r.probeClone(n)
	case bundle:
		return r.probeBundle(n)
	}
	if n.kind == remoteNode && (r.class == "stonith" || n.isGuest() && guestConnection(r) != nil || r.isRemote) {
		return false
	}
	if len(r.children) > 0 {
		any := false
		for _, c := range r.children {
			any = c.probe(n) || any
		}
		return any
	}
	if r.container != nil && !r.isRemote || r.orphan || r.isKnown(n) {
		return false
	}
	top := r.top()
	if !r.discoverable(n, top) || n.isGuest() && !r.guestReady(n, top) {
		return false
	}
	r.scheduleProbe(n, top)
	return true
}

// discoverable: location constraints, or the node, let r be looked for on n.
func (r *resource) discoverable(n *node, top *resource) bool {
	pl := r.allowed.get(n)
	if (r.exclusiveDiscovery || top.exclusiveDiscovery) && (pl == nil || pl.mode != discoverExclusive) {
		return false
	}
	mode := n.mode
	if pl != nil {
		mode = pl.mode
	}
	return mode != discoverNever
}

func (r *resource) scheduleProbe(n *node, top *resource) {
	p := r.p
	a := p.newAction(r, "monitor", 0, n, false)
	a.clear(actOptional)
	p.orderUnfencing(r, n, a, ordOptional)
	if !r.runsOn(n) {
		a.expect(cib.NotRunning)
	} else if r.role == rolePromoted {
		a.expect(cib.RunningPromoted)
	}
	if r.fenceDevice && p.unfencing || !top.isClone() {
		top = r
	}
	flags := ordOptional
	if !a.is(actRunnable) && len(r.running) == 0 {
		flags |= ordRunnableFirst
	}
	p.orderAction(a, top, "start", flags)
	p.orderAction(a, top, "reload-agent", ordOptional)
}

// guestReady: the guest behind a guest node runs and will go on running, so
// probing inside makes sense. Else what waits for the probe waits for the guest.
func (r *resource) guestReady(n *node, top *resource) bool {
	g := n.remote.container
	switch {
	case g.role == roleStopped:
		if g.allocated != nil && !g.isKnown(g.allocated.node) {
			r.p.orderKeys(g, "monitor", top, "start", ordOptional)
		}
		return false
	case n.remoteReset, n.unclean, g.failed, g.next == roleStopped,
		g.role > roleStopped && g.allocated != nil && !g.runsOn(g.allocated.node):
		r.p.orderKeys(g, "stop", top, "start", ordOptional)
		return false
	}
	return true
}

// probeClone probes all instances of a unique clone, one of an anonymous one.
func (r *resource) probeClone(n *node) bool {
	sortByInstance(r.children)
	if len(r.children) == 0 {
		return false
	}
	if r.exclusiveDiscovery {
		if pl := r.allowed.get(n); pl != nil && pl.mode != discoverExclusive {
			r.allowed[n.index] = nil
			return false
		}
	}
	if r.unique {
		any := false
		for _, c := range r.children {
			any = c.probe(n) || any
		}
		return any
	}
	known := func(c *resource) bool {
		found := false
		c.walk(func(m *resource) { found = found || len(m.children) == 0 && m.isKnown(n) })
		return found
	}
	there := func(c *resource) bool { return nodeOf(c.where()) == n }
	for _, fits := range []func(*resource) bool{known, there} {
		if i := slices.IndexFunc(r.children, fits); i >= 0 {
			return r.children[i].probe(n)
		}
	}
	return r.children[0].probe(n)
}

// orderProbes lets what will stop wait for probes that its restart depends on.
func (p *plan) orderProbes() {
	for _, r := range p.resources {
		p.orderRestarts(r)
	}
	for i := len(p.orderings) - 1; i >= 0; i-- {
		p.orderProbesBefore(&p.orderings[i])
	}
}

// orderProbesBefore: what waits for a stop of a resource also waits for its
// probes, since what they find may have to be stopped.
func (p *plan) orderProbesBefore(o *ordering) {
	if o.firstDoes() != "stop" || o.flags == 0 || o.first == nil || o.first == o.then ||
		o.then != nil && o.first.container == o.then && o.thenDoes() == "stop" {
		return
	}
	flags := ordOptional | o.flags&(ordUnlessMigrating|ordSameNode)
	if o.flags == ordApart || o.flags == ordLoad {
		flags = o.flags
	}
	probes := o.first.findActions("monitor", 0, nil)
	if len(probes) == 0 {
		return
	}
	var thens []*action
	if o.thenA != nil {
		thens = []*action{o.thenA}
	} else if o.then != nil {
		thens = o.then.findActions(o.thenTask, 0, nil)
	}
	for _, probe := range probes {
		for _, then := range thens {
			if probeMatters(probe, then) {
				p.link(probe, then, flags)
			}
		}
	}
}

// probeMatters: unfencing comes before probes, and one node's shutdown does
// not wait for the others.
func probeMatters(probe, then *action) bool {
	if probe.n == nil || then.n == nil {
		return true
	}
	if then.task == "stonith" && probe.n == then.n && then.said("stonith_action") == "on" {
		return false
	}
	return then.task != "do_shutdown" || probe.n == then.n
}

func (p *plan) orderRestarts(r *resource) {
	if r.variant != primitive {
		for _, c := range r.children {
			p.orderRestarts(c)
		}
		return
	}
	for _, probe := range r.findActions("monitor", 0, nil) {
		for i := len(probe.after) - 1; i >= 0; i-- {
			p.tracking++
			p.orderRestart(probe, probe.after[i].a)
		}
	}
}

// restartOf is what a restart does before it does this.
var restartOf = map[string]string{"start": "stop", "promote": "demote"}

// orderRestart follows what depends on a probe: what will be restarted because
// of it is stopped only after it.
func (p *plan) orderRestart(probe, after *action) {
	if after.tracking == p.tracking {
		return
	}
	after.tracking = p.tracking
	if after.r != nil && after.r.variant == primitive && probe.r != after.r {
		if before := restartOf[after.task]; before != "" {
			for _, then := range after.r.findActions(before, 0, nil) {
				if !then.is(actPseudo) {
					p.link(probe, then, ordOptional)
				}
			}
		}
	}
	interleave := false
	var compatible *resource
	if after.r != nil && after.r.variant > group {
		if interleave = isTrue(after.r.meta["interleave"]); interleave {
			compatible = after.r.compatible(probe.r, roleUnknown, false)
		}
	}
	for i := len(after.after) - 1; i >= 0; i-- {
		next := after.after[i]
		if !next.flags.has(ordImpliesThen) {
			if after.r == nil || after.r.variant < group || probe.r.parent == after.r || next.a.r == nil ||
				next.a.r.variant > group || after.r != next.a.r.parent {
				continue
			}
			if after.r.variant > group && interleave && (compatible == nil || compatible != next.a.r) {
				continue
			}
		}
		p.orderRestart(probe, next.a)
	}
}
