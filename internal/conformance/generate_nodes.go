package conformance

import "strconv"

// host is a node of the cluster, of any kind.
type host struct {
	id, name string
	// kind is "member", "remote" or "guest".
	kind string
	// fate is what became of it; see fates.
	fate      string
	transient pairs
	element   *element
	history   []*element
	// connection is the resource that a remote or guest node is reached by.
	connection *primitive
}

// fates of a member, as its node_state tells them: in_ccm, crmd, join and
// expected.
var fates = map[string][4]string{
	"online":          {"true", "online", "member", "member"},
	"standby":         {"true", "online", "member", "member"},
	"maintenance":     {"true", "online", "member", "member"},
	"leaving":         {"true", "online", "member", "member"},
	"off":             {"false", "offline", "down", "down"},
	"lost":            {"false", "offline", "down", "member"},
	"half lost":       {"true", "offline", "down", "member"},
	"silent":          {"false", "online", "member", "member"},
	"joining":         {"true", "online", "pending", "member"},
	"joined, not yet": {"true", "online", "down", "member"},
	"refused":         {"true", "online", "nack", "member"},
	"leaving, gone":   {"false", "offline", "down", "member"},
}

// acts says whether resources may be running there.
func (h *host) acts() bool {
	switch h.fate {
	case "online", "standby", "maintenance", "leaving", "lost", "half lost", "silent":
		return true
	}
	return false
}

func (c *cluster) makeNodes() {
	count := 2 + c.r.IntN(2+c.size/4)
	for i := range count {
		h := &host{id: strconv.Itoa(i + 1), name: "n" + strconv.Itoa(i+1), kind: "member", fate: "online"}
		if c.on["bad nodes"] && c.chance(0.35) {
			h.fate = c.pick("standby", "standby", "maintenance", "leaving", "off", "off", "lost", "lost", "lost", "half lost", "silent",
				"joining", "joined, not yet", "refused", "leaving, gone", "unseen")
		}
		c.addNode(h)
	}
}

// addNode adds it with attributes that its fate and the features call for.
func (c *cluster) addNode(h *host) {
	var attrs, capacity pairs
	switch h.fate {
	case "standby":
		if c.chance(0.5) {
			attrs.put("standby", c.pick("on", "true"))
		} else {
			h.transient.put("standby", "on")
		}
	case "maintenance":
		attrs.put("maintenance", "true")
	case "leaving", "leaving, gone":
		h.transient.put("shutdown", strconv.Itoa(now-60))
	}
	if c.on["rules"] || c.on["colocations"] {
		attrs.put("site", c.maybe(0.7, "a", "b"))
		attrs.put("cpus", c.maybe(0.7, "2", "4", "16"))
		attrs.put("version", c.maybe(0.3, "1.2", "1.10", "2"))
		attrs.put("site-name", c.maybe(0.1, "south"))
		h.transient.put("ping", c.maybe(0.6, "0", "100", "1000"))
	}
	if c.on["bad nodes"] {
		h.transient.put("terminate", c.maybe(0.02, "true", strconv.Itoa(now-10)))
		h.transient.put("probe_complete", c.maybe(0.03, "true", "false"))
	}
	if c.on["discovery"] && h.kind != "member" {
		attrs.put("resource-discovery-enabled", c.maybe(0.5, "false", "true"))
	}
	if c.on["health"] {
		h.transient.put("#health-disk", c.maybe(0.4, "red", "yellow", "green", "-20", "5"))
		h.transient.put("#health-cpu", c.maybe(0.2, "yellow", "green", "-5"))
	}
	if c.on["utilization"] {
		capacity.put("memory", c.pick("4", "8", "16"))
		capacity.put("cpu", c.maybe(0.5, "1", "2", "8"))
	}
	kind := h.kind
	if kind == "member" {
		kind = ""
	}
	h.element = el("node", "id", h.id, "uname", h.name, "type", kind).
		add(c.nvset("instance_attributes", "attrs-"+h.name, attrs, nil), c.nvset("utilization", "capacity-"+h.name, capacity, c.seldom()))
	if c.on["rules"] && c.chance(0.2) {
		var more pairs
		more.put("site", c.maybe(0.5, "a", "b"))
		more.put("standby", c.maybe(0.1, "true"))
		h.element.add(c.nvset("instance_attributes", "more-"+h.name, more, c.timely()))
	}
	if h.kind == "guest" {
		h.element = nil
	}
	c.nodes = append(c.nodes, h)
}

// status is the status section: who was last seen how, and what ran there.
func (c *cluster) status() *element {
	s := el("status")
	for _, h := range c.nodes {
		if h.fate != "unseen" {
			s.add(c.nodeState(h))
		}
	}
	if len(c.tickets) > 0 {
		tickets := el("tickets")
		for _, t := range c.tickets {
			if c.chance(0.8) {
				tickets.add(el("ticket_state", "id", t, "granted", c.pick("true", "true", "false"), "standby", c.maybe(0.3, "true", "false"),
					"last-granted", strconv.Itoa(now-500)))
			}
		}
		s.add(tickets)
	}
	return s
}

func (c *cluster) nodeState(h *host) *element {
	e := el("node_state", "id", h.id, "uname", h.name)
	if h.kind != "member" {
		e.set("remote_node", "true")
		e.set("node_fenced", c.pick("0", "0", "0", "0", "1"))
		if c.chance(0.1) {
			e.set("node_in_maintenance", c.pick("0", "1"))
		}
	} else {
		for i, name := range []string{"in_ccm", "crmd", "join", "expected"} {
			e.set(name, fates[h.fate][i])
		}
	}
	e.set("crm-debug-origin", "generated")
	if set := c.nvset("instance_attributes", "status-"+h.name, h.transient, nil); set != nil {
		e.add(el("transient_attributes", "id", h.id).add(set))
	}
	if len(h.history) > 0 || c.chance(0.7) {
		e.add(el("lrm", "id", h.id).add(el("lrm_resources").add(h.history...)))
	}
	return e
}

// members are the nodes that are no remote or guest nodes.
func (c *cluster) members() []*host {
	var out []*host
	for _, h := range c.nodes {
		if h.kind == "member" {
			out = append(out, h)
		}
	}
	return out
}

func (c *cluster) node() *host { return c.nodes[c.r.IntN(len(c.nodes))] }
