package policy

import (
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// opSettings are the settings of an operation: what its configuration, its
// meta-attributes and op_defaults say ("Pacemaker Explained, Resource
// Operations"). Most operations never get into the graph, and nobody asks for
// all of their settings; so those are gathered when somebody does.
type opSettings struct {
	r          *resource
	task       string
	intervalMS int64
	spec       *cib.OpSpec
	// blocks: on-fail is block.
	blocks bool
	// gathered are all settings, nil before somebody asks for them.
	gathered map[string]string
}

// opSettings finds the configuration of an operation by its key; the key of
// another resource, which a history may have, finds none. What rules decide is
// gathered at once, so that it is known when they will decide anew.
func (r *resource) opSettings(task string, intervalMS int64, key string) opSettings {
	s := opSettings{r: r, task: task, intervalMS: intervalMS}
	name, keyTask, keyMS, ok := splitKey(key)
	named := name == r.id || strings.EqualFold(name, r.id) || r.historyName != "" && strings.EqualFold(name, r.historyName)
	if ok && (named || keyTask == "notify" || keyTask == "migrate_to" || keyTask == "migrate_from") {
		s.spec = r.opSpec(keyTask, keyMS, true)
	}
	if s.hasSets() {
		s.gathered = s.gather()
	}
	return s
}

// hasSets: more than the operation's own element has a say.
func (s *opSettings) hasSets() bool {
	return len(s.r.p.cib.Config.OpDefaults) > 0 || s.spec != nil && len(s.spec.Meta) > 0
}

// said is a setting as it was written, "" for none.
func (s *opSettings) said(name string) string {
	if s.gathered != nil {
		return s.gathered[name]
	}
	if s.spec == nil {
		return ""
	}
	return opAttr(s.spec, name)
}

// timeoutMS is the time after which the operation has failed.
func (s *opSettings) timeoutMS() int64 {
	if s.spec == nil || s.hasSets() {
		return leadingInt(s.all()["timeout"])
	}
	return timeoutOr20s(firstText(opAttr(s.spec, "timeout"), s.spec.Timeout))
}

func timeoutOr20s(text string) int64 {
	if ms, ok := millis(text); ok {
		return ms
	}
	return 20000
}

// block notes that on-fail is block, however that was written.
func (s *opSettings) block() {
	s.blocks = true
	if s.gathered != nil {
		s.gathered["on-fail"] = "block"
	}
}

// all are the settings with what follows from them, times in milliseconds. What
// is known of the operation besides may be added to them.
func (s *opSettings) all() map[string]string {
	if s.gathered == nil {
		s.gathered = s.gather()
	}
	return s.gathered
}

func (s *opSettings) gather() map[string]string {
	out := map[string]string{}
	if s.r == nil {
		return out
	}
	r, p := s.r, s.r.p
	ctx := ruleContext{rsc: r, op: &opContext{name: s.task, intervalMS: s.intervalMS}}
	p.applySets(p.cib.Config.OpDefaults, ctx, out, "", false)
	probe := s.task == "monitor" && s.intervalMS == 0
	if probe {
		if m := r.fastestMonitor(); m != nil && m.Timeout != "" {
			out["timeout"] = m.Timeout
		}
	}
	if s.spec != nil {
		p.applySets(s.spec.Meta, ctx, out, "", true)
		out["name"] = s.spec.Name
		if s.spec.Timeout != "" {
			out["timeout"] = s.spec.Timeout
		}
		for _, nv := range s.spec.Attrs {
			out[nv.Name] = nv.Value
		}
	}
	delete(out, "id")
	delete(out, "interval")
	if s.intervalMS > 0 {
		out["interval"] = strconv.FormatInt(s.intervalMS, 10)
	}
	if r.fenceDevice && (s.task == "start" || probe) {
		if v, ok := r.params(nil)["pcmk_monitor_timeout"]; ok {
			out["timeout"] = v
		}
	}
	out["timeout"] = strconv.FormatInt(timeoutOr20s(out["timeout"]), 10)
	if s.blocks {
		out["on-fail"] = "block"
	}
	p.startDelay(out, s.intervalMS)
	return out
}

// ownParams are the parameters that the operation has on n besides those of its
// resource; nil for none, as with most.
func (s *opSettings) ownParams(n *node) map[string]string {
	if s.spec == nil || len(s.spec.Params) == 0 {
		return nil
	}
	out := map[string]string{}
	s.r.p.applySets(s.spec.Params, ruleContext{attrs: n.attrs}, out, "", false)
	return out
}

// startDelay computes when a recurring operation first runs: start-delay, or
// the next time that is a whole number of intervals after interval-origin.
func (p *plan) startDelay(settings map[string]string, intervalMS int64) {
	if v, ok := settings["start-delay"]; ok {
		settings["start-delay"] = strconv.FormatInt(millisOr0(v), 10)
		return
	}
	v, ok := settings["interval-origin"]
	if !ok || intervalMS < 1000 {
		return
	}
	origin, ok := parseDate(v)
	if !ok {
		return
	}
	every := intervalMS / 1000
	past := (p.now.Unix() - origin.Unix()) % every
	delay := -past
	if past > 0 {
		delay = every - past
	}
	settings["start-delay"] = strconv.FormatInt(delay*1000, 10)
}
