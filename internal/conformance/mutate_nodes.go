package conformance

import "strconv"

// nodeMutations change the state of nodes and what is said about them.
var nodeMutations = []mutation{
	{"put a node in standby or back", (*mutator).toggleStandby},
	{"put a node in maintenance", func(m *mutator) bool {
		return m.nodeAttribute("maintenance", m.pick("true", "true", "false"))
	}},
	{"let a node fail, leave or come", (*mutator).changeFate},
	{"let a node fail, leave or come", (*mutator).changeFate},
	{"forget the state of a node", func(m *mutator) bool { return m.remove(m.any("node_state")) }},
	{"forget the history of a node", func(m *mutator) bool { return m.remove(m.any("lrm")) }},
	{"ask a node to shut down", func(m *mutator) bool {
		return m.transient(m.any("node_state"), "shutdown", strconv.Itoa(now-60))
	}},
	{"ask for a node to be fenced", func(m *mutator) bool {
		return m.chance(0.5) && m.transient(m.any("node_state"), "terminate", "true")
	}},
	{"change the health of a node", func(m *mutator) bool {
		return m.transient(m.any("node_state"), "#health-x", m.pick("red", "yellow", "green", "-20", "5"))
	}},
	{"change an attribute of a node", (*mutator).changeNodeAttribute},
	{"change a promotion score", (*mutator).changePromotionScore},
	{"change the capacity of a node", func(m *mutator) bool {
		nv := m.pairIn("node", "utilization")
		return nv != nil && change(nv, "value", m.pick("0", "1", "2", "512", "1024", "4096"))
	}},
	{"forget a node", func(m *mutator) bool { return m.chance(0.3) && m.remove(m.any("node")) }},
	{"say that a remote node was fenced", func(m *mutator) bool {
		e := m.any("node_state")
		if e == nil || e.attr("remote_node") == "" {
			return false
		}
		e.set("node_fenced", m.pick("0", "1"))
		return true
	}},
	{"take a node's unfencing", func(m *mutator) bool {
		return m.transient(m.any("node_state"), "#node-unfenced", m.pick("0", strconv.Itoa(now-5000)))
	}},
}

// change sets an attribute and says whether that changed it.
func change(e *element, name, value string) bool {
	if e.attr(name) == value {
		return false
	}
	e.set(name, value)
	return true
}

// pairIn draws a name-value pair out of a set of that kind below an element of
// that name.
func (m *mutator) pairIn(parent, kind string) *element {
	var pairs []*element
	for _, e := range m.all(parent) {
		for _, set := range e.kids {
			if set.name == kind {
				for _, nv := range set.kids {
					if nv.name == "nvpair" {
						pairs = append(pairs, nv)
					}
				}
			}
		}
	}
	return m.one(pairs)
}

func (m *mutator) nodeAttribute(name, value string) bool {
	node := m.any("node")
	return node != nil && m.put(node, "instance_attributes", name, value)
}

// transient sets an attribute that lasts until the node leaves.
func (m *mutator) transient(state *element, name, value string) bool {
	if state == nil {
		return false
	}
	attrs := state.child("transient_attributes")
	if attrs == nil {
		attrs = el("transient_attributes", "id", state.attr("id"))
		state.add(attrs)
	}
	return m.put(attrs, "instance_attributes", name, value)
}

func (m *mutator) toggleStandby() bool {
	node := m.any("node")
	if node == nil {
		return false
	}
	if set := node.child("instance_attributes"); set != nil {
		for _, nv := range set.kids {
			if nv.attr("name") == "standby" {
				return change(nv, "value", map[bool]string{true: "off", false: "on"}[nv.attr("value") == "on"])
			}
		}
	}
	return m.put(node, "instance_attributes", "standby", "on")
}

func (m *mutator) changeFate() bool {
	e := m.any("node_state")
	if e == nil {
		return false
	}
	if e.attr("remote_node") != "" {
		return change(e, "in_ccm", m.pick("true", "false"))
	}
	names := sortedKeys(fates)
	fate := fates[m.pick(append(names, "online", "online", "lost", "lost")...)]
	for i, name := range []string{"in_ccm", "crmd", "join", "expected"} {
		e.set(name, fate[i])
	}
	return true
}

func (m *mutator) changeNodeAttribute() bool {
	nv := m.pairIn("node", "instance_attributes")
	if m.chance(0.5) {
		nv = m.pairIn("transient_attributes", "instance_attributes")
	}
	return nv != nil && change(nv, "value", m.pick("true", "false", "0", "1", "100", "-1", "a", nv.attr("value")+"0"))
}

// changePromotionScore gives one to a resource on a node, or changes one.
func (m *mutator) changePromotionScore() bool {
	value := m.pick("1", "5", "100", "1000", "-1", "-INFINITY", "INFINITY")
	state := m.any("node_state")
	var clones []*element
	for _, e := range m.all("primitive") {
		if p := m.parent(e); p.name == "clone" || p.name == "master" || p.name == "bundle" {
			clones = append(clones, e)
		}
	}
	child := m.one(clones)
	return child != nil && m.transient(state, "master-"+child.attr("id"), value)
}
