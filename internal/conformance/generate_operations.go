package conformance

import "fmt"

// operation is a recurring one that the configuration asks for.
type operation struct {
	name, role string
	interval   int // seconds
	timeout    int // seconds
	// params are the operation's own, beside the resource's.
	params pairs
}

func (c *cluster) addMonitors(p *primitive) {
	if p.multiple == "promotable" {
		if c.chance(0.8) {
			p.ops = append(p.ops, c.monitor("Promoted", 10), c.monitor(c.pick("Unpromoted", ""), 11))
		}
		return
	}
	if c.chance(0.8) {
		p.ops = append(p.ops, c.monitor(c.maybe(0.1, "Started"), 10))
	}
	if c.chance(0.1) {
		p.ops = append(p.ops, c.monitor("Stopped", 30))
	}
}

func (c *cluster) monitor(role string, interval int) operation {
	o := operation{name: "monitor", role: role, interval: interval, timeout: 20}
	if c.on["operation sets"] {
		o.params.put("OCF_CHECK_LEVEL", c.maybe(0.3, "10", "20"))
	}
	return o
}

func (c *cluster) operationsElement(p *primitive) *element {
	ops := el("operations")
	for _, o := range p.ops {
		op := el("op", "id", c.id(p.id+"-op"), "name", o.name, "interval", fmt.Sprintf("%ds", o.interval),
			"timeout", fmt.Sprintf("%ds", o.timeout), "role", o.role, "on-fail", c.onFail(p, o.name))
		op.add(c.nvset("instance_attributes", op.attr("id")+"-params", o.params, nil))
		c.operationSets(p, op)
		if c.on["preferences"] {
			c.unusual(op)
		}
		ops.add(op)
	}
	if !c.on["preferences"] && !c.on["operation sets"] {
		return nonEmpty(ops)
	}
	for _, name := range []string{"start", "stop", "promote", "demote", "notify", "migrate_to", "migrate_from", "monitor", "reload-agent"} {
		if !c.chance(0.15) || !p.does(name) {
			continue
		}
		op := el("op", "id", c.id(p.id+"-op"), "name", name, "interval", "0", "timeout", c.pick("30s", "1m", "45"),
			"on-fail", c.onFail(p, name), "record-pending", c.maybe(0.2, "false", "true"), "start-delay", c.maybe(0.05, "5s"))
		c.operationSets(p, op)
		ops.add(op)
	}
	return nonEmpty(ops)
}

// does says whether the resource may ever need an action of that name.
func (p *primitive) does(name string) bool {
	switch name {
	case "promote", "demote":
		return p.multiple == "promotable"
	case "migrate_to", "migrate_from":
		return p.migrates
	case "notify":
		return p.multiple != ""
	case "reload-agent":
		return p.reloads
	}
	return true
}

// unusual changes when a recurring operation runs, or whether it does.
func (c *cluster) unusual(op *element) {
	switch {
	case c.chance(0.05):
		op.set("enabled", "false")
	case c.chance(0.05):
		op.set("interval-origin", "2025-06-15 12:00:00")
	case c.chance(0.05):
		op.set("start-delay", c.pick("10s", "1min"))
	}
}

// operationSets gives an operation parameters and settings of its own, some
// under a rule. What depends on a rule leaves the history without digests.
func (c *cluster) operationSets(p *primitive, op *element) {
	if !c.on["operation sets"] {
		return
	}
	stem := op.attr("id")
	if c.chance(0.2) {
		var params pairs
		params.put("op_sleep", c.pick("1", "2"))
		p.vague = true
		op.add(c.nvset("instance_attributes", stem+"-params", params, c.sometimes("attributes")))
	}
	for range c.r.IntN(3) {
		var meta pairs
		meta.put("timeout", c.maybe(0.4, "25s", "3min"))
		meta.put("on-fail", c.maybe(0.3, "block", "ignore", "standby", "fence", "stop", "restart"))
		meta.put("record-pending", c.maybe(0.2, "true", "false"))
		meta.put("start-delay", c.maybe(0.1, "7s"))
		meta.put("enabled", c.maybe(0.1, "false", "true"))
		meta.put("comment", c.maybe(0.1, "anything"))
		set := c.nvset("meta_attributes", stem+"-meta", meta, c.sometimes("attributes"))
		if set != nil {
			set.attrs = append(set.attrs, el("", "score", c.maybe(0.3, "5", "50", "INFINITY")).attrs...)
		}
		op.add(set)
	}
}

// sometimes is a rule for every other set of attributes, if there are rules.
func (c *cluster) sometimes(place string) *element {
	if !c.on["rules"] || c.chance(0.5) {
		return nil
	}
	return c.rule(place, &top{})
}

func (c *cluster) onFail(p *primitive, name string) string {
	if !c.on["preferences"] || !c.chance(0.4) {
		return ""
	}
	if p.multiple == "promotable" && (name == "monitor" || name == "promote") && c.chance(0.3) {
		return "demote"
	}
	return c.pick("ignore", "block", "stop", "restart", "fence", "standby", "restart-container")
}
