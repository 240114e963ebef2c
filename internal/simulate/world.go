package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// world is a CIB that is changed as a cluster would change it: by nodes that
// come, go and report results. What it shares with the CIB it was made of is
// copied on first touch.
type world struct {
	cib *cib.CIB
	// at is when everything happens, Unix seconds.
	at int64
	// nodes are the places of the states by name, owned those that were copied.
	nodes map[string]int
	owned map[string]bool
	// ids are those of all nodes that there are, by name in small letters.
	ids map[string]string
	// addNodes: a node that gets a state is added to the configuration, too.
	addNodes bool
}

// newWorld copies before; t tells which nodes there are.
func newWorld(before *cib.CIB, t *policy.Transition, now time.Time, addNodes bool) *world {
	after := *before
	after.Status.Nodes = slices.Clone(before.Status.Nodes)
	after.Status.Tickets = slices.Clone(before.Status.Tickets)
	w := &world{cib: &after, at: now.Unix(), nodes: map[string]int{}, owned: map[string]bool{}, ids: map[string]string{}, addNodes: addNodes}
	for i := range after.Status.Nodes {
		w.nodes[after.Status.Nodes[i].Uname] = i
	}
	for i := range t.Nodes {
		w.ids[strings.ToLower(t.Nodes[i].Name)] = t.Nodes[i].ID
	}
	return w
}

// state returns the state of a node by its name alone, to write to.
func (w *world) state(name string) (*cib.NodeState, error) {
	if w.addNodes {
		w.configure(name)
	}
	if _, known := w.nodes[name]; known {
		return w.node(name, ""), nil
	}
	id, known := w.ids[strings.ToLower(name)]
	if !known {
		return nil, fmt.Errorf("there is no node %q: write the name of one, or bring it up first (--node-up)", name)
	}
	return w.node(name, id), nil
}

// node returns the state of a node to write to; a node without one gets it.
func (w *world) node(name, id string) *cib.NodeState {
	if w.addNodes {
		w.configure(name)
	}
	at, known := w.nodes[name]
	if !known {
		at = len(w.cib.Status.Nodes)
		w.nodes[name] = at
		w.cib.Status.Nodes = append(w.cib.Status.Nodes, cib.NodeState{ID: id, Uname: name})
	}
	n := &w.cib.Status.Nodes[at]
	if !w.owned[name] {
		w.owned[name] = true
		n.History = slices.Clone(n.History)
		n.Attributes = slices.Clone(n.Attributes)
		mergeEntries(n)
	}
	return n
}

// configure adds a node of this name to the configuration if there is none.
func (w *world) configure(name string) {
	nodes := w.cib.Config.Nodes
	if slices.ContainsFunc(nodes, func(n cib.Node) bool { return n.Uname == name }) {
		return
	}
	w.cib.Config.Nodes = append(slices.Clip(nodes), cib.Node{ID: name, Uname: name})
	if _, known := w.ids[strings.ToLower(name)]; !known {
		w.ids[strings.ToLower(name)] = name
	}
}

// nodeUp lets a node join.
func (w *world) nodeUp(name string) error {
	n, err := w.state(name)
	if err == nil {
		present(n, true, true, "member")
	}
	return err
}

// nodeDown lets a node leave in an orderly way: nothing of it is left.
func (w *world) nodeDown(name string) error {
	n, err := w.state(name)
	if err == nil {
		present(n, false, false, "down")
		n.History, n.Attributes = nil, nil
	}
	return err
}

// nodeFail lets a member vanish: it is expected, and not seen.
func (w *world) nodeFail(name string) error {
	n, err := w.state(name)
	if err == nil {
		present(n, false, true, "member")
	}
	return err
}

// powerOff makes a node what it is after fencing: gone, with nothing of its
// history or transient attributes left.
func (w *world) powerOff(name string) {
	id, known := w.ids[strings.ToLower(name)]
	if !known {
		id = name
	}
	n := w.node(name, id)
	present(n, false, false, "down")
	n.History, n.Attributes = nil, nil
}

func present(n *cib.NodeState, seen, online bool, join string) {
	n.InCCM, n.HasInCCM = seen, true
	n.Crmd, n.HasCrmd = online, true
	n.Join, n.Expected = join, join
}

// ticket returns the state of a ticket to write to; a new one is not granted.
func (w *world) ticket(id string) *cib.TicketState {
	list := &w.cib.Status.Tickets
	at := slices.IndexFunc(*list, func(t cib.TicketState) bool { return t.ID == id })
	if at < 0 {
		at = len(*list)
		*list = append(*list, cib.TicketState{ID: id})
	}
	return &(*list)[at]
}

// firstProperties is the set that a property is added to which no set has.
const firstProperties = "cib-bootstrap-options"

// setProperty changes a cluster property where it is set, or adds it.
func (w *world) setProperty(name, value string) error {
	sets := slices.Clone(w.cib.Config.Properties)
	w.cib.Config.Properties = sets
	found := 0
	for i := range sets {
		sets[i].Pairs = slices.Clone(sets[i].Pairs)
		for j := range sets[i].Pairs {
			if p := &sets[i].Pairs[j]; p.Name == name {
				p.Value = value
				found++
			}
		}
	}
	switch {
	case found > 1:
		return fmt.Errorf("the property %s is set %d times: leave one of them", name, found)
	case found == 1:
		return nil
	}
	at := slices.IndexFunc(sets, func(s cib.NVSet) bool { return s.ID == firstProperties })
	if at < 0 {
		at = len(sets)
		sets = append(sets, cib.NVSet{ID: firstProperties})
		w.cib.Config.Properties = sets
	}
	sets[at].Pairs = append(sets[at].Pairs, cib.NV{ID: firstProperties + "-" + name, Name: name, Value: value})
	return nil
}

// setAttribute changes a transient attribute of a node, under the id that the
// attribute daemon of a cluster would give it.
func (w *world) setAttribute(n *cib.NodeState, name string, change func(old string) string) {
	if len(n.Attributes) == 0 {
		n.Attributes = append(n.Attributes, cib.NVSet{ID: n.ID})
	}
	set := &n.Attributes[0]
	set.Pairs = slices.Clone(set.Pairs)
	id := idChars.Replace(set.ID + "-" + name)
	for i := range set.Pairs {
		if p := &set.Pairs[i]; p.ID == id {
			p.Name, p.Value = name, change(p.Value)
			return
		}
	}
	set.Pairs = append(set.Pairs, cib.NV{ID: id, Name: name, Value: change("")})
}

// idChars takes out what an XML id must not have.
var idChars = strings.NewReplacer(":", ".", "#", ".")

// raise adds one to an attribute that counts.
func (w *world) raise(n *cib.NodeState, name string) {
	w.setAttribute(n, name, func(old string) string {
		count, _ := cib.ParseScore(old)
		return count.Add(1).String()
	})
}
