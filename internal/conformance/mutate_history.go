package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// historyMutations change what ran where with what result.
var historyMutations = []mutation{
	{"forget an operation", func(m *mutator) bool { return m.remove(m.any("lrm_rsc_op")) }},
	{"forget a resource on a node", func(m *mutator) bool { return m.remove(m.any("lrm_resource")) }},
	{"change a result", (*mutator).changeResult},
	{"change a result", (*mutator).changeResult},
	{"let an operation be pending", (*mutator).makePending},
	{"let an operation fail with a status", (*mutator).changeStatus},
	{"let an operation fail and be counted", (*mutator).failOperation},
	{"let an operation fail and be counted", (*mutator).failOperation},
	{"exchange the order of two operations", (*mutator).exchangeOrder},
	{"change what parameters an operation had", func(m *mutator) bool {
		e := m.any("lrm_rsc_op")
		return e != nil && change(e, m.pick("op-digest", "op-digest", "op-restart-digest"), "f2317cad3d54cec5d7d7aa7d0bf35cf8")
	}},
	{"change what a resource is", func(m *mutator) bool {
		e := m.any("lrm_resource")
		return e != nil && m.chance(0.4) && change(e, "type", "Other")
	}},
	{"let a resource be active elsewhere, too", (*mutator).copyHistory},
	{"let a resource be active elsewhere", (*mutator).moveHistory},
	{"let a resource migrate", (*mutator).migrate},
	{"lock a resource to its node", func(m *mutator) bool {
		e := m.any("lrm_resource")
		return e != nil && m.put(m.section("crm_config"), "cluster_property_set", "shutdown-lock", "true") &&
			change(e, "shutdown-lock", strconv.Itoa(now-300))
	}},
	{"change an interval", func(m *mutator) bool {
		e := m.any("lrm_rsc_op")
		if e == nil || e.attr("interval") == "0" {
			return false
		}
		return change(e, "interval", m.pick("7000", "10000", "60000"))
	}},
	{"leave a number on the name of a resource, or take it", (*mutator).renumber},
	{"change a counted failure", (*mutator).changeFailcount},
	{"let a failure be older or younger", func(m *mutator) bool {
		e := m.any("lrm_rsc_op")
		date, _ := strconv.Atoi(m.root.attr("execution-date"))
		return e != nil && change(e, "last-rc-change", strconv.Itoa(date-m.r.IntN(100000)))
	}},
	{"grant or revoke a ticket", (*mutator).changeTicket},
}

// setResult writes what an operation came to, with the magic that repeats it.
func setResult(e *element, status, rc int) {
	e.set("op-status", strconv.Itoa(status))
	e.set("rc-code", strconv.Itoa(rc))
	e.set("transition-magic", fmt.Sprintf("%d:%d;%s", status, rc, e.attr("transition-key")))
}

func (m *mutator) changeResult() bool {
	e := m.any("lrm_rsc_op")
	if e == nil {
		return false
	}
	codes := []int{0, 0, 7, 7, 1, 1, 2, 3, 4, 5, 6, 8, 8, 9, 190, 191, 192, 193, 194, 200}
	rc := codes[m.r.IntN(len(codes))]
	if e.attr("rc-code") == strconv.Itoa(rc) {
		return false
	}
	setResult(e, 0, rc)
	return true
}

func (m *mutator) makePending() bool {
	e := m.any("lrm_rsc_op")
	if e == nil {
		return false
	}
	setResult(e, -1, 193)
	if m.chance(0.5) {
		e.set("call-id", "-1")
	}
	return true
}

// changeStatus uses the states of an execution: cancelled, timed out, not
// supported, error, hard and fatal error, not connected, not installed,
// invalid.
func (m *mutator) changeStatus() bool {
	e := m.any("lrm_rsc_op")
	if e == nil {
		return false
	}
	setResult(e, 1+m.r.IntN(9), []int{0, 1, 1, 5, 7}[m.r.IntN(5)])
	return true
}

// lastCall is the highest call id of a history.
func lastCall(resource *element) int {
	last := 0
	for _, op := range resource.kids {
		if id, err := strconv.Atoi(op.attr("call-id")); err == nil {
			last = max(last, id)
		}
	}
	return last
}

// failOperation lets something fail after all that happened so far, as an
// executor records it: as the last failure, and as an attribute that counts.
func (m *mutator) failOperation() bool {
	resource := m.any("lrm_resource")
	state := m.stateOf(resource)
	if state == nil || len(resource.kids) == 0 {
		return false
	}
	name, interval := m.pick("monitor", "monitor", "start", "stop", "promote", "demote", "migrate_to", "migrate_from"), "0"
	if name == "monitor" {
		interval = m.pick("0", "10000", "10000")
	}
	id, key := resource.attr("id"), ""
	e := m.one(resource.kids).clone()
	key = fmt.Sprintf("%s_%s_%s", id, name, interval)
	date, _ := strconv.Atoi(m.root.attr("execution-date"))
	for _, nv := range [][2]string{{"id", id + "_last_failure_0"}, {"operation_key", key}, {"operation", name}, {"interval", interval},
		{"call-id", strconv.Itoa(lastCall(resource) + 1)}, {"last-rc-change", strconv.Itoa(date - 10)}} {
		e.set(nv[0], nv[1])
	}
	setResult(e, 0, []int{1, 1, 2, 5, 7, 9}[m.r.IntN(6)])
	resource.kids = slices.DeleteFunc(resource.kids, func(k *element) bool { return k.attr("id") == e.attr("id") })
	resource.add(e)
	if m.chance(0.6) {
		again := e.clone()
		again.set("id", id+"_last_0")
		if interval != "0" {
			again.set("id", key)
		}
		resource.kids = slices.DeleteFunc(resource.kids, func(k *element) bool { return k.attr("id") == again.attr("id") })
		resource.add(again)
	}
	if m.chance(0.7) {
		suffix := fmt.Sprintf("-%s#%s_%s", id, name, interval)
		m.transient(state, "fail-count"+suffix, m.pick("1", "3", "INFINITY", "1000000"))
		m.transient(state, "last-failure"+suffix, strconv.Itoa(date-10))
	}
	return true
}

func (m *mutator) exchangeOrder() bool {
	resource := m.any("lrm_resource")
	if resource == nil || len(resource.kids) < 2 {
		return false
	}
	a, b := m.one(resource.kids), m.one(resource.kids)
	x, y := a.attr("call-id"), b.attr("call-id")
	a.set("call-id", y)
	b.set("call-id", x)
	return x != y
}

// copyHistory lets another node have had the same operations.
func (m *mutator) copyHistory() bool {
	return m.transplant(m.any("lrm_resource"))
}

func (m *mutator) moveHistory() bool {
	resource := m.any("lrm_resource")
	return m.transplant(resource) && m.remove(resource)
}

func (m *mutator) transplant(resource *element) bool {
	list := m.any("lrm_resources")
	if resource == nil || list == nil || slices.Contains(list.kids, resource) {
		return false
	}
	list.kids = slices.DeleteFunc(list.kids, func(k *element) bool { return k.attr("id") == resource.attr("id") })
	list.add(resource.clone())
	return true
}

// migrate lets a resource have come from another node, or have left for it.
func (m *mutator) migrate() bool {
	resource := m.any("lrm_resource")
	state := m.stateOf(resource)
	if state == nil || len(resource.kids) == 0 {
		return false
	}
	here, there := state.attr("uname"), m.nodeName()
	if here == there || here == "" || there == "" {
		return false
	}
	source, target, name := here, there, "migrate_to"
	if m.chance(0.4) {
		source, target, name = there, here, "migrate_from"
	}
	id := resource.attr("id")
	e := m.one(resource.kids).clone()
	for _, nv := range [][2]string{{"id", id + "_" + m.pick("last_0", name+"_0")}, {"operation_key", id + "_" + name + "_0"}, {"operation", name}, {"interval", "0"},
		{"call-id", strconv.Itoa(lastCall(resource) + 1)}, {"migrate_source", source}, {"migrate_target", target}} {
		e.set(nv[0], nv[1])
	}
	switch m.r.IntN(3) {
	case 0:
		setResult(e, -1, 193)
	case 1:
		setResult(e, 0, 1)
	default:
		setResult(e, 0, 0)
	}
	resource.kids = slices.DeleteFunc(resource.kids, func(k *element) bool { return k.attr("id") == e.attr("id") })
	resource.add(e)
	for _, p := range m.all("primitive") {
		if p.attr("id") == id && m.chance(0.8) {
			m.put(p, "meta_attributes", "allow-migrate", "true")
		}
	}
	return true
}

// renumber changes which instance of a clone a history is about.
func (m *mutator) renumber() bool {
	resource := m.any("lrm_resource")
	if resource == nil {
		return false
	}
	old := resource.attr("id")
	base, _, _ := strings.Cut(old, ":")
	name := base + m.pick("", ":0", ":1", ":2", ":9")
	if name == old {
		return false
	}
	list := m.parent(resource)
	for _, k := range list.kids {
		if k.attr("id") == name {
			return false
		}
	}
	resource.set("id", name)
	for _, op := range resource.kids {
		for _, attr := range []string{"id", "operation_key"} {
			if rest, ok := strings.CutPrefix(op.attr(attr), old); ok {
				op.set(attr, name+rest)
			}
		}
	}
	return true
}

func (m *mutator) changeFailcount() bool {
	resource := m.any("lrm_resource")
	state := m.stateOf(resource)
	if state == nil {
		return false
	}
	suffix := m.pick("", "#monitor_10000", "#start_0", "#stop_0")
	id := resource.attr("id")
	if m.chance(0.5) {
		id, _, _ = strings.Cut(id, ":")
	}
	if m.chance(0.7) {
		date, _ := strconv.Atoi(m.root.attr("execution-date"))
		m.transient(state, "last-failure-"+id+suffix, strconv.Itoa(date-m.r.IntN(1000)))
	}
	return m.transient(state, "fail-count-"+id+suffix, m.pick("0", "1", "5", "INFINITY"))
}

func (m *mutator) changeTicket() bool {
	e := m.any("ticket_state")
	if e == nil {
		return false
	}
	return change(e, m.pick("granted", "granted", "standby"), m.pick("true", "false"))
}
