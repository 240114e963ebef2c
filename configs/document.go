package configs

import (
	"sort"
	"strings"

	"kvmha/internal/cib"
)

// document is the whole file.
type document struct {
	table
	Cluster     clusterTable        `toml:"cluster" required:"true"`
	Options     optionsTable        `toml:"options"`
	Defaults    defaultsTable       `toml:"defaults"`
	Nodes       []nodeTable         `toml:"node" required:"true"`
	Resources   []resourceTable     `toml:"resource"`
	Groups      []groupTable        `toml:"group"`
	Clones      []cloneTable        `toml:"clone"`
	VMs         []vmTable           `toml:"vm"`
	Locations   []locationTable     `toml:"location"`
	Colocations []colocationTable   `toml:"colocation"`
	Orders      []orderTable        `toml:"order"`
	Tickets     []ticketTable       `toml:"ticket"`
	Fencing     []fencingTable      `toml:"fencing"`
	Levels      []fencingLevelTable `toml:"fencing-level"`
}

// check looks at what only the whole document can tell.
func (doc *document) check(p *problems) {
	checkNodes(p, doc.Nodes)
	doc.checkMembers(p)
	checkLevels(p, doc.Levels)
	checkPlugs(p, doc.Fencing, doc.Nodes)
	if len(doc.Fencing) == 0 && doc.Options.Fencing != "false" {
		p.warn("cluster", "no [[fencing]] device: nothing of a lost node can be recovered, because nothing proves that it is dead")
	}
	if len(doc.Nodes) == 2 && doc.Cluster.TwoNode == "false" && doc.Options.NoQuorumPolicy != "ignore" {
		p.warn("cluster.two-node", "with two nodes and two-node = false, the survivor of a failure has no quorum and stops everything")
	}
	if !doc.Cluster.MigrationNetworkPrivate {
		doc.warnOfClearMigrations(p)
	}
}

// warnOfClearMigrations says once, at the first of them, that VMs migrate over
// plain tcp.
func (doc *document) warnOfClearMigrations(p *problems) {
	var exposed []string
	at := ""
	for i := range doc.VMs {
		if vm := &doc.VMs[i]; vm.migratesInClear() {
			if at == "" {
				at = vm.key("migration-transport")
			}
			exposed = append(exposed, vm.ID)
		}
	}
	if len(exposed) > 0 {
		p.warn(at, "live migrations over plain tcp are neither encrypted nor authenticated (%s): write \"tls\", or "+
			"migration-network-private = true in [cluster] if nobody but the hosts is on that network", strings.Join(exposed, ", "))
	}
}

// checkMembers notes a resource that is inside two groups or clones.
func (doc *document) checkMembers(p *problems) {
	holder := map[string]string{}
	put := func(path, member, owner string) {
		if first, twice := holder[member]; twice {
			p.add(path, "%q is in %q already: a resource can be in one group or clone", member, first)
			return
		}
		holder[member] = owner
	}
	for _, g := range doc.Groups {
		for i, m := range g.Members {
			put(element(g.key("members"), i), m, g.ID)
		}
	}
	for _, c := range doc.Clones {
		if c.Resource != "" {
			put(c.key("resource"), c.Resource, c.ID)
		}
	}
}

// placed is a resource with the place where it was written.
type placed struct {
	*cib.Resource
	path string
}

// configuration builds the shared configuration from a document without errors.
func (doc *document) configuration(where positions) cib.Configuration {
	cfg := cib.Configuration{
		Properties:  setOf("cib-bootstrap-options", pairs("cib-bootstrap-options", doc.Options)),
		RscDefaults: setOf("rsc_defaults-options", pairs("rsc_defaults-options", doc.Defaults.Resource)),
		OpDefaults:  setOf("op_defaults-options", pairs("op_defaults-options", doc.Defaults.Operation)),
		Resources:   doc.resources(where),
	}
	for _, n := range doc.Nodes {
		cfg.Nodes = append(cfg.Nodes, n.build())
	}
	for _, v := range doc.VMs {
		cfg.Locations = append(cfg.Locations, v.home()...)
	}
	for _, l := range doc.Locations {
		cfg.Locations = append(cfg.Locations, l.build())
	}
	for _, c := range doc.Colocations {
		cfg.Colocations = append(cfg.Colocations, c.build())
	}
	for _, o := range doc.Orders {
		cfg.Orders = append(cfg.Orders, o.build())
	}
	for _, t := range doc.Tickets {
		cfg.Tickets = append(cfg.Tickets, t.build())
	}
	for _, l := range doc.Levels {
		cfg.Fencing = append(cfg.Fencing, l.build()...)
	}
	return cfg
}

// resources builds the trees of resources: primitives first, then the groups
// and clones that take them in. What is left at the top stands in the order of
// the file, because the scheduler places equals in that order.
func (doc *document) resources(where positions) []*cib.Resource {
	free := map[string]placed{}
	put := func(r *cib.Resource, path string) { free[r.ID] = placed{r, path} }
	take := func(id string) *cib.Resource {
		r := free[id].Resource
		delete(free, id)
		return r
	}
	for _, r := range doc.Resources {
		put(r.build(), r.path)
	}
	for _, v := range doc.VMs {
		put(v.build(), v.path)
	}
	for _, f := range doc.Fencing {
		put(f.build(), f.path)
	}
	for _, g := range doc.Groups {
		put(g.build(take), g.path)
	}
	for _, c := range doc.Clones {
		put(c.build(take), c.path)
	}
	top := make([]placed, 0, len(free))
	for _, r := range free {
		top = append(top, r)
	}
	sort.Slice(top, func(i, j int) bool {
		a, b := where[top[i].path], where[top[j].path]
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
	out := make([]*cib.Resource, len(top))
	for i := range top {
		out[i] = top[i].Resource
	}
	return out
}

// setOf makes the one block of pairs that a table stands for, none if it is empty.
func setOf(id string, pairs []cib.NV) []cib.NVSet {
	if len(pairs) == 0 {
		return nil
	}
	return []cib.NVSet{{ID: id, Pairs: pairs}}
}

// freeSet makes the block of a table whose names are free, sorted by name.
func freeSet(id string, values map[string]string) []cib.NVSet {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	var nvs []cib.NV
	for _, name := range names {
		nvs = append(nvs, cib.NV{ID: id + "-" + name, Name: name, Value: values[name]})
	}
	return setOf(id, nvs)
}
