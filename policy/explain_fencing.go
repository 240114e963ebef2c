package policy

import (
	"regexp"
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// fencingSteps let n be fenced, or anything run where fencing is asked for and
// there is no device.
func (p *plan) fencingSteps(n *node) []Step {
	switch {
	case p.options.fencing && !p.haveFencing:
		return []Step{{Kind: StepDevice}}
	case !p.options.fencing:
		return []Step{{Kind: StepProperty, Name: "stonith-enabled", Value: "true"}}
	case !p.options.haveQuorum:
		return []Step{{Kind: StepQuorum}}
	}
	return nil
}

// fencersOf are the devices that may fence n: those of its topology levels, or
// those that list it or do not say what they can fence ("Pacemaker Explained,
// Fencing", pcmk_host_list). Whether a device really can, only it knows.
func (p *plan) fencersOf(n *node) []string {
	var out []string
	for i := range p.cib.Config.Fencing {
		if l := &p.cib.Config.Fencing[i]; n.isTargetOf(l) {
			out = append(out, l.Devices...)
		}
	}
	if len(out) == 0 {
		p.eachDevice(func(r *resource) {
			if r.mayFence(n) && !slices.Contains(out, r.xmlID) {
				out = append(out, r.xmlID)
			}
		})
	}
	return slices.DeleteFunc(out, func(id string) bool { return p.disabled(id) })
}

// eachDevice visits the fencing devices of the configuration.
func (p *plan) eachDevice(visit func(*resource)) {
	for _, top := range p.resources {
		top.walk(func(r *resource) {
			if r.variant == primitive && r.fenceDevice && !r.orphan {
				visit(r)
			}
		})
	}
}

// disabled: the device is not used, since an administrator has stopped it.
func (p *plan) disabled(device string) bool {
	r := p.findResource(device)
	return r != nil && parseRole(r.target) == roleStopped
}

// unfencedFirst is why a start cannot succeed that waits for its node to be
// unfenced: no device is there that could do that. The transition has both
// all the same, since only the devices know what they can do.
func (p *plan) unfencedFirst(a *action) *Reason {
	for _, l := range a.before {
		if fence := l.a; fence.task == "stonith" && fence.said("stonith_action") == "on" && !fence.is(actOptional) && len(p.fencersOf(fence.n)) == 0 {
			return &Reason{Kind: ReasonUnfencing, Node: fence.n.name, Detail: "no fencing device that is enabled can do it"}
		}
	}
	return nil
}

// unfencingSteps let a node be unfenced: a device that is disabled is used
// again, or there is one more.
func (p *plan) unfencingSteps(n *node) []Step {
	var out []Step
	p.eachDevice(func(r *resource) {
		if r.mayFence(n) && p.disabled(r.id) {
			out = append(out, Step{Kind: StepStart, Resource: r.configured()})
		}
	})
	return append(out, Step{Kind: StepDevice, Node: n.name})
}

// isTargetOf: the level of the fencing topology is for n.
func (n *node) isTargetOf(l *cib.FencingLevel) bool {
	switch {
	case l.Target != "":
		return l.Target == n.name
	case l.TargetPattern != "":
		re, err := regexp.Compile(l.TargetPattern)
		return err == nil && re.MatchString(n.name)
	}
	return l.TargetAttr != "" && n.attrs[l.TargetAttr] == l.TargetValue
}

// mayFence: the device lists n, or leaves open what it can fence.
func (r *resource) mayFence(n *node) bool {
	params := r.params(nil)
	isBetween := func(c rune) bool { return strings.ContainsRune(",; \t", c) }
	listed := slices.Contains(strings.FieldsFunc(params["pcmk_host_list"], isBetween), n.name)
	for _, entry := range strings.FieldsFunc(params["pcmk_host_map"], isBetween) {
		name, _, _ := strings.Cut(entry, ":")
		listed = listed || name == n.name
	}
	switch check := params["pcmk_host_check"]; {
	case check == "none":
		return true
	case check == "static-list", check == "" && params["pcmk_host_list"]+params["pcmk_host_map"] != "":
		return listed
	}
	return true
}

// notFenced says why n cannot be fenced, though it must be or may have to be;
// nil where it can, or where it is fenced by other means than a device.
func (p *plan) notFenced(n *node) *Reason {
	switch {
	case n.unclean && !p.canFence(n):
		return &Reason{Kind: ReasonUnreachable, Node: n.name, Detail: p.whyNoFencing()}
	case n.isGuest(), n.kind == pingNode, !p.options.fencing, isTrue(p.options.raw["have-watchdog"]):
	case !p.haveFencing:
		return &Reason{Kind: ReasonUnreachable, Node: n.name, Detail: p.whyNoFencing()}
	case len(p.fencersOf(n)) == 0:
		return &Reason{Kind: ReasonUnreachable, Node: n.name, Detail: "no fencing device that is enabled lists it (pcmk_host_list, pcmk_host_map)", Name: "device"}
	}
	return nil
}
