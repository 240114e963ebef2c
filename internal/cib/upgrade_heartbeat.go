package cib

import (
	"fmt"
	"slices"
	"strings"
)

// The form that Heartbeat 2 and Pacemaker 0.6 wrote, a document type called
// crm-0.6 or crm-1.0 ("transitional-0.6"). It puts pairs into a layer of
// <attributes>, options of resources into attributes and parameters, and names
// the two sides of a constraint from and to.

// fromHeartbeat tells whether the document has that form: many say nothing of
// their schema, and some that name the old one were written in the new form.
func (u *upgrader) fromHeartbeat() bool {
	for _, name := range []string{"dc_uuid", "have_quorum", "cib_feature_revision", "ignore_dtd", "ccm_transition", "generated"} {
		if u.root.find(name) != nil {
			return true
		}
	}
	for section := range u.config("crm_config").all() {
		if section.name == "attributes" {
			return true
		}
	}
	for section := range u.root.child("configuration").each("resources", "constraints") {
		for e := range section.all() {
			switch {
			case e.name == "attributes", e.name == "master_slave",
				(e.name == "rsc_order" || e.name == "rsc_colocation") && e.find("from") != nil:
				return true
			}
		}
	}
	return false
}

// upgradeHeartbeat brings the document to the form of pacemaker-1.0.
func (u *upgrader) upgradeHeartbeat() {
	u.rename(u.root, "dc_uuid", "dc-uuid")
	u.rename(u.root, "have_quorum", "have-quorum")
	for _, name := range []string{"generated", "ccm_transition", "num_peers", "cib_last_written", "ignore_dtd", "cib_feature_revision", "remote_access_port", "crm-debug-origin"} {
		u.root.drop(name)
	}
	config := u.root.child("configuration")
	for e := range config.all() {
		u.upgradeHeartbeatElement(e)
	}
	u.upgradeHeartbeatDefaults()
	for r := range u.config("resources").all() {
		u.upgradeHeartbeatResource(r)
	}
	u.giveIDs(config)
	u.upgradeHeartbeatStatus()
}

// underscored are attributes whose names have dashes now.
var underscored = []string{"boolean_op", "on_fail", "start_delay", "score_attribute", "node_attribute"}

// upgradeHeartbeatElement is for what does not depend on what is around it.
func (u *upgrader) upgradeHeartbeatElement(e *element) {
	for _, name := range underscored {
		u.rename(e, name, strings.ReplaceAll(name, "_", "-"))
	}
	u.upgradeHeartbeatScore(e)
	switch e.name {
	case "cluster_property_set", "instance_attributes", "meta_attributes":
		u.flatten(e)
	case "op":
		u.upgradeHeartbeatOp(e)
	case "rule":
		u.upgradeHeartbeatRule(e)
	case "date_expression":
		if e.find("operation") == nil {
			e.set("operation", "in_range")
			u.note(e, "", `operation="in_range"`)
		}
	case "rsc_order":
		u.upgradeHeartbeatOrder(e)
	case "rsc_colocation":
		u.upgradeHeartbeatColocation(e)
	}
}

// upgradeHeartbeatScore cuts fractions off, which were written but not meant.
func (u *upgrader) upgradeHeartbeatScore(e *element) {
	score := e.find("score")
	if score == nil {
		return
	}
	before := score.value
	whole, _, fraction := strings.Cut(before, ".")
	if score.value = strings.ToUpper(whole); fraction {
		u.note(e, fmt.Sprintf("score=%q", before), fmt.Sprintf("%q", score.value))
	}
}

// flatten takes the layer of <attributes> out of a set. Several rules of one
// set were alternatives.
func (u *upgrader) flatten(set *element) {
	var rules, pairs []*element
	for k := range set.each() {
		switch k.name {
		case "rule":
			rules = append(rules, k)
		case "attributes":
			pairs = append(pairs, k.kids...)
		default:
			pairs = append(pairs, k)
		}
	}
	if len(rules) > 1 {
		either := &element{name: "rule", line: rules[0].line, kids: rules}
		either.attrs = []attribute{{name: "score", value: "0"}, {name: "boolean-op", value: "or"}}
		u.note(set, fmt.Sprintf("%d rules", len(rules)), "one rule with boolean-op=or")
		rules = []*element{either}
	}
	set.kids = append(rules, pairs...)
	for _, nv := range pairs {
		name := nv.find("name")
		if name == nil || set.name != "meta_attributes" || !strings.Contains(name.value, "_") {
			continue
		}
		before := name.value
		name.value = strings.ReplaceAll(before, "_", "-")
		u.note(nv, before, name.value)
	}
}

// upgradeHeartbeatRule gives a rule what was implied: a score of 0, and that
// an empty rule is true everywhere.
func (u *upgrader) upgradeHeartbeatRule(rule *element) {
	if rule.find("score") == nil && rule.find("score-attribute") == nil && rule.find("score_attribute") == nil {
		rule.set("score", "0")
	}
	if len(rule.kids) == 0 {
		e := rule.add("expression", rule.line)
		e.attrs = []attribute{{name: "attribute", value: "#uname"}, {name: "operation", value: "defined"}}
		u.note(rule, "", "expression #uname defined", "a rule without an expression was true everywhere")
	}
}

func (u *upgrader) upgradeHeartbeatOp(op *element) {
	u.rename(op, "prereq", "requires")
	if op.find("interval") == nil {
		op.set("interval", "0")
	}
	if disabled, there := op.drop("disabled"); there {
		off, err := ParseBool(disabled)
		op.set("enabled", fmt.Sprint(!(off && err == nil)))
		u.note(op, fmt.Sprintf("disabled=%q", disabled), fmt.Sprintf("enabled=%q", op.get("enabled")))
	}
}

// upgradeHeartbeatDefaults writes down the one default of a cluster option
// that changed since.
func (u *upgrader) upgradeHeartbeatDefaults() {
	const option = "stonith-enabled"
	config := u.config("crm_config")
	for e := range config.all() {
		if name := e.get("name"); e.name == "nvpair" && strings.ReplaceAll(name, "_", "-") == option {
			return
		}
	}
	set := config.add("cluster_property_set", config.line)
	set.set("id", "heartbeat-defaults")
	set.addPair("heartbeat-defaults-"+option, option, "false", config.line)
	u.note(config, "", option+`="false"`, "fencing was off by default in this schema")
}

// giveIDs gives elements without an id one, and those that share one, or have a
// number, their own: then, ids of pairs, rules and operations were not unique.
func (u *upgrader) giveIDs(config *element) {
	taken := map[string]bool{}
	free := []string{"nvpair", "rule", "expression", "date_expression", "date_spec", "duration", "op",
		"instance_attributes", "meta_attributes", "cluster_property_set", "rsc_location", "rsc_colocation", "rsc_order"}
	for e := range config.all() {
		if id := e.get("id"); id != "" && !slices.Contains(free, e.name) {
			taken[id] = true
		}
	}
	changed := 0
	u.giveIDsBelow(config, "cib", func(e *element, near string) {
		id := e.get("id")
		if !slices.Contains(free, e.name) {
			return
		}
		if taken[id] || isName(id) != "" {
			base := near + "-" + strings.NewReplacer("_", "-").Replace(e.name)
			id = base
			for n := 2; taken[id]; n++ {
				id = fmt.Sprintf("%s-%d", base, n)
			}
			e.set("id", id)
			changed++
		}
		taken[id] = true
	})
	if changed > 0 {
		u.note(config, fmt.Sprintf("%d missing or unfit ids", changed), "ids of their own")
	}
}

// giveIDsBelow visits all elements with the id of the nearest above.
func (u *upgrader) giveIDsBelow(e *element, near string, visit func(e *element, near string)) {
	for _, k := range e.kids {
		visit(k, near)
		below := near
		if id := k.get("id"); id != "" {
			below = id
		}
		u.giveIDsBelow(k, below, visit)
	}
}
