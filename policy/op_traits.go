package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// opSpec is a configured operation with its interval understood.
type opSpec struct {
	*cib.OpSpec
	name     string // here, too, because it is compared all the time
	ms       int64
	disabled bool
}

func newOpSpec(s *cib.OpSpec) opSpec {
	return opSpec{OpSpec: s, name: s.Name, ms: millisOr0(s.Interval), disabled: isFalse(opAttr(s, "enabled"))}
}

// opTraits is what follows from the configuration of an operation.
type opTraits struct {
	opSettings
	needs    needs
	onFail   onFail
	failRole role
}

// opSpec finds the configured operation of this name and interval.
func (r *resource) opSpec(task string, intervalMS int64, disabledToo bool) *cib.OpSpec {
	find := func(name string, ms int64) *cib.OpSpec {
		for i := range r.ops {
			if s := &r.ops[i]; s.ms == ms && s.name == name && (disabledToo || !s.disabled) {
				return s.OpSpec
			}
		}
		return nil
	}
	if s := find(task, intervalMS); s != nil {
		return s
	}
	switch task {
	case "migrate_to", "migrate_from":
		return find("migrate", 0)
	case "notify", "notified":
		return find("notify", 0)
	}
	return nil
}

// fastestMonitor is the enabled monitor with the shortest interval.
func (r *resource) fastestMonitor() *cib.OpSpec {
	var best opSpec
	for _, s := range r.ops {
		if s.Name == "monitor" && !s.disabled && s.ms != 0 && (best.OpSpec == nil || s.ms < best.ms) {
			best = s
		}
	}
	return best.OpSpec
}

// opTraits reads an operation's configuration, and what its failure calls for.
// key is the name to look it up by.
func (r *resource) opTraits(task string, intervalMS int64, key string) opTraits {
	t := opTraits{opSettings: r.opSettings(task, intervalMS, key), needs: r.needsFor(task)}
	r.applyOnFail(&t, task, intervalMS)
	return t
}

func (r *resource) needsFor(task string) needs {
	switch {
	case task != "start" && task != "promote":
	case r.needsFencing:
		return needsFencing
	case r.needsQuorum:
		return needsQuorum
	}
	return needsNothing
}

// onFailText is the configured on-fail where it is valid for the operation.
func (r *resource) onFailText(t *opTraits, task string) string {
	value := t.said("on-fail")
	switch {
	case task == "stop":
		switch strings.ToLower(value) {
		case "standby", "demote", "stop":
			r.p.fault("Resetting 'on-fail' for %s stop action to default value because '%s' is not allowed for stop", r.id, value)
			return ""
		}
	case task == "demote" && value == "":
		// A failed demotion is like a failed monitor of the promoted role.
		for _, s := range r.ops {
			v := opAttr(s.OpSpec, "on-fail")
			if v != "" && !strings.EqualFold(v, "demote") && !s.disabled && s.Name == "monitor" &&
				parseRole(opAttr(s.OpSpec, "role")) == rolePromoted && s.ms != 0 {
				return v
			}
		}
	case task == "lrm_delete":
		return "ignore"
	case strings.EqualFold(value, "demote"):
		s := t.spec
		if s == nil || s.Name != "promote" &&
			(s.Name != "monitor" || parseRole(opAttr(s, "role")) != rolePromoted || millisOr0(s.Interval) == 0) {
			r.p.fault("Resetting 'on-fail' for %s %s action to default value because 'demote' is not allowed for it", r.id, task)
			return ""
		}
	}
	return value
}

// applyOnFail decides what a failure of the operation will call for.
func (r *resource) applyOnFail(t *opTraits, task string, intervalMS int64) {
	o := &r.p.options
	value := strings.ToLower(r.onFailText(t, task))
	known := true
	switch value {
	case "block":
		t.onFail = failBlock
		t.block()
	case "fence":
		t.onFail = failFence
		if !o.fencing {
			r.p.fault("Resetting 'on-fail' for operation '%s' to 'stop' because 'fence' is not valid when fencing is disabled", opKey(r.id, task, intervalMS))
			t.onFail, t.failRole = failStop, roleStopped
		}
	case "standby":
		t.onFail = failStandby
	case "ignore", "nothing":
		t.onFail = failIgnore
	case "migrate":
		t.onFail = failMigrate
	case "stop":
		t.onFail, t.failRole = failStop, roleStopped
	case "restart":
		t.onFail = failRecover
	case "demote":
		t.onFail = failDemote
	case "restart-container":
		t.onFail = failContainer
		known = r.container != nil
	default:
		known = false
	}
	switch {
	case !known && r.container != nil:
		t.onFail = failContainer
	case (!known || !r.managed) && r.isRemoteConnection() && !(task == "monitor" && intervalMS == 0) && task != "start":
		if !r.managed {
			t.onFail, t.failRole = failStop, roleStopped
			break
		}
		if r.reconnectMS != 0 {
			t.failRole = roleStopped
		}
		t.onFail = failRemote
	case known:
	case task == "stop" && o.fencing:
		t.onFail = failFence
	case task == "stop":
		t.onFail = failBlock
	default:
		t.onFail = failRecover
	}
	if t.failRole == roleUnknown {
		t.failRole = parseRole(t.said("role_after_failure"))
	}
	if t.failRole == roleUnknown {
		t.failRole = roleStarted
		if task == "promote" {
			t.failRole = roleUnpromoted
		}
	}
}

// isRemoteConnection: r connects to a remote node that stands by itself.
func (r *resource) isRemoteConnection() bool {
	if !r.isRemote {
		return false
	}
	n := r.p.nodeByName[r.id]
	return n != nil && n.isRemote()
}

func opAttr(op *cib.OpSpec, name string) string {
	for _, nv := range op.Attrs {
		if nv.Name == name {
			return nv.Value
		}
	}
	return ""
}
