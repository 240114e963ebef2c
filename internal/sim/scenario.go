package sim

import (
	"encoding/json"
	"fmt"
	"slices"

	"kvmha/internal/cib"
)

// configuration builds what a run's cluster is to do: a group, single
// primitives, a clone, three VMs with rights, and a power switch for each node;
// options vary with the seed.
func (w *world) configuration() cib.Configuration {
	d := w.dice
	conf := cib.Configuration{
		Properties: []cib.NVSet{{ID: "cib-bootstrap-options", Pairs: []cib.NV{
			{Name: "no-quorum-policy", Value: pick(d, []string{"stop", "stop", "freeze"})},
			{Name: "stonith-enabled", Value: "true"},
			{Name: "stonith-action", Value: pick(d, []string{"reboot", "reboot", "off"})},
		}}},
		RscDefaults: []cib.NVSet{{ID: "rsc-options", Pairs: []cib.NV{
			{Name: "resource-stickiness", Value: pick(d, []string{"0", "100", "INFINITY"})},
			{Name: "migration-threshold", Value: pick(d, []string{"1", "3", "1000000"})},
		}}},
		OpDefaults: []cib.NVSet{{ID: "op-options", Pairs: []cib.NV{{Name: "timeout", Value: "15s"}}}},
	}
	for i, h := range w.hosts {
		conf.Nodes = append(conf.Nodes, cib.Node{ID: fmt.Sprint(i + 1), Uname: h.name})
		conf.Resources = append(conf.Resources, powerSwitch(h.name))
	}
	conf.Resources = append(conf.Resources,
		&cib.Resource{ID: "grp", Kind: cib.Group, Children: []*cib.Resource{dummy("ip"), dummy("web")}},
		dummy("solo"),
		&cib.Resource{ID: "everywhere", Kind: cib.Clone, Children: []*cib.Resource{dummy("ping")}},
		machine("vm1"), machine("vm2"), machine("vm3"))
	conf.Colocations = []cib.Colocation{{ID: "apart", Resource: "vm2", With: "vm1", Score: -500, HasScore: true}}
	conf.Locations = []cib.Location{{ID: "home", Resource: "solo", Node: w.hosts[0].name, Score: 50}}
	w.cloned = map[string]bool{"ping": true}
	w.movable = []string{"grp", "solo", "vm1", "vm2", "vm3"}
	return conf
}

func dummy(id string) *cib.Resource {
	return &cib.Resource{ID: id, Kind: cib.Primitive, Class: "ocf", Provider: "kvmha", Type: "Dummy",
		Ops: []cib.OpSpec{{ID: id + "-monitor", Name: "monitor", Interval: "10s", Timeout: "5s"}}}
}

func machine(id string) *cib.Resource {
	r := &cib.Resource{ID: id, Kind: cib.Primitive, Class: "ocf", Provider: "kvmha", Type: "VirtualDomain",
		Params: []cib.NVSet{{ID: id + "-params", Pairs: []cib.NV{{Name: "config", Value: "/etc/libvirt/qemu/" + id + ".xml"}}}},
		Meta:   []cib.NVSet{{ID: id + "-meta", Pairs: []cib.NV{{Name: "allow-migrate", Value: "true"}}}},
		Ops:    []cib.OpSpec{{ID: id + "-monitor", Name: "monitor", Interval: "10s", Timeout: "5s"}}}
	if may := rights[id]; may != "" {
		r.Meta[0].Pairs = append(r.Meta[0].Pairs, cib.NV{Name: cib.MetaGuestFence, Value: may})
	}
	return r
}

func powerSwitch(node string) *cib.Resource {
	id := fencePrefix + node
	return &cib.Resource{ID: id, Kind: cib.Primitive, Class: "stonith", Type: "power_switch",
		Params: []cib.NVSet{{ID: id + "-params", Pairs: []cib.NV{{Name: "pcmk_host_list", Value: node}}}}}
}

// wanted is a dumb twin of the scheduler for a cluster that is whole: which
// resources are to run, and on how many nodes.
func (w *world) wanted(conf *cib.Configuration) map[string]int {
	times := map[string]int{}
	for _, top := range conf.Resources {
		top.Walk(func(r, parent *cib.Resource) {
			if r.Kind != cib.Primitive {
				return
			}
			times[r.ID] = 1
			if parent != nil && parent.Kind == cib.Clone {
				times[r.ID] = len(w.hosts)
			}
			if stopped(r) || parent != nil && stopped(parent) {
				times[r.ID] = 0
			}
		})
	}
	return times
}

func stopped(r *cib.Resource) bool {
	role, _ := lookup(r.Meta, "target-role")
	return role == "Stopped"
}

// managed tells whether the node of p knows a resource as one the cluster runs.
func (w *world) managed(p *process, id string) bool {
	now := p.inspect.CIB()
	return w.exclusive(id) && now != nil && now.Config.FindResource(id) != nil
}

// setProperty sets a cluster option in a configuration of one's own.
func setProperty(conf *cib.Configuration, name, value string) {
	if len(conf.Properties) == 0 {
		conf.Properties = []cib.NVSet{{ID: "cib-bootstrap-options"}}
	}
	set := &conf.Properties[0]
	set.Pairs = append(slices.Clone(set.Pairs), cib.NV{Name: name, Value: value})
}

// clone returns a copy of a configuration that shares nothing with it.
func clone(conf cib.Configuration) cib.Configuration {
	var c cib.Configuration
	if err := json.Unmarshal([]byte(encode(conf)), &c); err != nil {
		panic(err) // what encode wrote cannot be read: a broken type in cib
	}
	return c
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data always encodes
	}
	return string(text)
}
