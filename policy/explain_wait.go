package policy

import (
	"slices"
	"time"

	"kvmha/internal/cib"
)

// What a reason rests on that changes by itself: rules with dates, failures that
// expire, shutdown locks that end.

// ruled names, where the attribute that a reason rests on comes from a set with
// a rule, that set and its rule.
func (p *plan) ruled(why Reason, attribute string, sets []cib.NVSet, ctx ruleContext) Reason {
	for _, s := range p.sortSets(sets, "", nil) {
		if _, has := s.Get(attribute); !has || s.Rule != nil && !p.passes(s.Rule, ctx) {
			continue
		}
		if s.Rule != nil {
			why.ID, why.Rule, why.Detail = s.ID, s.Rule.ID, ruleText(s.Rule)
		}
		break
	}
	return why
}

// metaRuled is ruled for a meta-attribute of r, which it may have from what is
// around it, or from the defaults.
func (r *resource) metaRuled(why Reason, attribute string) Reason {
	owner, sets := r.metaOwner(attribute), r.p.cib.Config.RscDefaults
	if owner != nil {
		sets = owner.cfg.Meta
	}
	return r.p.ruled(why, attribute, sets, ruleContext{rsc: r})
}

// optionRuled is ruled for a cluster option.
func (p *plan) optionRuled(why Reason, option string) Reason {
	return p.ruled(why, option, p.cib.Config.Properties, ruleContext{})
}

// attributeRuled is ruled for a permanent attribute of a node.
func (p *plan) attributeRuled(why Reason, n *node, attribute string) Reason {
	for i := range p.cib.Config.Nodes {
		if c := &p.cib.Config.Nodes[i]; c.ID == n.id {
			return p.ruled(why, attribute, c.Attributes, ruleContext{})
		}
	}
	return why
}

// attribute is the one that the reason rests on, where that may come from a set
// with a rule.
func (r Reason) attribute() string {
	switch r.Kind {
	case ReasonTargetRole:
		return "target-role"
	case ReasonUnmanaged:
		return "is-managed"
	case ReasonStopAll:
		return "stop-all-resources"
	case ReasonStandby:
		return "standby"
	case ReasonMaintenance:
		return firstText(r.Name, "maintenance")
	}
	return ""
}

// inTime are the steps that wait until what a reason rests on has changed, and
// for an attribute from a set with a rule the one that takes it out of there.
func (p *plan) inTime(why Reason, failing *resource) []Step {
	var at []time.Time
	switch why.Kind {
	case ReasonFailure, ReasonThreshold, ReasonOnFail, ReasonBlocked:
		if n := p.nodeByName[why.Node]; n != nil && failing != nil && failing.variant == primitive && failing.failureTimeout > 0 {
			if count, last := p.failCount(failing, n, nil, true, false); count > 0 {
				at = append(at, time.Unix(last+failing.failureTimeout+1, 0))
			}
		}
	case ReasonLock:
		if failing != nil && failing.lockNode != nil && p.options.lockLimit > 0 {
			at = append(at, time.Unix(failing.lockTime+p.options.lockLimit+1, 0))
		}
	default:
		if rule := p.index.rule(why.Rule); why.Rule != "" && rule != nil {
			at = p.changesOf(rule)
		}
	}
	var out []Step
	slices.SortFunc(at, time.Time.Compare)
	for _, moment := range slices.Compact(at) {
		if moment.After(p.now) {
			out = append(out, Step{Kind: StepTime, Value: moment.In(p.now.Location()).Format(time.RFC3339)})
		}
	}
	if name := why.attribute(); why.Rule != "" && name != "" {
		out = append(out, Step{Kind: StepUnset, ID: why.ID, Name: name})
	}
	return out
}

// changesOf are the next moments at which the date expressions of a rule change.
func (p *plan) changesOf(rule *cib.Rule) []time.Time {
	var out []time.Time
	rulesOf(rule, func(r *cib.Rule) {
		for i := range r.Parts {
			e := r.Parts[i].Date
			if e == nil {
				continue
			}
			_, changes := judgeDate(e, p.now)
			if e.Operation == "date_spec" {
				changes = nextOfSpec(p.now, e.Spec)
			}
			if !changes.IsZero() {
				out = append(out, changes)
			}
		}
	})
	return out
}
