package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"kvmha/internal/cib"
)

// now is the date that every generated CIB says it is judged at.
const now = 1_750_000_000

// featureSet and schema are those of the reference's newest release that the
// comparison is made with, Pacemaker 2.1.5.
const (
	featureSet = "3.16.1"
	schema     = "pacemaker-3.9"
)

// features are what a generated cluster may have beyond nodes, resources and a
// history, and how likely each is. Most clusters have a few of them, so that
// a difference has few possible causes.
var features = map[string]float64{
	"access":         0.1,  // ACLs and alerts, which decide nothing
	"accidents":      0.6,  // failed, pending and surprising operations
	"bad nodes":      0.5,  // nodes that are not simply online
	"bundles":        0.08, // containers with and without a primitive
	"changed params": 0.2,  // digests of other parameters than today's
	"clones":         0.5,
	"colocations":    0.5,
	"containers":     0.08, // resources that watch what is inside a container
	"defaults":       0.3,  // of resources and operations, with rules
	"discovery":      0.1,  // resource-discovery other than always
	"fencing":        0.6,  // a fencing device
	"groups":         0.4,
	"guests":         0.08,
	"health":         0.1,
	"locations":      0.6,
	"lifetimes":      0.05, // constraints that end
	"locks":          0.05, // shutdown locks
	"migration":      0.25,
	"monitors":       0.7,
	"old formats":    0.1,  // of what older clusters left in the history
	"operation sets": 0.15, // attributes of operations
	"orders":         0.5,
	"orphans":        0.15,
	"preferences":    0.4, // unusual meta-attributes
	"promotables":    0.35,
	"properties":     0.5, // other cluster properties than the defaults
	"references":     0.1, // sets and rules that name others
	"remotes":        0.08,
	"rules":          0.3,
	"secrets":        0.1, // histories that name the secret parameters
	"sets":           0.2, // constraints over sets
	"tags":           0.1,
	"templates":      0.1,
	"tickets":        0.12,
	"topology":       0.1,
	"unfencing":      0.05,
	"utilization":    0.15,
}

// cluster is what is being made.
type cluster struct {
	dice
	size int
	on   map[string]bool
	used map[string]int

	nodes      []*host
	primitives []*primitive
	tops       []*top
	templates  []*primitive
	tags       []string
	tickets    []string
	// sets and rules are ids that others may refer to.
	sets, rules []string
	calls       int

	config, resources, constraints *element
}

// Features names what a generated cluster may have, sorted.
func Features() []string { return sortedKeys(features) }

// Generate makes the CIB of a seed, without some features. Size is about how
// many resources it has beside groups and clones; 6 makes about as many as fit
// one screen.
func Generate(seed uint64, size int, without ...string) []byte {
	c := &cluster{dice: dice{rand.New(rand.NewPCG(seed, uint64(size)))}, size: size, on: map[string]bool{}, used: map[string]int{}}
	for _, name := range sortedKeys(features) {
		c.on[name] = c.chance(features[name]) && !slices.Contains(without, name)
	}
	root := el("cib", "crm_feature_set", featureSet, "validate-with", schema, "epoch", "1", "num_updates", "0", "admin_epoch", "0",
		"have-quorum", c.pick("1", "1", "1", "1", "1", "0"), "dc-uuid", c.maybe(0.5, "1", "2"), "execution-date", strconv.Itoa(now))
	c.config, c.resources, c.constraints = el("configuration"), el("resources"), el("constraints")
	c.makeNodes()
	c.makeResources()
	c.makeConstraints()
	c.live()
	c.unfence()
	nodes := el("nodes")
	for _, n := range c.nodes {
		nodes.add(n.element)
	}
	c.config.add(c.properties(), nodes, c.resources, c.constraints, c.topology(), c.tagList(), c.defaults("rsc_defaults"), c.defaults("op_defaults"))
	c.addAccess()
	if c.chance(0.5) {
		c.mix(c.constraints.kids)
	}
	return []byte(root.add(c.config, c.status()).xml())
}

// id makes a name that no element has yet.
func (c *cluster) id(stem string) string {
	c.used[stem]++
	return fmt.Sprintf("%s-%d", stem, c.used[stem])
}

// pairs is a set of attributes to be made into an element.
type pairs []cib.NV

func (p *pairs) put(name, value string) {
	if value != "" {
		*p = append(*p, cib.NV{Name: name, Value: value})
	}
}

// nvset makes a set of attributes, or nil of none.
func (c *cluster) nvset(tag, stem string, p pairs, rule *element) *element {
	if len(p) == 0 {
		return nil
	}
	set := el(tag, "id", c.id(stem)).add(rule)
	for _, nv := range p {
		set.kids = append(set.kids, nvpair(c.id(stem+"-nv"), nv.Name, nv.Value))
	}
	return set
}

// nvpair is el for a pair whose value may be empty.
func nvpair(id, name, value string) *element {
	return &element{name: "nvpair", attrs: []cib.NV{{Name: "id", Value: id}, {Name: "name", Value: name}, {Name: "value", Value: value}}}
}
