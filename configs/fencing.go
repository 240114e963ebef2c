package configs

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// fencingTable is a device that can cut a node's power (a stonith primitive).
type fencingTable struct {
	table
	// Id of the device.
	ID string `toml:"id" required:"true" is:"id" id:"device"`
	// The fence agent, as installed in /usr/sbin, such as "fence_ipmilan".
	Agent string `toml:"agent" required:"true" is:"fence"`
	// The nodes that it can fence. Without targets and plugs the agent is asked.
	Targets []string `toml:"targets" ref:"node"`
	// The device's own name (outlet, plug, blade) of each node, where it differs
	// from the node's name: alpha = "3".
	Plugs map[string]string `toml:"plugs" is:"value"`
	// The agent's parameters, and the pcmk_* ones of the cluster.
	Params map[string]string `toml:"params" is:"value"`
	// What the cluster itself obeys.
	Meta metaTable `toml:"meta"`
	// The operations. Without any: monitor every 60s, limit 20s.
	Ops []operationTable `toml:"op"`
}

func (t *fencingTable) check(p *problems) {
	checkOperations(p, t.Ops)
	for _, taken := range []struct{ param, key string }{{"pcmk_host_list", "targets"}, {"pcmk_host_map", "plugs"}} {
		_, asParam := t.Params[taken.param]
		if _, asKey := p.where[t.key(taken.key)]; asParam && asKey {
			p.add(join(t.key("params"), taken.param), "says the same as the key %q: write one of them", taken.key)
		}
	}
}

func (t *fencingTable) build() *cib.Resource {
	params := map[string]string{}
	for k, v := range t.Params {
		params[k] = v
	}
	if len(t.Targets) > 0 {
		params["pcmk_host_list"] = strings.Join(t.Targets, " ")
	}
	if len(t.Plugs) > 0 {
		params["pcmk_host_map"] = hostMap(t.Plugs)
	}
	ops := t.Ops
	if len(ops) == 0 {
		ops = []operationTable{{Name: "monitor", Interval: "60s", Timeout: "20s"}}
	}
	return &cib.Resource{
		ID: t.ID, Kind: cib.Primitive, Class: "stonith", Type: t.Agent,
		Params: freeSet(t.ID+"-instance_attributes", params),
		Meta:   t.Meta.build(t.ID),
		Ops:    buildOperations(t.ID, ops),
	}
}

// checkPlugs notes a plug of a node that there is not.
func checkPlugs(p *problems, devices []fencingTable, nodes []nodeTable) {
	var known []string
	for i := range nodes {
		known = append(known, nodes[i].Name)
	}
	for i := range devices {
		for node := range devices[i].Plugs {
			if !slices.Contains(known, node) {
				p.add(join(devices[i].key("plugs"), node), "there is no node %q%s", node, didYouMean(node, known))
			}
		}
	}
}

// hostMap writes plugs as pcmk_host_map wants them: node:plug;node:plug.
func hostMap(plugs map[string]string) string {
	entries := make([]string, 0, len(plugs))
	for node, plug := range plugs {
		entries = append(entries, node+":"+plug)
	}
	sort.Strings(entries)
	return strings.Join(entries, ";")
}

// fencingLevelTable says which devices fence a node together. Levels are tried
// in order, until one whose devices all succeed.
type fencingLevelTable struct {
	table
	// The node to fence.
	Target string `toml:"target" required:"true" ref:"node"`
	// Place in the order, from 1 to 9.
	Level int `toml:"level" required:"true" min:"1" max:"9"`
	// The devices of this level; all of them must succeed.
	Devices []string `toml:"devices" required:"true" ref:"device"`
}

func (t *fencingLevelTable) check(p *problems) {
	if _, given := p.where[t.key("devices")]; given && len(t.Devices) == 0 && !p.wrong(t.key("devices")) {
		p.add(t.key("devices"), "a level needs at least one device")
	}
}

// checkLevels notes a level that a target has twice.
func checkLevels(p *problems, levels []fencingLevelTable) {
	type key struct {
		target string
		level  int
	}
	seen := map[key]string{}
	for i := range levels {
		l := &levels[i]
		k := key{l.Target, l.Level}
		if first, twice := seen[k]; twice && k.target != "" && k.level != 0 {
			p.add(l.key("level"), "node %q has level %d already, in line %d", k.target, k.level, p.where.nearest(first).Line)
			continue
		}
		seen[k] = l.path
	}
}

func (t *fencingLevelTable) build() []cib.FencingLevel {
	return []cib.FencingLevel{{
		ID: "fencing-" + t.Target + "-" + strconv.Itoa(t.Level), Target: t.Target, Index: t.Level, Devices: t.Devices,
	}}
}
