package cib

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// check tells what is wrong with the value of an option, "" if nothing is.
type check func(value string) string

// Options whose values are restricted ("Pacemaker Explained": Cluster
// Options, Resource Meta-Attributes, Operation Properties). An option that is
// not listed takes anything: it may belong to an agent or to another tool.
var (
	propertyChecks = map[string]check{
		"batch-limit":                 isWhole,
		"cluster-delay":               isDuration,
		"cluster-recheck-interval":    isDuration,
		"concurrent-fencing":          isBool,
		"dc-deadtime":                 isDuration,
		"election-timeout":            isDuration,
		"enable-startup-probes":       isBool,
		"fence-reaction":              oneOf("stop", "panic"),
		"maintenance-mode":            isBool,
		"migration-limit":             isWhole,
		"no-quorum-policy":            oneOf("stop", "freeze", "ignore", "demote", "suicide"),
		"node-health-strategy":        oneOf("none", "migrate-on-red", "only-green", "progressive", "custom"),
		"placement-strategy":          oneOf("default", "utilization", "minimal", "balanced"),
		"priority-fencing-delay":      isDuration,
		"shutdown-escalation":         isDuration,
		"shutdown-lock":               isBool,
		"shutdown-lock-limit":         isDuration,
		"start-failure-is-fatal":      isBool,
		"startup-fencing":             isBool,
		"stonith-action":              oneOf("reboot", "off", "poweroff"),
		"stonith-enabled":             isBool,
		"stonith-max-attempts":        isScore,
		"stonith-timeout":             isDuration,
		"stop-all-resources":          isBool,
		"stop-orphan-actions":         isBool,
		"stop-orphan-resources":       isBool,
		"symmetric-cluster":           isBool,
		"transition-delay":            isDuration,
		"node-action-limit":           isWhole,
		"stonith-watchdog-timeout":    isWatchdogTimeout,
		"join-integration-timeout":    isDuration,
		"join-finalization-timeout":   isDuration,
		"crmd-transition-delay":       isDuration,
		"default-resource-stickiness": isScore,
	}
	metaChecks = map[string]check{
		"allow-migrate":          isBool,
		"allow-unhealthy-nodes":  isBool,
		"clone-max":              isCount,
		"clone-min":              isCount,
		"clone-node-max":         isCount,
		"critical":               isBool,
		"failure-timeout":        isDuration,
		"globally-unique":        isBool,
		"interleave":             isBool,
		"is-managed":             isBool,
		"maintenance":            isBool,
		"master-max":             isCount,
		"master-node-max":        isCount,
		"migration-threshold":    isScore,
		"multiple-active":        oneOf("block", "stop_only", "stop_start", "stop_unexpected"),
		"notify":                 isBool,
		"ordered":                isBool,
		"priority":               isScore,
		"promotable":             isBool,
		"promoted-max":           isCount,
		"promoted-node-max":      isCount,
		"remote-connect-timeout": isDuration,
		"remote-port":            isPort,
		"requires":               oneOf("nothing", "quorum", "fencing", "unfencing"),
		"resource-stickiness":    isScore,
		"target-role":            isRole,
		MetaGuestStatus:          isBool,
	}
	opChecks = map[string]check{
		"enabled":        isBool,
		"interval":       isDuration,
		"on-fail":        oneOf("ignore", "block", "stop", "restart", "fence", "standby", "demote", "restart-container", "nothing"),
		"record-pending": isBool,
		"requires":       oneOf("nothing", "quorum", "fencing", "unfencing"),
		"role":           isRole,
		"start-delay":    isDuration,
		"timeout":        isDuration,
	}
	isRole = oneOf("Started", "Stopped", "Promoted", "Unpromoted", "Master", "Slave")
)

func isBool(value string) string {
	if _, err := ParseBool(value); err != nil {
		return err.Error() + ": write true or false"
	}
	return ""
}

func isDuration(value string) string {
	if _, err := ParseDuration(value); err != nil {
		return err.Error()
	}
	return ""
}

func isScore(value string) string {
	if _, err := ParseScore(value); err != nil {
		return err.Error()
	}
	return ""
}

func isWhole(value string) string {
	if _, err := strconv.Atoi(value); err != nil {
		return fmt.Sprintf("%q is no whole number", value)
	}
	return ""
}

func isCount(value string) string {
	if n, err := strconv.Atoi(value); err != nil || n < 0 {
		return fmt.Sprintf("%q is no count: write 0 or a greater whole number", value)
	}
	return ""
}

func isPort(value string) string {
	if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 65535 {
		return fmt.Sprintf("%q is no port: write a number from 1 to 65535", value)
	}
	return ""
}

// isWatchdogTimeout accepts a negative number, too: it means "derive it".
func isWatchdogTimeout(value string) string {
	if strings.HasPrefix(value, "-") {
		return isWhole(value)
	}
	return isDuration(value)
}

func oneOf(words ...string) check {
	return func(value string) string {
		if slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, value) }) {
			return ""
		}
		return fmt.Sprintf("%q is none of %s", value, strings.Join(words, ", "))
	}
}

// value checks one option's value; the empty text counts as not set.
func (p place) value(text string, c check) {
	if text == "" {
		return
	}
	if wrong := c(text); wrong != "" {
		p.report("%s", wrong)
	}
}

// pairs checks the options of sets against a table. "#default" takes an option
// back to its default.
func (p place) pairs(kind string, sets []NVSet, table map[string]check) {
	for i := range sets {
		s := &sets[i]
		if s.IDRef != "" {
			p.in("id-ref").refersSet(kind, s.IDRef)
			continue
		}
		if s.Rule != nil {
			p.in("rule").rule(s.Rule)
		}
		seen := map[string]bool{}
		for _, nv := range s.Pairs {
			at := p.in(nv.Name)
			switch {
			case nv.Name == "":
				p.report("a pair has no name: give it one, or remove it")
			case seen[nv.Name]:
				at.report("is set twice in one set: remove one of them")
			case table[nv.Name] != nil && nv.Value != "#default":
				at.value(nv.Value, table[nv.Name])
			}
			seen[nv.Name] = true
		}
	}
}

func (p place) refersSet(kind, id string) {
	if p.v.sets[kind+id] {
		return
	}
	same := map[string]bool{}
	for name := range p.v.sets {
		if rest, ok := strings.CutPrefix(name, kind); ok {
			same[rest] = true
		}
	}
	p.report("%q is the id of no such set%s", id, suggest(id, maps.Keys(same)))
}

func isPositive(value string) string {
	if n, err := strconv.Atoi(value); err != nil || n < 1 {
		return fmt.Sprintf("%q is no whole number from 1 on", value)
	}
	return ""
}
