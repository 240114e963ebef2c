package conformance

import (
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// makeFencing adds one or two devices that can fence every member.
func (c *cluster) makeFencing() {
	for range 1 + c.r.IntN(2) {
		p := &primitive{id: c.id("fence"), class: "stonith", kind: "fence_xvm", instances: 1}
		p.params.put("key_file", c.maybe(0.3, "/etc/key"))
		p.params.put("passwd", c.maybe(0.2, "secret"))
		p.params.put("pcmk_monitor_timeout", c.maybe(0.1, "90s"))
		p.params.put("pcmk_host_list", c.maybe(0.2, "n1 n2"))
		if c.on["monitors"] && c.chance(0.7) {
			p.ops = []operation{{name: "monitor", interval: 60, timeout: 20}}
		}
		var meta pairs
		if c.on["unfencing"] {
			meta.put("provides", c.maybe(0.9, "unfencing"))
		}
		c.primitives = append(c.primitives, p)
		c.resources.add(el("primitive", "id", p.id, "class", p.class, "type", p.kind).add(
			c.nvset("instance_attributes", p.id+"-params", p.params, nil),
			c.nvset("meta_attributes", p.id+"-meta", meta, nil), c.operationsElement(p)))
		c.tops = append(c.tops, &top{id: p.id, ends: []*primitive{p}})
	}
}

// unfence lets some nodes be unfenced already, by the devices as they are now
// or as they were when something else was configured.
func (c *cluster) unfence() {
	for _, h := range c.nodes {
		if !c.on["unfencing"] || c.chance(0.4) {
			continue
		}
		var all, public strings.Builder
		for _, p := range c.primitives {
			if p.class != "stonith" {
				continue
			}
			params := map[string]string{}
			for _, nv := range p.params {
				params[nv.Name] = nv.Value
			}
			if c.chance(0.2) {
				params[c.pick("key_file", "passwd")] = "as it was before"
			}
			entry := p.id + ":" + p.kind + ":"
			all.WriteString(entry + cib.Digest(cib.DigestParams(params)) + ",")
			delete(params, "passwd")
			public.WriteString(entry + cib.Digest(cib.DigestParams(params)) + ",")
		}
		h.transient.put("#node-unfenced", c.maybe(0.9, strconv.Itoa(now-5000)))
		h.transient.put("#digests-all", all.String())
		h.transient.put("#digests-secure", public.String())
	}
}

// topology lists the devices that fence some of the members, by levels.
func (c *cluster) topology() *element {
	var devices []string
	for _, p := range c.primitives {
		if p.class == "stonith" {
			devices = append(devices, p.id)
		}
	}
	if !c.on["topology"] || len(devices) == 0 {
		return nil
	}
	e := el("fencing-topology")
	if c.chance(0.2) {
		return e.add(el("fencing-level", "id", c.id("level"), "target-attribute", "site", "target-value", "a", "index", "1", "devices", devices[0]))
	}
	if c.chance(0.3) {
		return e.add(el("fencing-level", "id", c.id("level"), "target-pattern", "^n[12]$", "index", "1", "devices", strings.Join(devices, ",")))
	}
	for _, h := range c.members() {
		for level, device := range devices {
			if c.chance(0.7) {
				e.add(el("fencing-level", "id", c.id("level"), "target", h.name, "index", string(rune('1'+level)), "devices", device))
			}
		}
	}
	return nonEmpty(e)
}
