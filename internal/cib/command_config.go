package cib

import (
	"fmt"
	"slices"
)

// SkipEpoch makes the next version greater than Epoch: a change that was taken
// back may be on the disk of a lost node under the versions up to Epoch, and no
// other content may ever have one of them.
type SkipEpoch struct {
	Epoch uint64 `json:"epoch"`
}

// ReplaceConfig replaces the whole configuration.
type ReplaceConfig struct {
	Config Configuration `json:"config"`
}

// AddResource adds one top-level resource and its constraints.
type AddResource struct {
	Resource    *Resource    `json:"resource"`
	Locations   []Location   `json:"locations,omitempty"`
	Colocations []Colocation `json:"colocations,omitempty"`
	Orders      []Order      `json:"orders,omitempty"`
}

// DeleteResource removes a resource, everything below it, and the constraints
// and tags that name any of them.
type DeleteResource struct {
	ID string `json:"id"`
}

// SetMeta sets (or removes) a meta-attribute of a resource, such as target-role.
type SetMeta struct {
	Resource string `json:"rsc"`
	Name     string `json:"name"`
	Value    string `json:"value,omitempty"`
	Remove   bool   `json:"remove,omitempty"`
}

// SetNodeAttribute sets (or removes) a permanent node attribute, such as standby.
type SetNodeAttribute struct {
	Node   string `json:"node"`
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Remove bool   `json:"remove,omitempty"`
}

func (c *CIB) addResource(cmd *AddResource) error {
	if cmd.Resource == nil || cmd.Resource.ID == "" {
		return fmt.Errorf("resource without an id: give it one")
	}
	var taken error
	cmd.Resource.Walk(func(r, _ *Resource) {
		if taken == nil && c.Config.FindResource(r.ID) != nil {
			taken = fmt.Errorf("resource %s exists already: delete it first or choose another id", r.ID)
		}
	})
	if taken != nil {
		return taken
	}
	c.Config.Resources = append(slices.Clip(c.Config.Resources), cmd.Resource)
	c.Config.Locations = append(slices.Clip(c.Config.Locations), cmd.Locations...)
	c.Config.Colocations = append(slices.Clip(c.Config.Colocations), cmd.Colocations...)
	c.Config.Orders = append(slices.Clip(c.Config.Orders), cmd.Orders...)
	return nil
}

func (c *CIB) deleteResource(id string) error {
	target := c.Config.FindResource(id)
	if target == nil {
		return fmt.Errorf("resource %s is not in the configuration: nothing to delete", id)
	}
	gone := map[string]bool{}
	target.Walk(func(r, _ *Resource) { gone[r.ID] = true })
	c.Config.Resources = withoutResources(c.Config.Resources, gone)
	c.Config.Locations = keep(c.Config.Locations, func(l *Location) bool {
		l.Sets = withoutRefs(l.Sets, gone)
		return !gone[l.Resource] && (l.Resource != "" || l.ResourcePattern != "" || len(l.Sets) > 0)
	})
	c.Config.Colocations = keep(c.Config.Colocations, func(l *Colocation) bool {
		l.Sets = withoutRefs(l.Sets, gone)
		return !gone[l.Resource] && !gone[l.With] && (l.Resource != "" || len(l.Sets) > 0)
	})
	c.Config.Orders = keep(c.Config.Orders, func(o *Order) bool {
		o.Sets = withoutRefs(o.Sets, gone)
		return !gone[o.First] && !gone[o.Then] && (o.First != "" || len(o.Sets) > 0)
	})
	c.Config.Tickets = keep(c.Config.Tickets, func(t *RscTicket) bool {
		t.Sets = withoutRefs(t.Sets, gone)
		return !gone[t.Resource] && (t.Resource != "" || len(t.Sets) > 0)
	})
	c.Config.Tags = keep(c.Config.Tags, func(t *Tag) bool {
		t.Refs = withoutIDs(t.Refs, gone)
		return len(t.Refs) > 0
	})
	c.Config.Fencing = keep(c.Config.Fencing, func(l *FencingLevel) bool {
		l.Devices = withoutIDs(l.Devices, gone)
		return len(l.Devices) > 0
	})
	return nil
}

// keep returns copies of the items that fn wants; fn may change its copy.
func keep[T any](items []T, fn func(*T) bool) []T {
	var out []T
	for _, item := range items {
		if fn(&item) {
			out = append(out, item)
		}
	}
	return out
}

func withoutIDs(ids []string, gone map[string]bool) []string {
	return keep(ids, func(id *string) bool { return !gone[*id] })
}

func withoutRefs(sets []ResourceSet, gone map[string]bool) []ResourceSet {
	return keep(sets, func(s *ResourceSet) bool {
		s.Refs = withoutIDs(s.Refs, gone)
		return len(s.Refs) > 0
	})
}

// withoutResources drops resources at any depth; a group or clone that loses
// its last child goes with it.
func withoutResources(rs []*Resource, gone map[string]bool) []*Resource {
	var out []*Resource
	for _, r := range rs {
		if gone[r.ID] {
			continue
		}
		if len(r.Children) > 0 {
			copied := *r
			copied.Children = withoutResources(r.Children, gone)
			if len(copied.Children) == 0 && r.Bundle == nil {
				continue
			}
			r = &copied
		}
		out = append(out, r)
	}
	return out
}

func (c *CIB) setMeta(cmd *SetMeta) error {
	if c.Config.FindResource(cmd.Resource) == nil {
		return fmt.Errorf("resource %s is not in the configuration: see `vm-ctl resource list`", cmd.Resource)
	}
	c.Config.Resources = mapResource(c.Config.Resources, cmd.Resource, func(r *Resource) {
		r.Meta = setPair(r.Meta, cmd.Resource+"-meta_attributes", cmd.Name, cmd.Value, cmd.Remove)
	})
	return nil
}

// mapResource copies the path down to the resource id and changes the copy.
func mapResource(rs []*Resource, id string, change func(*Resource)) []*Resource {
	out := slices.Clone(rs)
	for i, r := range out {
		copied := *r
		if r.ID == id {
			change(&copied)
		} else if len(r.Children) > 0 {
			copied.Children = mapResource(r.Children, id, change)
		}
		out[i] = &copied
	}
	return out
}

func (c *CIB) setNodeAttribute(cmd *SetNodeAttribute) error {
	nodes := slices.Clone(c.Config.Nodes)
	for i := range nodes {
		if nodes[i].Uname == cmd.Node || nodes[i].ID == cmd.Node {
			nodes[i].Attributes = setPair(nodes[i].Attributes, "nodes-"+nodes[i].ID, cmd.Name, cmd.Value, cmd.Remove)
			c.Config.Nodes = nodes
			return nil
		}
	}
	return fmt.Errorf("node %s is not in the configuration: see `vm-ctl status` for the names", cmd.Node)
}

// setPair sets name, as an operator's word (see AdoptOperatorState), in the first unconditional set that has it, else in the
// first unconditional set, else in a new one with setID. The result is a copy.
func setPair(sets []NVSet, setID, name, value string, remove bool) []NVSet {
	out := slices.Clone(sets)
	first, holder := -1, -1
	for i := range out {
		if out[i].Rule != nil || out[i].IDRef != "" {
			continue
		}
		if first < 0 {
			first = i
		}
		if _, ok := out[i].Get(name); ok && holder < 0 {
			holder = i
		}
	}
	if holder < 0 {
		if remove {
			return out
		}
		if first < 0 {
			out = append(out, NVSet{ID: setID})
			first = len(out) - 1
		}
		holder = first
	}
	pairs := slices.Clone(out[holder].Pairs)
	at := slices.IndexFunc(pairs, func(p NV) bool { return p.Name == name })
	switch {
	case remove:
		pairs = slices.Delete(pairs, at, at+1)
	case at >= 0:
		pairs[at].ID, pairs[at].Value = operatorMark+out[holder].ID+"-"+name, value
	default:
		pairs = append(pairs, NV{ID: operatorMark + out[holder].ID + "-" + name, Name: name, Value: value})
	}
	out[holder].Pairs = pairs
	return out
}
