package conformance

import (
	"slices"
	"strconv"
	"strings"
)

// propertyValues are what properties of the cluster may be changed to.
var propertyValues = []choice{
	{"stonith-enabled", []string{"true", "false"}},
	{"no-quorum-policy", []string{"stop", "ignore", "freeze", "demote", "suicide"}},
	{"symmetric-cluster", []string{"true", "false"}},
	{"maintenance-mode", []string{"true", "false"}},
	{"start-failure-is-fatal", []string{"true", "false"}},
	{"stop-all-resources", []string{"true", "false"}},
	{"stop-orphan-resources", []string{"true", "false"}},
	{"stop-orphan-actions", []string{"true", "false"}},
	{"remove-after-stop", []string{"true"}},
	{"startup-fencing", []string{"true", "false"}},
	{"concurrent-fencing", []string{"true", "false"}},
	{"stonith-action", []string{"reboot", "off", "poweroff"}},
	{"priority-fencing-delay", []string{"15s", "60"}},
	{"enable-startup-probes", []string{"true", "false"}},
	{"cluster-delay", []string{"60s", "90s"}},
	{"stonith-timeout", []string{"2min"}},
	{"batch-limit", []string{"5"}},
	{"migration-limit", []string{"-1", "2"}},
	{"have-watchdog", []string{"true", "false"}},
	{"placement-strategy", []string{"default", "utilization", "minimal", "balanced"}},
	{"node-health-strategy", []string{"none", "migrate-on-red", "only-green", "progressive", "custom"}},
	{"shutdown-lock", []string{"true", "false"}},
	{"shutdown-lock-limit", []string{"0", "10min"}},
}

// settingMutations change what holds for the cluster as a whole.
var settingMutations = []mutation{
	{"change a property", (*mutator).changeProperty},
	{"change a property", (*mutator).changeProperty},
	{"change a property", (*mutator).changeProperty},
	{"lose or gain quorum", func(m *mutator) bool {
		has := m.root.attr("have-quorum")
		return change(m.root, "have-quorum", map[bool]string{true: "0", false: "1"}[has == "1" || has == "true"])
	}},
	{"let time pass", func(m *mutator) bool {
		date, _ := strconv.Atoi(m.root.attr("execution-date"))
		return change(m.root, "execution-date", strconv.Itoa(date+m.r.IntN(200000)-50000))
	}},
	{"change a default of resources", func(m *mutator) bool {
		name, value := m.choose(metaValues)
		return m.put(m.section("rsc_defaults"), "meta_attributes", name, value)
	}},
	{"change a default of operations", func(m *mutator) bool {
		name, value := m.choose([]choice{{"timeout", []string{"45s", "2min"}}, {"on-fail", []string{"block", "ignore", "standby", "restart"}},
			{"record-pending", []string{"true", "false"}}})
		return m.put(m.section("op_defaults"), "meta_attributes", name, value)
	}},
	{"forget a level of fencing", func(m *mutator) bool { return m.remove(m.any("fencing-level")) }},
	{"take in another cluster", (*mutator).merge},
}

func (m *mutator) changeProperty() bool {
	name, value := m.choose(propertyValues)
	return m.put(m.section("crm_config"), "cluster_property_set", name, value)
}

// merge takes the resources, constraints and histories of the donor in. Nodes
// are matched by their place, ids get a prefix, and what refers to nodes or to
// other sections by name is left behind.
func (m *mutator) merge() bool {
	donor, err := parseXML(string(m.donor))
	if err != nil || donor.child("configuration") == nil || !m.chance(0.5) {
		return false
	}
	states, nodes := m.all("node_state"), m.all("node")
	names := map[string]string{}
	var theirs []*element
	donor.walk(func(e *element) {
		if e.name == "node" && len(names) < len(nodes) {
			names[e.attr("uname")] = nodes[len(names)].attr("uname")
		}
		if e.name == "node_state" {
			theirs = append(theirs, e)
		}
	})
	for _, section := range []string{"resources", "constraints"} {
		if from := donor.child("configuration").child(section); from != nil {
			from.walk(func(e *element) { prefixNames(e, names) })
			m.section(section).add(from.kids...)
		}
	}
	for _, state := range theirs {
		for _, mine := range states {
			if names[state.attr("uname")] == mine.attr("uname") {
				graft(mine, state)
			}
		}
	}
	return true
}

// foreign goes before the ids of what is taken from another CIB.
const foreign = "X-"

// prefixNames renames everything that an element of another CIB is called or
// refers to; nodes get the names that they have here.
func prefixNames(e *element, nodes map[string]string) {
	for i, a := range e.attrs {
		switch a.Name {
		case "id", "id-ref", "rsc", "with-rsc", "first", "then", "template":
			e.attrs[i].Value = foreign + a.Value
		case "node":
			if name := nodes[a.Value]; name != "" {
				e.attrs[i].Value = name
			}
		}
	}
	if e.name == "nvpair" && (e.attr("name") == "remote-node" || e.attr("name") == "container") {
		e.set("value", foreign+e.attr("value"))
	}
}

// graft adds the history of a node of another CIB to one of this.
func graft(mine, theirs *element) {
	find := func(state *element) *element {
		if lrm := state.child("lrm"); lrm != nil {
			return lrm.child("lrm_resources")
		}
		return nil
	}
	to, from := find(mine), find(theirs)
	if to == nil || from == nil {
		return
	}
	for _, resource := range from.kids {
		resource.walk(func(e *element) {
			for _, name := range []string{"id", "operation_key"} {
				if value := e.attr(name); value != "" {
					e.set(name, foreign+value)
				}
			}
		})
	}
	to.kids = slices.DeleteFunc(append(to.kids, from.kids...), func(k *element) bool { return strings.TrimSpace(k.attr("id")) == "" })
}
