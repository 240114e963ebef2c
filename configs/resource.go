package configs

import (
	"strings"

	"kvmha/internal/cib"
)

// resourceTable is a service that the cluster keeps running (a primitive).
type resourceTable struct {
	table
	// Id of the resource.
	ID string `toml:"id" required:"true" is:"id" id:"resource"`
	// The resource agent: ocf:PROVIDER:TYPE, systemd:UNIT or lsb:SCRIPT.
	Agent string `toml:"agent" required:"true" is:"agent"`
	// The agent's parameters (`vm-ctl` passes them unchanged; the agent says
	// which there are).
	Params map[string]string `toml:"params" is:"value"`
	// What the cluster itself obeys.
	Meta metaTable `toml:"meta"`
	// The operations. Without a monitor a failure goes unnoticed.
	Ops []operationTable `toml:"op"`
	// What the resource takes from its node, such as memory = 1024.
	Utilization map[string]int `toml:"utilization" min:"0"`
}

func (t *resourceTable) check(p *problems) {
	t.checkParameters(p)
	checkOperations(p, t.Ops)
	monitored := false
	for _, op := range t.Ops {
		monitored = monitored || op.Name == "monitor"
	}
	if !monitored && t.ID != "" {
		p.warn(t.path, "resource %q has no monitor operation: its failure will not be noticed", t.ID)
	}
}

func (t *resourceTable) build() *cib.Resource {
	r := &cib.Resource{
		ID: t.ID, Kind: cib.Primitive,
		Params:      freeSet(t.ID+"-instance_attributes", t.Params),
		Meta:        t.Meta.build(t.ID),
		Utilization: utilizationSet(t.ID, t.Utilization),
		Ops:         buildOperations(t.ID, t.Ops),
	}
	r.Class, r.Provider, r.Type = splitAgent(t.Agent)
	return r
}

// splitAgent takes class:provider:type or class:type apart.
func splitAgent(agent string) (class, provider, typ string) {
	parts := strings.SplitN(agent, ":", 3)
	if len(parts) == 3 {
		return parts[0], parts[1], parts[2]
	}
	return parts[0], "", parts[1]
}
