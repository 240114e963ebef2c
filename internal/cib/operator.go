package cib

import "strings"

// What operators set by hand (a node in standby, a resource stopped) lives in
// the configuration, as in Pacemaker, but it is not of the file that the
// configuration came from: applying that file again must not put a node back
// to work that somebody has taken out. Such pairs are known by their ids.
const operatorMark = "operator-"

// AdoptOperatorState takes over from old what operators have set by hand, for
// nodes and resources that c has too, wherever c itself says nothing about it.
func (c *Configuration) AdoptOperatorState(old *Configuration) {
	for i := range c.Nodes {
		for j := range old.Nodes {
			if c.Nodes[i].Uname == old.Nodes[j].Uname {
				c.Nodes[i].Attributes = adopt(c.Nodes[i].Attributes, old.Nodes[j].Attributes, "nodes-"+c.Nodes[i].ID)
			}
		}
	}
	for _, top := range old.Resources {
		top.Walk(func(was, _ *Resource) {
			c.Resources = mapResource(c.Resources, was.ID, func(r *Resource) {
				r.Meta = adopt(r.Meta, was.Meta, r.ID+"-meta_attributes")
			})
		})
	}
}

// adopt adds the operator's pairs of old to sets that do not name them.
func adopt(sets, old []NVSet, setID string) []NVSet {
	for i := range old {
		for _, p := range old[i].Pairs {
			if strings.HasPrefix(p.ID, operatorMark) && !names(sets, p.Name) {
				sets = setPair(sets, setID, p.Name, p.Value, false)
			}
		}
	}
	return sets
}

func names(sets []NVSet, name string) bool {
	for i := range sets {
		if _, ok := sets[i].Get(name); ok {
			return true
		}
	}
	return false
}
