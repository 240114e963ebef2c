package policy

import (
	"strconv"
	"strings"
)

// fenceAction finds or creates the fencing of a node; action "" is the
// cluster's stonith-action. optional: nothing needs it so far.
func (p *plan) fenceAction(n *node, kind string, optional bool, reason string, delay bool) *action {
	if kind == "" {
		kind = p.options.fenceAction
	}
	key := "stonith-" + n.name + "-" + kind
	a := p.singletons[key]
	if a == nil {
		a = p.customAction(nil, key, "stonith", n, true)
		a.say("on_node", n.name)
		a.say("on_node_uuid", n.id)
		a.say("stonith_action", kind)
		if p.unfencing {
			optional = p.addDeviceDigests(a, n) && optional
		}
	}
	if p.options.fenceDelay > 0 && (delay || a.said("priority-fencing-delay") != "") {
		a.say("priority-fencing-delay", strconv.FormatInt(p.fenceDelay(n), 10))
	}
	if !optional && p.canFence(n) {
		a.clear(actOptional)
		if a.reason == "" {
			a.reason = reason
		}
		if kind != "on" {
			a.because(Reason{Kind: ReasonFencing, Node: n.name, Detail: firstText(n.why, reason)})
		}
	} else if reason != "" && a.reason == "" {
		a.reason = reason
	}
	return a
}

func firstText(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// addDeviceDigests notes which devices, with which parameters, unfence the
// node. It is false if they were changed since.
func (p *plan) addDeviceDigests(a *action, n *node) bool {
	same := true
	var all, secure strings.Builder
	for _, r := range p.unfencingDevices() {
		d := p.operationDigest(r, n, "stonith-on", 0, nil)
		public := p.secureDigest(r, n, nil)
		have, known := n.attrs["#digests-all"]
		entry := r.id + ":" + r.kind + ":"
		if known && !strings.Contains(have, entry+d.all) && !strings.Contains(n.attrs["#digests-secure"], entry+public) {
			same = false
			if p.in.Sanitized {
				p.tell("Parameters to " + r.id + " for unfencing " + n.label() + " changed, try '" + entry + public + "'")
			}
			p.tell("notice: Unfencing Pacemaker Remote node " + n.label() + " because the definition of " + r.id + " changed")
		} else if known && !strings.Contains(have, entry+d.all) {
			p.tell("Only 'private' parameters to " + r.id + " for unfencing " + n.label() + " changed")
		}
		all.WriteString(entry + d.all + ",")
		secure.WriteString(entry + public + ",")
	}
	a.say("digests-all", all.String())
	a.say("digests-secure", secure.String())
	return same
}

// unfencingDevices are the fencing devices that unfence, last first.
func (p *plan) unfencingDevices() []*resource {
	var out []*resource
	for _, top := range p.resources {
		top.walk(func(r *resource) {
			if len(r.children) == 0 && r.fenceDevice && (r.needsUnfencing || strings.EqualFold(r.meta["provides"], "unfencing")) {
				out = append([]*resource{r}, out...)
			}
		})
	}
	return out
}

// fenceDelay favours the more important half of a split: its nodes are shot
// later. It is 0 with a majority, or when all nodes are equally important.
func (p *plan) fenceDelay(n *node) int64 {
	if n.kind != memberNode || n.online {
		return 0
	}
	members, online, top, lowest := 0, 0, 0, 0
	for _, m := range p.nodes {
		if m.kind != memberNode {
			continue
		}
		members++
		if m.online {
			online++
		}
		if members == 1 || m.priority > top {
			top = m.priority
		}
		if members == 1 || m.priority < lowest {
			lowest = m.priority
		}
	}
	if online > members/2 || lowest == top || n.priority < top {
		return 0
	}
	return p.options.fenceDelay
}

// fenceAndShutDown schedules the fencing of unclean nodes and the shutdown of
// those that asked for it; the DC goes last.
func (p *plan) fenceAndShutDown() {
	managed := false
	for _, r := range p.resources {
		r.walk(func(m *resource) { managed = managed || m.managed })
	}
	var dcDown *action
	var fencings, shutdowns []*action
	lost := false
	for _, n := range p.nodes {
		if n.isGuest() {
			if n.remoteReset && managed && p.canFence(n) {
				p.fenceGuest(n)
			}
			continue
		}
		fenced := managed && n.unclean && p.canFence(n)
		switch {
		case fenced:
			a := p.fenceAction(n, "", false, "node is unclean", false)
			p.warn("Scheduling node %s for fencing", n.label())
			p.orderFencing(a)
			if n.isDC {
				dcDown = a
				break
			}
			if !p.options.concurrent && len(fencings) > 0 {
				p.link(fencings[len(fencings)-1], a, ordOptional)
			}
			fencings = append(fencings, a)
		case n.kind != remoteNode && n.online && n.shutdown:
			a := p.shutdownAction(n)
			if n.isDC {
				dcDown = a
			} else {
				shutdowns = append(shutdowns, a)
			}
		}
		if n.unclean && !fenced {
			lost = true
			p.warn("Node %s is unclean but cannot be fenced", n.label())
		}
	}
	if lost && !p.options.fencing {
		p.warn("Resource functionality and data integrity cannot be guaranteed (configure, enable, and test fencing to correct this)")
	}
	if dcDown == nil {
		return
	}
	if dcDown.task == "do_shutdown" {
		for i := len(shutdowns) - 1; i >= 0; i-- {
			p.link(shutdowns[i], dcDown, ordOptional)
		}
	}
	for i := len(fencings) - 1; i >= 0; i-- {
		p.link(fencings[i], dcDown, ordOptional)
		if !p.options.concurrent {
			break
		}
	}
}

func (p *plan) shutdownAction(n *node) *action {
	a := p.customAction(nil, "do_shutdown-"+n.name, "do_shutdown", n, false)
	a.because(Reason{Kind: ReasonShutdown, Node: n.name})
	for i := len(p.actions) - 1; i >= 0; i-- {
		stop := p.actions[i]
		if stop.r == nil || stop.n != n || stop.task != "stop" || stop.r.maintenance || n.maintenance || !stop.r.managed && !stop.r.blocked {
			continue
		}
		stop.clear(actOptional)
		stop.because(Reason{Kind: ReasonShutdown, Node: n.name})
		p.orderActions(stop, a, ordOptional|ordRunnableFirst)
	}
	a.say("op_no_wait", "true")
	return a
}

// orderFencing lets what depends on a node being dead wait for its fencing,
// and turns the stops there into what the fencing implies.
func (p *plan) orderFencing(fence *action) {
	for _, r := range p.resources {
		p.orderResourceFencing(r, fence)
	}
}

func (p *plan) orderResourceFencing(r *resource, fence *action) {
	if len(r.children) > 0 {
		for _, c := range r.children {
			p.orderResourceFencing(c, fence)
		}
		return
	}
	if !r.managed {
		return
	}
	target := fence.n
	for i := len(r.actions) - 1; i >= 0; i-- {
		a := r.actions[i]
		switch a.needs {
		case needsFencing:
			p.link(fence, a, ordOptional)
		case needsQuorum:
			known := r.isKnown(target) || r.parent.isAnonymous() && r.parent.isKnown(target)
			if a.task == "start" && r.allowed.get(target) != nil && !known {
				p.link(fence, a, ordOptional|ordRunnableFirst)
			}
		}
	}
	p.orderStopFencing(r, fence)
}

func (p *plan) orderStopFencing(r *resource, fence *action) {
	target := fence.n
	implied := r.needsFencing || target.isGuest()
	stops := r.findActions("stop", 0, target)
	var parentStop *action
	if len(stops) > 0 && implied {
		parentStop = r.top().newestAction("stop", nil)
	}
	for _, stop := range stops {
		stop.set(actPseudo | actRunnable)
		stop.because(Reason{Kind: ReasonFenced, Node: target.name})
		if implied {
			if !r.isBundled() {
				p.link(fence, stop, ordPreserve)
			}
			p.link(fence, parentStop, ordPreserve)
		}
		if r.notify {
			p.noticesAfterFencing(stop, r, fence)
		}
	}
	for _, demote := range r.findActions("demote", 0, target) {
		if demote.n.online && !demote.n.unclean && !r.failed {
			continue
		}
		demote.set(actPseudo | actRunnable)
		if implied && !r.isBundled() {
			p.link(fence, demote, ordPreserve|ordOptional)
		}
	}
}

// fenceGuest "fences" a guest node: that is done by recovering what it runs in.
func (p *plan) fenceGuest(n *node) {
	container := n.remote.container
	stop := container.newestAction("stop", nil)
	kind := "off"
	if container.newestAction("start", nil) != nil {
		kind = "reboot"
	}
	fence := p.fenceAction(n, kind, false, "guest is unclean", false)
	fence.set(actPseudo | actRunnable)
	switch {
	case stop != nil && stop.is(actPseudo):
		p.link(p.fenceAction(stop.n, "", false, "", false), fence, ordRunnableFirst|ordImpliesThen)
	case stop != nil:
		p.link(stop, fence, ordRunnableFirst|ordImpliesThen)
	default:
		if stop = n.remote.newestAction("stop", nil); stop != nil {
			p.link(stop, fence, ordOptional)
		}
	}
	p.orderFencing(fence)
}

// triggerUnfencing unfences a node (or, with none given, all that r may run
// on) because a device was changed.
func (p *plan) triggerUnfencing(r *resource, n *node, reason string) {
	if !p.unfencing || r != nil && !r.fenceDevice {
		return
	}
	if n != nil && n.online && !n.unclean && !n.shutdown {
		p.fenceAction(n, "on", false, reason, false).because(Reason{Kind: ReasonUnfencing, Node: n.name, Detail: reason})
		return
	}
	if r == nil {
		return
	}
	for _, pl := range r.allowed.list() {
		if pl.online && !pl.unclean && !pl.shutdown {
			p.triggerUnfencing(r, pl.node, reason)
		}
	}
}

// orderUnfencing lets an action wait until its node is unfenced.
func (p *plan) orderUnfencing(r *resource, n *node, a *action, flags ordFlag) {
	if !(r.fenceDevice && p.unfencing) && !r.needsUnfencing || n == nil {
		return
	}
	p.link(p.fenceAction(n, "on", true, "", false), a, flags)
	if v, set := n.attrs["#node-unfenced"]; !set || v == "0" {
		p.triggerUnfencing(nil, n, "required by "+r.id+" "+a.task)
	}
}

func (p *plan) orderRestartUnfencing(r *resource, n *node) {
	on := p.fenceAction(n, "on", true, "", false)
	p.orderBefore(r, "stop", on, ordOptional|ordSameNode)
	p.orderAction(on, r, "start", ordImpliesThenOnNode|ordSameNode)
}
