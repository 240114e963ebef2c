package cib

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// historyNames are the attributes of recorded operations that have dashes now.
var historyNames = []string{"op_status", "transition_magic", "call_id", "rc_code", "op_digest", "transition_key", "op_restart_digest", "op_force_restart"}

// upgradeHeartbeatStatus brings node states and histories to today's names. It
// is told once, since nobody wrote them by hand.
func (u *upgrader) upgradeHeartbeatStatus() {
	changed, expected := 0, 0
	promoted := u.promotedMonitors()
	for status := range u.root.each("status") {
		for e := range status.all() {
			e.attrs = slices.DeleteFunc(e.attrs, func(a attribute) bool { return a.name == "crm-debug-origin" })
			switch {
			case e.name == "instance_attributes":
				u.flatten(e)
			case e.name == "lrm_resource" && e.get("class") != "ocf":
				e.drop("provider")
			}
			for i := range e.attrs {
				if a := &e.attrs[i]; slices.Contains(historyNames, a.name) {
					a.name = strings.ReplaceAll(a.name, "_", "-")
					changed++
				}
			}
		}
		for e := range status.all() {
			switch e.name {
			case "lrm_resource":
				expected += expectResults(e, promoted[instanceOf(e.get("id"))])
			case "node_state":
				u.upgradeShutdown(e)
			}
		}
	}
	if changed > 0 {
		u.note(u.root.child("status"), "names with _ in the history of operations", "names with -")
	}
	if expected > 0 {
		u.note(u.root.child("status"), fmt.Sprintf("%d transition keys without the result that was expected", expected), "keys with it")
	}
}

// upgradeShutdown turns a node's wish to leave, once part of its state, into the
// transient attribute that it is now.
func (u *upgrader) upgradeShutdown(node *element) {
	since := node.get("shutdown")
	if since == "" || since == "0" {
		return
	}
	for set := range node.all() {
		if set.name == "instance_attributes" && set.pair("shutdown") != nil {
			return
		}
	}
	attributes := node.child("transient_attributes")
	attributes.set("id", node.get("id"))
	set := attributes.child("instance_attributes")
	if set.get("id") == "" {
		set.set("id", "status-"+node.get("id"))
	}
	set.addPair("status-"+node.get("id")+"-shutdown", "shutdown", since, node.line)
	u.note(node, "shutdown="+since, "transient attribute shutdown")
}

// instanceOf is the name of a resource without the number of the instance.
func instanceOf(id string) string {
	name, _, _ := strings.Cut(id, ":")
	return name
}

// promotedMonitors are the intervals in which each resource is monitored in the
// promoted role, in milliseconds.
func (u *upgrader) promotedMonitors() map[string][]string {
	found := map[string][]string{}
	for r := range u.root.all() {
		if r.name != "primitive" {
			continue
		}
		id := r.get("id")
		for op := range r.all() {
			interval, err := ParseDuration(op.get("interval"))
			if op.name == "op" && err == nil && strings.EqualFold(op.get("role"), "master") {
				found[id] = append(found[id], strconv.FormatInt(interval.Milliseconds(), 10))
			}
		}
	}
	return found
}

// oldKey matches a transition key that does not say which result was expected:
// the number of the action, that of the transition, and whose it was.
var oldKey = regexp.MustCompile(`^((?:\d+:\d+;)?\d+:\d+)(:[0-9a-fA-F]+-[0-9a-fA-F-]+)$`)

// expectResults adds to the keys of a resource's operations which result was
// expected: probes that it does not run, monitors of the promoted role that it
// is promoted, and all else success. It returns how many keys it changed.
func expectResults(resource *element, promoted []string) (changed int) {
	for op := range resource.each("lrm_rsc_op") {
		expected := OK
		switch interval := op.get("interval"); {
		case op.get("operation") != "monitor":
		case interval == "0":
			expected = NotRunning
		case slices.Contains(promoted, interval):
			expected = RunningPromoted
		}
		for _, name := range []string{"transition-key", "transition-magic"} {
			key := op.find(name)
			if key == nil || !oldKey.MatchString(key.value) {
				continue
			}
			key.value = oldKey.ReplaceAllString(key.value, fmt.Sprintf("${1}:%d${2}", expected))
			if name == "transition-key" {
				changed++
			}
		}
	}
	return changed
}
