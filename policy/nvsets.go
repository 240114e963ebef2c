package policy

import (
	"slices"
	"sort"
	"strings"

	"kvmha/internal/cib"
)

// configIndex finds what the configuration refers to by id. It is built when
// the first reference is met, because few configurations have any.
type configIndex struct {
	config *cib.Configuration
	sets   map[string]*cib.NVSet
	rules  map[string]*cib.Rule
}

func (x *configIndex) set(id string) *cib.NVSet {
	x.build()
	return x.sets[id]
}

func (x *configIndex) rule(id string) *cib.Rule {
	x.build()
	return x.rules[id]
}

func (x *configIndex) build() {
	if x.sets != nil {
		return
	}
	x.sets, x.rules = map[string]*cib.NVSet{}, map[string]*cib.Rule{}
	c := x.config
	addRule := func(r *cib.Rule) {
		if r.ID != "" {
			x.rules[r.ID] = r
		}
	}
	add := func(sets []cib.NVSet) {
		for i := range sets {
			if sets[i].IDRef == "" {
				x.sets[sets[i].ID] = &sets[i]
			}
			if sets[i].Rule != nil {
				rulesOf(sets[i].Rule, addRule)
			}
		}
	}
	add(c.Properties)
	add(c.RscDefaults)
	add(c.OpDefaults)
	for i := range c.Nodes {
		add(c.Nodes[i].Attributes)
		add(c.Nodes[i].Utilization)
	}
	for _, list := range [][]*cib.Resource{c.Resources, c.Templates} {
		for _, top := range list {
			top.Walk(func(r, _ *cib.Resource) {
				add(r.Params)
				add(r.Meta)
				add(r.Utilization)
				for i := range r.Ops {
					add(r.Ops[i].Params)
					add(r.Ops[i].Meta)
				}
			})
		}
	}
	for i := range c.Locations {
		for j := range c.Locations[i].Rules {
			rulesOf(&c.Locations[i].Rules[j], addRule)
		}
	}
}

// applySets adds the pairs of sets whose rule passes to out. Sets with a
// higher score come first, of equal ones the later; the first to name a pair
// wins unless overwrite says that the last does. The set named first, if any,
// comes before all others.
func (p *plan) applySets(sets []cib.NVSet, ctx ruleContext, out map[string]string, first string, overwrite bool) {
	if len(sets) == 0 {
		return
	}
	var space [4]*cib.NVSet
	for _, s := range p.sortSets(sets, first, space[:0]) {
		if s.Rule != nil && !p.passes(s.Rule, ctx) {
			continue
		}
		for _, nv := range s.Pairs {
			if strings.EqualFold(nv.Value, "#default") {
				delete(out, nv.Name)
				continue
			}
			if _, there := out[nv.Name]; !there || overwrite {
				out[nv.Name] = nv.Value
			}
		}
	}
}

// sortSets appends sets to out, in the order in which they count.
func (p *plan) sortSets(sets []cib.NVSet, first string, out []*cib.NVSet) []*cib.NVSet {
	for i := len(sets) - 1; i >= 0; i-- {
		s := &sets[i]
		if s.IDRef != "" {
			if s = p.index.set(s.IDRef); s == nil {
				continue
			}
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b *cib.NVSet) int {
		switch first {
		case "":
		case a.ID:
			if b.ID != first {
				return -1
			}
		case b.ID:
			return 1
		}
		return order(b.Score, a.Score)
	})
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
