package conformance

// properties is the crm_config section.
func (c *cluster) properties() *element {
	var p pairs
	p.put("stonith-enabled", c.stonithEnabled())
	if c.on["properties"] {
		p.put("no-quorum-policy", c.maybe(0.5, "stop", "ignore", "freeze", "demote", "suicide"))
		p.put("symmetric-cluster", c.maybe(0.15, "false", "true"))
		p.put("maintenance-mode", c.maybe(0.03, "true"))
		p.put("start-failure-is-fatal", c.maybe(0.2, "false", "true"))
		p.put("stop-all-resources", c.maybe(0.03, "true"))
		p.put("stop-orphan-resources", c.maybe(0.15, "false"))
		p.put("stop-orphan-actions", c.maybe(0.15, "false"))
		p.put("startup-fencing", c.maybe(0.15, "false"))
		p.put("concurrent-fencing", c.maybe(0.2, "true", "false"))
		p.put("stonith-action", c.maybe(0.2, "reboot", "off"))
		p.put("priority-fencing-delay", c.maybe(0.15, "15s"))
		p.put("enable-startup-probes", c.maybe(0.05, "false"))
		p.put("cluster-delay", c.maybe(0.1, "90s"))
		p.put("stonith-timeout", c.maybe(0.1, "2min"))
		p.put("batch-limit", c.maybe(0.1, "5"))
		p.put("migration-limit", c.maybe(0.1, "2", "-1"))
		p.put("have-watchdog", c.maybe(0.1, "true"))
		p.put("remove-after-stop", c.maybe(0.05, "true"))
		p.put("cluster-name", c.maybe(0.1, "north"))
		p.put("node-action-limit", c.maybe(0.05, "3"))
		p.put("cluster-recheck-interval", c.maybe(0.1, "5min"))
	}
	if c.on["utilization"] {
		p.put("placement-strategy", c.pick("utilization", "minimal", "balanced", "balanced", "default"))
	}
	if c.on["health"] {
		p.put("node-health-strategy", c.pick("migrate-on-red", "only-green", "progressive", "custom"))
		p.put("node-health-red", c.maybe(0.2, "-100"))
		p.put("node-health-green", c.maybe(0.2, "10"))
		p.put("node-health-yellow", c.maybe(0.2, "-10"))
		p.put("node-health-base", c.maybe(0.2, "20"))
	}
	if c.on["locks"] {
		p.put("shutdown-lock", "true")
		p.put("shutdown-lock-limit", c.maybe(0.4, "10min", "1h"))
	}
	return el("crm_config").add(c.nvset("cluster_property_set", "options", p, nil), c.moreProperties())
}

// moreProperties is a set beside the first one. Which of them wins depends on
// their scores, and on whether its rule holds.
func (c *cluster) moreProperties() *element {
	if !c.on["properties"] || !c.on["rules"] || c.chance(0.5) {
		return nil
	}
	var p pairs
	p.put("stonith-enabled", c.maybe(0.2, "true", "false"))
	p.put("no-quorum-policy", c.maybe(0.3, "ignore", "freeze"))
	p.put("maintenance-mode", c.maybe(0.1, "true"))
	p.put("cluster-delay", c.maybe(0.5, "30s"))
	set := c.nvset("cluster_property_set", "more-options", p, c.timely())
	if set != nil {
		set.attrs = append(set.attrs, el("", "score", c.maybe(0.5, "1", "-1", "INFINITY")).attrs...)
	}
	return set
}

func (c *cluster) stonithEnabled() string {
	if c.on["fencing"] {
		return c.maybe(0.8, "true")
	}
	return c.pick("false", "false", "false", "true")
}

// defaults makes rsc_defaults or op_defaults.
func (c *cluster) defaults(place string) *element {
	if !c.on["defaults"] || c.chance(0.3) {
		return nil
	}
	e := el(place)
	for range 1 + c.r.IntN(2) {
		var p pairs
		if place == "rsc_defaults" {
			p.put("resource-stickiness", c.maybe(0.6, "1", "100", "INFINITY"))
			p.put("migration-threshold", c.maybe(0.3, "1", "3"))
			p.put("failure-timeout", c.maybe(0.2, "1min", "2h"))
			p.put("is-managed", c.maybe(0.04, "false"))
			p.put("target-role", c.maybe(0.04, "Stopped"))
			p.put("priority", c.maybe(0.1, "3"))
		} else {
			p.put("timeout", c.maybe(0.6, "45s", "1min"))
			p.put("on-fail", c.maybe(0.1, "block", "ignore", "standby"))
			p.put("record-pending", c.maybe(0.1, "true", "false"))
		}
		var rule *element
		if c.on["rules"] && c.chance(0.6) {
			rule = c.rule(place, &top{})
		}
		set := c.nvset("meta_attributes", place, p, rule)
		if set != nil && c.chance(0.2) {
			set.set("score", c.pick("1", "10"))
		}
		e.add(set)
	}
	return nonEmpty(e)
}

// addAccess adds what a CIB may hold beside all that decides anything.
func (c *cluster) addAccess() {
	if !c.on["access"] {
		return
	}
	role := el("acl_role", "id", c.id("role")).add(el("acl_permission", "id", c.id("perm"), "kind", c.pick("read", "write", "deny"), "xpath", "/cib"))
	user := el("acl_target", "id", c.id("user")).add(el("role", "id", role.attr("id")))
	alert := el("alert", "id", c.id("alert"), "path", "/usr/share/alert.sh").add(el("recipient", "id", c.id("recipient"), "value", "/var/log/alerts"))
	c.config.add(el("acls").add(role, user), el("alerts").add(alert))
}
