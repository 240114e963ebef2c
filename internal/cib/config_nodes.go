package cib

import (
	"maps"
	"slices"
	"strings"
)

// FitNodes makes the document's nodes those of the cluster that is to take it.
// Pacemaker numbers its nodes, kvmha calls them by name throughout, so a node
// gets the id that it has in the cluster, and so does who names it by its old
// one. A member that the cluster lacks is a mistake: constraints would name
// nothing, and the cluster would wait for it and fence it. Members that the
// document lacks stay as they are. What was changed is told in Notices.
func (d *ConfigDocument) FitNodes(cluster []Node) error {
	known := map[string]*Node{}
	for i := range cluster {
		known[cluster[i].Uname] = &cluster[i]
	}
	f := nodeFitter{d: d, log: &codecLog{}, names: slices.Sorted(maps.Keys(known)), ids: map[string]string{}}
	for i := range d.Config.Nodes {
		n := &d.Config.Nodes[i]
		if n.member() {
			f.fit(n, known)
			delete(known, n.Uname)
		}
	}
	f.renameTargets()
	for i := range cluster {
		if n := &cluster[i]; n.member() && known[n.Uname] != nil && len(f.log.mistakes.found) == 0 {
			d.Config.Nodes = append(d.Config.Nodes, *n)
			f.warn(d.configuration, "has no node %s, which is a member: it stays as it is", n.Uname)
		}
	}
	d.Notices = append(d.Notices, f.log.notices()...)
	if err := f.log.err(); err != nil {
		return err
	}
	return d.validate() // a document that names no nodes may name any
}

// member tells nodes that run a daemon of the cluster from remote nodes.
func (n *Node) member() bool { return n.Type == "" || n.Type == "member" }

type nodeFitter struct {
	d     *ConfigDocument
	log   *codecLog
	names []string // of the cluster's nodes
	// ids maps the ids that nodes have in the document to their names.
	ids map[string]string
}

func (f *nodeFitter) warn(e *element, format string, args ...any) {
	(&codec{e: e, log: f.log}).warn(format, args...)
}

// fit gives one node the id that it has in the cluster.
func (f *nodeFitter) fit(n *Node, known map[string]*Node) {
	at := f.d.configuration.about(Problem{Element: "node", ID: n.Uname})
	here := known[n.Uname]
	if here == nil {
		f.log.mistakes.add(at, "this cluster has no node %q: its nodes are %s; write the name of one of them wherever the document names this node, or add the node to the cluster first",
			n.Uname, strings.Join(f.names, ", "))
		return
	}
	if n.ID != here.ID {
		f.warn(at, "its id is %q in this cluster", here.ID)
		f.ids[n.ID] = n.Uname
		n.ID = here.ID
	}
	n.Type = here.Type // "member" or nothing, which means the same
}

// renameTargets makes constraints and fencing levels name nodes as the cluster
// does, where they used an id.
func (f *nodeFitter) renameTargets() {
	config := &f.d.Config
	for i := range config.Locations {
		if l := &config.Locations[i]; f.ids[l.Node] != "" {
			l.Node = f.ids[l.Node]
		}
	}
	for i := range config.Fencing {
		if l := &config.Fencing[i]; f.ids[l.Target] != "" {
			l.Target = f.ids[l.Target]
		}
	}
}
