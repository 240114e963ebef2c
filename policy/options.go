package policy

import (
	"fmt"
	"strings"

	"kvmha/internal/cib"
)

// quorumPolicy is no-quorum-policy.
type quorumPolicy uint8

const (
	quorumStop quorumPolicy = iota
	quorumFreeze
	quorumIgnore
	quorumDemote
	quorumSuicide
)

// optionDefaults are the cluster options the scheduler reads ("Pacemaker
// Explained, Cluster Options").
var optionDefaults = map[string]string{
	"no-quorum-policy": "stop", "symmetric-cluster": "true", "maintenance-mode": "false",
	"start-failure-is-fatal": "true", "enable-startup-probes": "true", "shutdown-lock": "false",
	"shutdown-lock-limit": "0", "stonith-enabled": "true", "stonith-action": "reboot",
	"stonith-timeout": "60s", "have-watchdog": "false", "concurrent-fencing": "false",
	"startup-fencing": "true", "priority-fencing-delay": "0", "cluster-delay": "60s",
	"batch-limit": "0", "migration-limit": "-1", "stop-all-resources": "false",
	"stop-orphan-resources": "true", "stop-orphan-actions": "true", "remove-after-stop": "false",
	"node-health-strategy": "none", "node-health-base": "0", "node-health-green": "0",
	"node-health-yellow": "0", "node-health-red": "-INFINITY", "placement-strategy": "default",
}

// optionAliases are the names that Pacemaker 3 gave to some options.
var optionAliases = map[string]string{
	"fencing-enabled": "stonith-enabled", "fencing-action": "stonith-action",
	"fencing-timeout": "stonith-timeout",
}

// options are the effective cluster options.
type options struct {
	raw          map[string]string
	quorum       quorumPolicy
	haveQuorum   bool
	symmetric    bool
	maintenance  bool
	startFatal   bool
	probes       bool
	shutdownLock bool
	lockLimit    int64 // seconds
	fencing      bool
	fenceAction  string
	concurrent   bool
	startupFence bool
	fenceDelay   int64 // seconds
	stopAll      bool
	stopOrphans  bool
	cancelOrphan bool
	removeStop   bool
	placement    string
	health       string
	green        cib.Score
	yellow       cib.Score
	red          cib.Score
}

// unpackOptions evaluates crm_config. The set named cib-bootstrap-options wins
// over others.
func (p *plan) unpackOptions() {
	set := map[string]string{}
	p.applySets(p.cib.Config.Properties, ruleContext{}, set, "cib-bootstrap-options", false)
	raw := map[string]string{}
	for name, value := range optionDefaults {
		raw[name] = value
	}
	for name, value := range set {
		if old, ok := optionAliases[name]; ok {
			if _, both := set[old]; both {
				continue
			}
			name = old
		}
		if !meansSomething(name, value) {
			continue // the default stays, as in the reference
		}
		if strings.TrimSpace(value) != "" || raw[name] == "" {
			raw[name] = value
		}
	}
	o := &p.options
	o.raw = raw
	on := func(name string) bool { return isTrue(raw[name]) }
	o.haveQuorum = p.cib.HaveQuorum
	o.symmetric, o.maintenance = on("symmetric-cluster"), on("maintenance-mode")
	o.startFatal, o.probes = on("start-failure-is-fatal"), on("enable-startup-probes")
	o.shutdownLock = on("shutdown-lock")
	o.lockLimit = millisOr0(raw["shutdown-lock-limit"]) / 1000
	o.fencing, o.concurrent = on("stonith-enabled"), on("concurrent-fencing")
	o.startupFence = o.fencing && on("startup-fencing")
	o.fenceAction = raw["stonith-action"]
	if o.fenceAction == "poweroff" {
		o.fenceAction = "off"
	}
	o.fenceDelay = millisOr0(raw["priority-fencing-delay"]) / 1000
	o.stopAll, o.stopOrphans = on("stop-all-resources"), on("stop-orphan-resources")
	o.cancelOrphan, o.removeStop = on("stop-orphan-actions"), on("remove-after-stop")
	o.placement = strings.ToLower(raw["placement-strategy"])
	o.quorum = p.quorumPolicy(raw["no-quorum-policy"])
	o.unpackHealth()
	p.haveFencing = on("have-watchdog")
}

// meansSomething: a value of a cluster option is of the option's kind.
func meansSomething(name, value string) bool {
	switch name {
	case "cluster-delay", "stonith-timeout", "shutdown-lock-limit", "priority-fencing-delay":
		_, ok := millis(value)
		return ok
	case "batch-limit", "migration-limit":
		_, ok := scanInt(value)
		return ok
	}
	boolean := optionDefaults[name] == "true" || optionDefaults[name] == "false"
	return !boolean || isTrue(value) || isFalse(value)
}

func (p *plan) quorumPolicy(text string) quorumPolicy {
	switch strings.ToLower(text) {
	case "ignore":
		return quorumIgnore
	case "freeze":
		return quorumFreeze
	case "demote":
		return quorumDemote
	case "suicide":
		if !p.options.fencing {
			p.fault("Resetting no-quorum-policy to 'stop' because fencing is disabled")
			return quorumStop
		}
		// A partition that never had quorum has nothing to give up.
		if p.cib.HaveQuorum || p.cib.QuorumPanic {
			return quorumSuicide
		}
	}
	return quorumStop
}

func (o *options) unpackHealth() {
	o.health = strings.ToLower(o.raw["node-health-strategy"])
	switch o.health {
	case "migrate-on-red":
		o.red = cib.MinusInfinity
	case "only-green":
		o.red, o.yellow = cib.MinusInfinity, cib.MinusInfinity
	case "progressive", "custom":
		o.red, o.yellow = score(o.raw["node-health-red"]), score(o.raw["node-health-yellow"])
		o.green = score(o.raw["node-health-green"])
	default:
		o.health = "none"
	}
}

// applyHealth turns the nodes' #health attributes into location scores.
func (p *plan) applyHealth() {
	o := &p.options
	if o.health == "none" {
		return
	}
	var base cib.Score
	if o.health == "progressive" {
		base = score(o.raw["node-health-base"])
	}
	for _, n := range p.nodes {
		health := base
		for _, name := range sortedKeys(n.attrs) {
			if strings.HasPrefix(name, "#health") {
				health = o.healthScore(n.attrs[name]).Add(health)
			}
		}
		if health == 0 {
			continue
		}
		for _, r := range p.resources {
			if health > 0 || !isTrue(r.meta["allow-unhealthy-nodes"]) {
				p.addLocation(o.health, r, health, "", n).health = true
			}
		}
	}
}

// healthColour sums a node's health up for display: 1 green, 0 yellow, -1 red.
func (o *options) healthColour(n *node) int {
	colour := 1
	if o.health == "none" {
		return colour
	}
	for name, value := range n.attrs {
		if !strings.HasPrefix(name, "#health") {
			continue
		}
		s := o.healthScore(value)
		switch {
		case strings.EqualFold(value, "red"), !strings.EqualFold(value, "yellow") && s <= o.red:
			return -1
		case strings.EqualFold(value, "yellow"), s <= o.yellow && o.yellow != o.green:
			colour = 0
		}
	}
	return colour
}

func (p *plan) fault(format string, args ...any) {
	p.errors = append(p.errors, fmt.Sprintf(format, args...))
}

// tell adds a line behind the scores that there are so far.
func (p *plan) tell(text string) {
	p.notices = append(p.notices, Notice{Text: text, Behind: len(p.scores)})
}

func (p *plan) warn(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}
