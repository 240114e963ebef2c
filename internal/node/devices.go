package node

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// fenceLevels resolves the devices that can fence a target ("Pacemaker
// Explained, Fencing"): the levels of the fencing topology that match it, or,
// without any, every device that lists it, one a level. It also returns the
// delay to wait first: the longest pcmk_delay_* of the first level.
func (c *Core) fenceLevels(target string) ([]FenceLevel, time.Duration) {
	var levels []FenceLevel
	devices := c.fenceDevices()
	for _, l := range c.topology(target) {
		level := FenceLevel{Index: l.Index}
		for _, id := range l.Devices {
			if d, ok := devices[id]; ok {
				level.Devices = append(level.Devices, d.aimedAt(target))
			}
		}
		if len(level.Devices) > 0 {
			levels = append(levels, level)
		}
	}
	if len(levels) == 0 {
		for _, id := range sortedKeys(devices) {
			if d := devices[id]; d.canFence(target) {
				levels = append(levels, FenceLevel{Index: len(levels) + 1, Devices: []FenceDevice{d.aimedAt(target)}})
			}
		}
	}
	var delay time.Duration
	if len(levels) > 0 {
		for _, d := range levels[0].Devices {
			delay = max(delay, c.deviceDelay(devices[d.ID], target))
		}
	}
	return levels, delay
}

// device is a stonith primitive with its template resolved.
type device struct {
	id, agent string
	params    []cib.NV
}

func (d device) get(name string) string {
	for _, p := range d.params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// fenceDevices are the enabled primitives of class stonith.
func (c *Core) fenceDevices() map[string]device {
	found := map[string]device{}
	for _, top := range c.cib.Config.Resources {
		top.Walk(func(r, _ *cib.Resource) {
			sets, class, typ := r.Params, r.Class, r.Type
			if i := slices.IndexFunc(c.cib.Config.Templates, func(t *cib.Resource) bool { return t.ID == r.Template }); r.Template != "" && i >= 0 {
				t := c.cib.Config.Templates[i]
				class, typ, sets = t.Class, t.Type, append(slices.Clip(sets), t.Params...)
			}
			if r.Kind != cib.Primitive || class != "stonith" || metaOf(r, "target-role") == "Stopped" {
				return
			}
			d := device{id: r.ID, agent: typ}
			for i := range sets {
				for _, p := range sets[i].Pairs {
					if sets[i].Rule == nil && d.get(p.Name) == "" {
						d.params = append(d.params, cib.NV{Name: p.Name, Value: p.Value})
					}
				}
			}
			slices.SortFunc(d.params, func(a, b cib.NV) int { return strings.Compare(a.Name, b.Name) })
			found[d.id] = d
		})
	}
	return found
}

// metaOf returns an unconditional meta-attribute of a resource, "" if unset.
func metaOf(r *cib.Resource, name string) string {
	for i := range r.Meta {
		if v, ok := r.Meta[i].Get(name); ok && r.Meta[i].Rule == nil {
			return v
		}
	}
	return ""
}

// hostMap reads pcmk_host_map: "node1:port1;node2:port2,port3".
func (d device) hostMap() map[string]string {
	ports := map[string]string{}
	for _, part := range strings.FieldsFunc(d.get("pcmk_host_map"), func(r rune) bool { return r == ';' || r == ' ' || r == '\t' }) {
		if node, port, ok := strings.Cut(part, ":"); ok {
			ports[node] = port
		}
	}
	return ports
}

// canFence follows pcmk_host_check: with a list or map (or "static-list") only
// what they name; "none" everything; otherwise the device is asked by trying.
func (d device) canFence(target string) bool {
	list := strings.FieldsFunc(d.get("pcmk_host_list"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' })
	ports := d.hostMap()
	_, mapped := ports[target]
	switch check := d.get("pcmk_host_check"); {
	case check == "none":
		return true
	case check == "static-list" || check == "" && len(list)+len(ports) > 0:
		return mapped || slices.Contains(list, target)
	}
	return true
}

// aimedAt is the device as its agent gets it: the target's port and name added,
// what is Pacemaker's own business about hosts and delays left out.
func (d device) aimedAt(target string) FenceDevice {
	out := FenceDevice{ID: d.id, Agent: d.agent}
	for _, p := range d.params {
		if !strings.HasPrefix(p.Name, "pcmk_host_") && !strings.HasPrefix(p.Name, "pcmk_delay_") {
			out.Params = append(out.Params, p)
		}
	}
	port := target
	if mapped, ok := d.hostMap()[target]; ok {
		port = mapped
	}
	argument := cmpOr(d.get("pcmk_host_argument"), "port")
	if argument != "none" && d.get(argument) == "" {
		out.Params = append(out.Params, cib.NV{Name: argument, Value: port})
	}
	out.Params = append(out.Params, cib.NV{Name: "nodename", Value: target})
	slices.SortStableFunc(out.Params, func(a, b cib.NV) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// deviceDelay is pcmk_delay_base plus a random part up to pcmk_delay_max, so
// that two nodes that shoot each other do not do it at one moment. The base may
// be one for each node: "node1:2s;node2:5s".
func (c *Core) deviceDelay(d device, target string) time.Duration {
	text := d.get("pcmk_delay_base")
	if strings.Contains(text, ":") {
		text = device{params: []cib.NV{{Name: "pcmk_host_map", Value: text}}}.hostMap()[target]
	}
	base, _ := cib.ParseDuration(cmpOr(text, "0"))
	most, _ := cib.ParseDuration(cmpOr(d.get("pcmk_delay_max"), "0"))
	if most > base {
		base += time.Duration(c.random.Int64N(int64(most-base) + 1))
	}
	return base
}

// topology are the levels for a target, lowest first.
func (c *Core) topology(target string) []cib.FencingLevel {
	var levels []cib.FencingLevel
	for _, l := range c.cib.Config.Fencing {
		if c.levelMatches(&l, target) {
			levels = append(levels, l)
		}
	}
	slices.SortStableFunc(levels, func(a, b cib.FencingLevel) int { return a.Index - b.Index })
	return levels
}

func (c *Core) levelMatches(l *cib.FencingLevel, target string) bool {
	switch {
	case l.Target != "":
		return l.Target == target
	case l.TargetPattern != "":
		re, err := regexp.Compile(l.TargetPattern)
		return err == nil && re.MatchString(target)
	}
	return l.TargetAttr != "" && c.nodeAttribute(target, l.TargetAttr) == l.TargetValue
}

// nodeAttribute is a node's transient attribute, else its permanent one.
func (c *Core) nodeAttribute(node, name string) string {
	n := c.node(node)
	if v := n.Attribute(name); v != "" {
		return v
	}
	for _, conf := range c.cib.Config.Nodes {
		if conf.Uname != node {
			continue
		}
		for i := range conf.Attributes {
			if v, ok := conf.Attributes[i].Get(name); ok {
				return v
			}
		}
	}
	return ""
}
