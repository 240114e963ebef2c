package conformance

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// graph is a transition graph with its numbering taken out of the picture.
type graph struct {
	header string
	// actions hold everything about an action but its number and what it
	// waits for; names are short forms of them for people.
	actions, names []string
	edges          []edge
}

// edge says that one action (an index) waits for another; label is how the
// trigger describes the one waited for.
type edge struct {
	from, to int
	label    string
}

// graphDifference compares two transition graphs as graphs, without the
// actions that actionName calls by some names.
func graphDifference(want, got string, without []string) []string {
	w, err := readGraph(want, without)
	if err != nil {
		return []string{"the first graph: " + err.Error()}
	}
	g, err := readGraph(got, without)
	if err != nil {
		return []string{"the second graph: " + err.Error()}
	}
	out := bagDifference([]string{w.header}, []string{g.header})
	out = append(out, bagDifference(w.actions, g.actions)...)
	out = append(out, bagDifference(w.edgeNames(), g.edgeNames())...)
	if len(out) == 0 && !slices.Equal(w.wiring(), g.wiring()) {
		out = append(out, "the same actions and edges by name, but wired differently")
	}
	return out
}

// readGraph reads a graph without the actions of some names. One that waits for
// an action that is not there is an error.
func readGraph(text string, without []string) (*graph, error) {
	root, err := parseXML(text)
	if err != nil {
		return nil, err
	}
	root.kids = slices.DeleteFunc(root.kids, func(synapse *element) bool {
		action := actionOf(synapse)
		return action != nil && slices.Contains(without, actionName(action))
	})
	if root.name != "transition_graph" {
		return nil, fmt.Errorf("the top element is <%s>, not <transition_graph>", root.name)
	}
	g := &graph{header: canonicalHead(root)}
	byID := map[string]int{}
	for _, synapse := range root.kids {
		set := synapse.child("action_set")
		if synapse.name != "synapse" || set == nil || len(set.kids) != 1 || synapse.child("inputs") == nil {
			return nil, fmt.Errorf("<%s id=%q> is no synapse of one action and its inputs", synapse.name, synapse.attr("id"))
		}
		action := set.kids[0]
		if _, twice := byID[action.attr("id")]; twice {
			return nil, fmt.Errorf("action %s occurs twice", action.attr("id"))
		}
		byID[action.attr("id")] = len(g.actions)
		g.actions = append(g.actions, canonicalHead(synapse)+" "+canonical(action))
		g.names = append(g.names, actionName(action))
	}
	for to, synapse := range root.kids {
		for _, trigger := range synapse.child("inputs").kids {
			for _, input := range trigger.kids {
				from, known := byID[input.attr("id")]
				if !known {
					return nil, fmt.Errorf("%s waits for action %s, which is not there", g.names[to], input.attr("id"))
				}
				g.edges = append(g.edges, edge{from, to, canonical(input)})
			}
		}
	}
	return g, nil
}

// inVain are the actions of a graph that wait, however indirectly, for one that
// is not in it. In the reference's that happens around resources which are not
// managed; it carries out all else, and calls the transition invalid.
func inVain(text string) []*element {
	root, err := parseXML(text)
	if err != nil {
		return nil
	}
	var vain []*element
	for synapses := root.kids; ; {
		there := map[string]bool{}
		for _, s := range synapses {
			if action := actionOf(s); action != nil {
				there[action.attr("id")] = true
			}
		}
		var rest []*element
		for _, s := range synapses {
			if action := actionOf(s); action != nil && waitsForOthers(s, there) {
				vain = append(vain, action)
				continue
			}
			rest = append(rest, s)
		}
		if len(rest) == len(synapses) {
			return vain
		}
		synapses = rest
	}
}

// namesOf are the names of actions in a form.
func namesOf(actions []*element, form func(*element) string) []string {
	names := make([]string, len(actions))
	for i, action := range actions {
		names[i] = form(action)
	}
	return names
}

// actionOf is the action of a synapse, or nil.
func actionOf(synapse *element) *element {
	if set := synapse.child("action_set"); set != nil && len(set.kids) > 0 {
		return set.kids[0]
	}
	return nil
}

// waitsForOthers says whether a synapse has inputs that are not there.
func waitsForOthers(synapse *element, there map[string]bool) bool {
	found := false
	if inputs := synapse.child("inputs"); inputs != nil {
		inputs.walk(func(e *element) {
			found = found || e.name != "inputs" && e.name != "trigger" && !there[e.attr("id")]
		})
	}
	return found
}

// drawnName is what an action is called in the DOT, where pseudo actions may have
// a node besides: an action of the cluster by its task, a notification of an
// instance by what it is about.
func drawnName(action *element) string {
	key, task, node := action.attr("operation_key"), action.attr("operation"), action.attr("on_node")
	meta := action.child("attributes")
	if meta == nil {
		meta = el("attributes")
	}
	isInstance := action.attr("internal_operation_key") != ""
	switch about := meta.attr("CRM_meta_notify_key_operation"); {
	case task == "stonith":
		key = "stonith '" + meta.attr("CRM_meta_stonith_action") + "'"
	case task == "cancel":
		key = "Cancel " + key
	case isInstance && about != "":
		id, _, _ := strings.Cut(key, "_notified_")
		id, _, _ = strings.Cut(id, "_"+meta.attr("CRM_meta_notify_type")+"_notify_")
		key = id + "_" + meta.attr("CRM_meta_notify_key_type") + "_notify_" + about + "_0"
	case action.name == "crm_event" && node != "" && action.child("primitive") == nil:
		key = task
	}
	return strings.TrimSpace(key + " " + node)
}

// actionName tells an action from all others, for people, too.
func actionName(action *element) string {
	key := action.attr("internal_operation_key")
	if key == "" {
		key = action.attr("operation_key")
	}
	return strings.TrimSpace(action.name + " " + key + " " + action.attr("on_node"))
}

// canonical renders an element independent of order and of its own number.
func canonical(e *element) string {
	kids := make([]string, len(e.kids))
	for i, k := range e.kids {
		kids[i] = canonicalKid(k)
	}
	slices.Sort(kids)
	return canonicalHead(e) + strings.Join(kids, "")
}

// canonicalKid keeps the id: below an action it names a resource or a node.
func canonicalKid(e *element) string {
	return "<" + e.attr("id") + " " + strings.TrimPrefix(canonical(e), "<")
}

// canonicalHead is the element without what is below it, its number, and what
// depends on the build alone.
func canonicalHead(e *element) string {
	var attrs []string
	for _, a := range e.attrs {
		if a.Name != "id" && a.Name != "crm_feature_set" && a.Name != "batch-limit" {
			attrs = append(attrs, fmt.Sprintf(" %s=%q", a.Name, a.Value))
		}
	}
	slices.Sort(attrs)
	return "<" + e.name + strings.Join(attrs, "") + ">"
}

func (g *graph) edgeNames() []string {
	out := make([]string, len(g.edges))
	for i, e := range g.edges {
		out[i] = fmt.Sprintf("edge %s -> %s, by %s", g.names[e.from], g.names[e.to], e.label)
	}
	return out
}

// wiring colours every action by its description, and then again and again by
// the colours of its neighbours, until no colour splits any further: that
// tells actions of the same description apart by what surrounds them. It
// returns the colours, sorted.
func (g *graph) wiring() []string {
	colour := slices.Clone(g.actions)
	for classes := 0; ; {
		around := make([][]string, len(colour))
		for _, e := range g.edges {
			around[e.to] = append(around[e.to], "<"+e.label+colour[e.from])
			around[e.from] = append(around[e.from], ">"+e.label+colour[e.to])
		}
		next := make([]string, len(colour))
		for i, c := range colour {
			slices.Sort(around[i])
			next[i] = fmt.Sprintf("%x", sha256.Sum256([]byte(c+strings.Join(around[i], "\n"))))
		}
		colour = next
		now := len(unique(colour))
		if now == classes {
			slices.Sort(colour)
			return colour
		}
		classes = now
	}
}
