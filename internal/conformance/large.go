package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"kvmha/internal/cib"
)

// Large makes a big and tidy cluster of virtual machines for timing: every
// node probed every resource once, and everything runs where it should. With
// failed, the first node is lost and has to be fenced and emptied.
//
// A twentieth of the resources is infrastructure (clones that run everywhere,
// one of them promotable), a quarter are members of groups of five, and the
// rest are migratable virtual machines that depend on the infrastructure; half
// of those prefer a node, some shun one, and some go together.
func Large(nodes, resources int, failed bool) []byte {
	c := &cluster{dice: dice{rand.New(rand.NewPCG(uint64(nodes), uint64(resources)))}, on: map[string]bool{}, used: map[string]int{}}
	c.config, c.resources, c.constraints = el("configuration"), el("resources"), el("constraints")
	for i := range nodes {
		h := &host{id: strconv.Itoa(i + 1), name: fmt.Sprintf("host%d", i+1), kind: "member", fate: "online"}
		if failed && i == 0 {
			h.fate = "lost"
		}
		c.addNode(h)
	}
	l := &large{cluster: c}
	l.build(resources)
	l.remember()
	var options, defaults pairs
	options.put("stonith-enabled", "true")
	options.put("no-quorum-policy", "stop")
	defaults.put("resource-stickiness", "200")
	defaults.put("migration-threshold", "3")
	list := el("nodes")
	for _, n := range c.nodes {
		list.add(n.element)
	}
	c.config.add(el("crm_config").add(c.nvset("cluster_property_set", "options", options, nil)), list, c.resources, c.constraints,
		el("rsc_defaults").add(c.nvset("meta_attributes", "defaults", defaults, nil)))
	root := el("cib", "crm_feature_set", featureSet, "validate-with", schema, "epoch", "1", "num_updates", "0", "admin_epoch", "0",
		"have-quorum", "1", "execution-date", strconv.Itoa(now))
	return []byte(root.add(c.config, c.status()).xml())
}

// large makes the resources of a big cluster.
type large struct {
	*cluster
	base string // the clone that everything needs
}

func (l *large) build(resources int) {
	l.plain("fence", primitive{class: "stonith", kind: "fence_xvm"}, l.somewhere())
	clones := min(10, max(1, resources/20))
	for i := range clones {
		promotable := i == clones-1 && i > 0
		id := l.clone(promotable)
		if i == 0 {
			l.base = id
		} else if !promotable {
			l.after(l.base, id)
		}
	}
	for range resources / 4 / 5 {
		l.group()
	}
	previous := ""
	for len(l.primitives) < resources {
		vm := l.machine()
		if previous != "" && l.chance(0.1) {
			l.constraints.add(el("rsc_colocation", "id", l.id("col"), "rsc", vm, "with-rsc", previous, "score", l.pick("50", "-50")))
		}
		previous = vm
	}
}

func (l *large) somewhere() []*host { return []*host{l.node()} }

// plain adds a primitive that runs on these nodes, and returns its element.
func (l *large) plain(stem string, p primitive, on []*host) *element {
	p.id, p.on, p.instances = l.id(stem), on, len(on)
	if p.class == "" {
		p.class, p.provider = "ocf", "pacemaker"
		p.params.put("state", "/run/"+p.id)
	}
	if p.multiple != "promotable" {
		p.ops = []operation{{name: "monitor", interval: 10, timeout: 20}}
	}
	l.primitives = append(l.primitives, &p)
	var meta pairs
	if p.migrates {
		meta.put("allow-migrate", "true")
	}
	e := el("primitive", "id", p.id, "class", p.class, "provider", p.provider, "type", p.kind).add(
		l.nvset("instance_attributes", p.id+"-params", p.params, nil), l.nvset("meta_attributes", p.id+"-meta", meta, nil), l.operationsElement(&p))
	if p.class == "stonith" {
		l.resources.add(e)
	}
	return e
}

func (l *large) clone(promotable bool) string {
	p := primitive{kind: "Dummy", multiple: "anonymous"}
	var meta pairs
	meta.put("interleave", "true")
	if promotable {
		p.kind, p.multiple = "Stateful", "promotable"
		meta.put("promotable", "true")
	}
	id := l.id("everywhere")
	l.resources.add(el("clone", "id", id).add(l.plain("part", p, l.nodes), l.nvset("meta_attributes", id+"-meta", meta, nil)))
	return id
}

func (l *large) group() {
	on := l.somewhere()
	g := el("group", "id", l.id("service"))
	for range 5 {
		g.add(l.plain("piece", primitive{kind: "Dummy"}, on))
	}
	l.resources.add(g)
	l.with(g.attr("id"), l.base)
	l.after(l.base, g.attr("id"))
}

func (l *large) machine() string {
	on := l.somewhere()
	e := l.plain("vm", primitive{kind: "Dummy", migrates: true}, on)
	l.resources.add(e)
	id := e.attr("id")
	l.after(l.base, id)
	if l.chance(0.5) {
		l.with(id, l.base)
	}
	if l.chance(0.5) {
		l.constraints.add(el("rsc_location", "id", l.id("loc"), "rsc", id, "node", on[0].name, "score", "100"))
	}
	if other := l.node(); other != on[0] && l.chance(0.05) {
		l.constraints.add(el("rsc_location", "id", l.id("loc"), "rsc", id, "node", other.name, "score", "-INFINITY"))
	}
	return id
}

func (l *large) after(first, then string) {
	l.constraints.add(el("rsc_order", "id", l.id("ord"), "first", first, "then", then, "kind", "Mandatory"))
}

func (l *large) with(rsc, other string) {
	l.constraints.add(el("rsc_colocation", "id", l.id("col"), "rsc", rsc, "with-rsc", other, "score", "INFINITY"))
}

// remember writes the history of an uneventful life.
func (l *large) remember() {
	for _, p := range l.primitives {
		for i, h := range l.nodes {
			log := l.log(p, h, 0)
			switch {
			case !slices.Contains(p.on, h):
				log.add("monitor", 0, cib.NotRunning)
			case p.multiple == "promotable":
				h.transient.put("master-"+p.id, strconv.Itoa(10-min(i, 5)))
				log.add("start", 0, cib.OK)
				if i == 0 {
					log.add("promote", 0, cib.OK)
				}
			default:
				log.add("start", 0, cib.OK)
				for _, o := range p.ops {
					log.add(o.name, o.interval, cib.OK)
				}
			}
			h.history = append(h.history, l.entry(p, h, log))
		}
	}
}
