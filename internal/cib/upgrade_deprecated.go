package cib

import (
	"fmt"
	"slices"
)

// replacement is what became of an option that schema 3.0 knows no more.
type replacement struct {
	// name is the new one, "" if there is none.
	name string
	// section takes the option instead of the set that it stands in, unless it
	// is set there: op_defaults or rsc_defaults.
	section string
	// when names the values that this is for, nil all of them; value replaces
	// them if it is set.
	when  []string
	value string
	// why says what to use instead of what is gone.
	why string
}

const thresholdInstead = "failures are counted, not weighed: use migration-threshold"

// immediateMove is the one weight of a failure that a threshold can express.
func immediateMove(section string) []replacement {
	return []replacement{
		{name: "migration-threshold", section: section, when: []string{"-INFINITY"}, value: "1"},
		{why: thresholdInstead},
	}
}

// propertyReplacements are the cluster options that went ("Pacemaker 2.0
// Changes"): spellings with underscores, and defaults of resources and
// operations, which have sections of their own.
var propertyReplacements = map[string][]replacement{
	"cluster-infrastructure": {{
		when: []string{"heartbeat", "openais", "classic openais", "classic openais (with plugin)", "cman"},
		why:  "that membership layer is gone",
	}},
	"cluster_recheck_interval":            {{name: "cluster-recheck-interval"}},
	"dc_deadtime":                         {{name: "dc-deadtime"}},
	"default-action-timeout":              {{name: "timeout", section: "op_defaults"}},
	"default_action_timeout":              {{name: "timeout", section: "op_defaults"}},
	"default-migration-threshold":         {{why: "it never had an effect: set migration-threshold in rsc_defaults"}},
	"default_migration_threshold":         {{why: "it never had an effect: set migration-threshold in rsc_defaults"}},
	"default-resource-stickiness":         {{name: "resource-stickiness", section: "rsc_defaults"}},
	"default_resource_stickiness":         {{name: "resource-stickiness", section: "rsc_defaults"}},
	"default-resource-failure-stickiness": immediateMove("rsc_defaults"),
	"default_resource_failure_stickiness": immediateMove("rsc_defaults"),
	"election_timeout":                    {{name: "election-timeout"}},
	"expected-quorum-votes":               {{why: "the membership layer counts votes"}},
	"is-managed-default":                  {{name: "is-managed", section: "rsc_defaults"}},
	"is_managed_default":                  {{name: "is-managed", section: "rsc_defaults"}},
	"no_quorum_policy":                    {{name: "no-quorum-policy"}},
	"notification-agent":                  {{why: "use an alert"}},
	"notification-recipient":              {{why: "use an alert"}},
	"remove_after_stop":                   {{name: "remove-after-stop"}},
	"shutdown_escalation":                 {{name: "shutdown-escalation"}},
	"startup_fencing":                     {{name: "startup-fencing"}},
	"stonith_action":                      {{name: "stonith-action"}},
	"stonith_enabled":                     {{name: "stonith-enabled"}},
	"stop_orphan_actions":                 {{name: "stop-orphan-actions"}},
	"stop_orphan_resources":               {{name: "stop-orphan-resources"}},
	"symmetric_cluster":                   {{name: "symmetric-cluster"}},
	"transition_idle_timeout":             {{name: "cluster-delay"}},
}

// upgradeDeprecated brings a document of the schemas 1.0 to 2.10 to 3.0.
func (u *upgrader) upgradeDeprecated() {
	shared := u.spreadReferences()
	defer u.gatherReferences(shared)
	for set := range u.config("crm_config").each("cluster_property_set") {
		u.replacePairs(set, propertyReplacements)
	}
	for n := range u.config("nodes").each("node") {
		if n.get("type") == "normal" {
			n.set("type", "member")
			u.note(n, `type="normal"`, `"member"`)
		}
	}
	for r := range u.config("resources").all() {
		if r.name == "primitive" || r.name == "template" {
			u.upgradeAgentOptions(r)
			u.upgradeOperations(r)
		}
	}
	u.upgradeACLs()
	for c := range u.config("constraints").each("rsc_colocation") {
		const why = "it never had an effect"
		u.remove(c, "score-attribute", why)
		u.remove(c, "score-attribute-mangle", why)
	}
}

// replacePairs goes through the pairs of a set.
func (u *upgrader) replacePairs(set *element, table map[string][]replacement) {
	set.kids = slices.DeleteFunc(set.kids, func(nv *element) bool {
		if nv.name != "nvpair" {
			return false
		}
		for _, r := range table[nv.get("name")] {
			if r.when == nil || slices.Contains(r.when, nv.get("value")) {
				return u.replacePair(set, nv, r)
			}
		}
		return false
	})
}

// replacePair applies one replacement; gone means that the pair leaves its set.
func (u *upgrader) replacePair(set, nv *element, r replacement) (gone bool) {
	name, value := nv.get("name"), nv.get("value")
	before, after := name, r.name
	full := fmt.Sprintf("%s=%q", name, value)
	if r.value != "" {
		before, after = full, fmt.Sprintf("%s=%q", r.name, r.value)
		value = r.value
	}
	switch {
	case r.name == "":
		u.note(nv, full, "", r.why)
		return true
	case r.section == "" && set.pair(r.name) != nil:
		u.note(nv, full, "", r.name+" is set already")
		return true
	case r.section == "":
		nv.set("name", r.name)
		nv.set("value", value)
		u.note(nv, before, after)
		return false
	case u.config(r.section).sets("meta_attributes", r.name):
		u.note(nv, full, "", r.section+" has "+r.name+" already")
		return true
	}
	u.defaultsFor(set, r.section).addPair(nv.get("id"), r.name, value, nv.line)
	u.note(nv, before, after+" in "+r.section)
	return true
}

// defaultsFor is the set of defaults that takes what leaves a set of
// properties: the first without a rule, or one of its own under the same rule.
func (u *upgrader) defaultsFor(set *element, section string) *element {
	defaults := u.config(section)
	id := section + "-" + set.get("id")
	for other := range defaults.each("meta_attributes") {
		if other.get("id") == id || set.unconditional() && other.unconditional() {
			return other
		}
	}
	made := defaults.add("meta_attributes", set.line)
	made.set("id", id)
	made.conditionOf(set)
	return made
}
