package configs

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"kvmha/internal/cib"
)

// nodeTable is one host of the cluster.
type nodeTable struct {
	table
	// Name of the node: its host name (`uname -n`).
	Name string `toml:"name" required:"true" is:"id" id:"node"`
	// The node's votes for quorum. 0 makes a node that runs resources but never
	// decides.
	Votes int `toml:"votes" default:"1" min:"0" max:"100"`
	// The node's address on each heartbeat network, by the network's name. Every
	// node has the same names. Use two networks or more that fail apart.
	Links map[string]netip.Addr `toml:"links" required:"true"`
	// Permanent node attributes, for rules.
	Attributes map[string]string `toml:"attributes" is:"value"`
	// Capacities for the placement strategies, such as memory = 4096.
	Utilization map[string]int `toml:"utilization" min:"0"`
	// The node takes part but runs nothing.
	Standby bool `toml:"standby" default:"false"`
}

func (t *nodeTable) check(p *problems) {
	links := t.key("links")
	if _, given := p.where[links]; !given || p.wrong(links) {
		return
	}
	switch len(t.Links) {
	case 0:
		p.add(links, "a node needs an address on at least one heartbeat network, such as hb0 = \"10.1.0.1\"")
	case 1:
		p.warn(links, "one heartbeat network only: its failure will be taken for the death of the peers")
	}
	if len(t.Links) > maxLinks {
		p.add(links, "%d heartbeat networks are more than %d", len(t.Links), maxLinks)
	}
	for name := range t.Links {
		if !isID(name) {
			p.add(join(links, name), "%q is not a name for a heartbeat network: write a letter, then letters, digits, - _ and .", name)
		}
	}
}

// Bounds of the engine.
const (
	maxNodes = 64
	maxLinks = 8
)

// checkNodes compares the nodes with each other: link names must be the same
// everywhere, addresses nowhere.
func checkNodes(p *problems, nodes []nodeTable) {
	if len(nodes) == 0 {
		return
	}
	if len(nodes) < 2 || len(nodes) > maxNodes {
		p.add("node", "a cluster has 2 to %d nodes, not %d", maxNodes, len(nodes))
	}
	owner := map[netip.Addr]string{}
	want := linkNames(&nodes[0])
	for i := range nodes {
		n := &nodes[i]
		for _, name := range linkNames(n) {
			path := join(n.key("links"), name)
			address := n.Links[name]
			if other, twice := owner[address]; twice && address.IsValid() {
				p.add(path, "%v is the address of %s already", address, other)
			}
			owner[address] = "node " + quoted(n.Name) + " on link " + quoted(name)
		}
		compareLinks(p, n, want, nodes[0].Name)
	}
}

// compareLinks notes links that a node has and the first has not, and the
// other way round.
func compareLinks(p *problems, n *nodeTable, want []string, first string) {
	have := linkNames(n)
	if len(have) == 0 || len(want) == 0 {
		return
	}
	lacking := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(have, name) })
	for _, name := range lacking {
		p.add(n.key("links"), "node %q lacks link %q, which node %q has", n.Name, name, first)
	}
	for _, name := range have {
		if !slices.Contains(want, name) {
			p.add(join(n.key("links"), name), "node %q has no link %q (it has %s)%s", first, name, strings.Join(want, ", "), didYouMean(name, lacking))
		}
	}
}

func linkNames(n *nodeTable) []string {
	names := make([]string, 0, len(n.Links))
	for name := range n.Links {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (t *nodeTable) engine() Node {
	n := Node{Name: t.Name, Votes: t.Votes}
	for _, name := range linkNames(t) {
		n.Links = append(n.Links, Link{name, t.Links[name]})
	}
	return n
}

func (t *nodeTable) build() cib.Node {
	attributes := freeSet("nodes-"+t.Name, t.Attributes)
	if t.Standby {
		standby := cib.NV{ID: "nodes-" + t.Name + "-standby", Name: "standby", Value: "on"}
		if len(attributes) == 0 {
			attributes = setOf("nodes-"+t.Name, []cib.NV{standby})
		} else {
			attributes[0].Pairs = append(attributes[0].Pairs, standby)
		}
	}
	return cib.Node{
		ID: t.Name, Uname: t.Name, Type: "member", Attributes: attributes,
		Utilization: utilizationSet(t.Name, t.Utilization),
	}
}
