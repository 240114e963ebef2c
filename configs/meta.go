package configs

import (
	"sort"
	"strconv"

	"kvmha/internal/cib"
)

// metaTable holds the options of a resource that the cluster itself obeys
// ("Pacemaker Explained, Resource Meta-Attributes"). The table meta of
// resources, groups, clones, VMs and devices has the same keys; groups and
// clones hand theirs down to their members.
type metaTable struct {
	table
	// What the cluster tries to keep: Started, Stopped, or for promotable clones
	// Promoted, Unpromoted. Default: Started.
	TargetRole string `toml:"target-role" enum:"Started|Stopped|Promoted|Unpromoted|Master|Slave"`
	// Whether the cluster may start and stop it. Default: true.
	IsManaged string `toml:"is-managed" is:"bool"`
	// Resources with a higher priority are placed first and stopped last.
	// Default: 0.
	Priority string `toml:"priority" is:"score"`
	// Preference to stay where it is. Default: 0 (clones: 1).
	Stickiness string `toml:"resource-stickiness" is:"score"`
	// Failures on a node after which the resource leaves it. Default: INFINITY.
	MigrationThreshold string `toml:"migration-threshold" is:"score"`
	// A failure is forgotten after this time. Default: 0 (never).
	FailureTimeout string `toml:"failure-timeout" is:"duration"`
	// What is done with a resource found active on two nodes. Default:
	// stop_start.
	MultipleActive string `toml:"multiple-active" enum:"block|stop_only|stop_start|stop_unexpected"`
	// What must be given before a start. Default: fencing, for devices quorum.
	Requires string `toml:"requires" enum:"nothing|quorum|fencing|unfencing"`
	// The resource can be moved while it runs (migrate_to, migrate_from).
	// Default: false ([[vm]]: true).
	AllowMigrate string `toml:"allow-migrate" is:"bool"`
	// It may stay on a node whose health is bad. Default: false.
	AllowUnhealthyNodes string `toml:"allow-unhealthy-nodes" is:"bool"`
	// The cluster leaves it alone: no operation at all. Default: false.
	Maintenance string `toml:"maintenance" is:"bool"`
	// Whether a failure may move what it is colocated with. Default: true.
	Critical string `toml:"critical" is:"bool"`
	// Where the node attributes of a container's inside are kept. Default: none.
	ContainerTarget string `toml:"container-attribute-target" enum:"host"`
	// Copies in the whole cluster. Default: the number of nodes.
	CloneMax string `toml:"clone-max" is:"integer"`
	// Copies on one node. Default: 1.
	CloneNodeMax string `toml:"clone-node-max" is:"integer"`
	// Copies below which nothing that needs the clone is started. Default: 1.
	CloneMin string `toml:"clone-min" is:"integer"`
	// Promoted copies in the whole cluster. Default: 1.
	PromotedMax string `toml:"promoted-max" is:"integer"`
	// Promoted copies on one node. Default: 1.
	PromotedNodeMax string `toml:"promoted-node-max" is:"integer"`
	// Copies are told before and after every change of one. Default: false.
	Notify string `toml:"notify" is:"bool"`
	// Copies are different from each other. Default: false.
	GloballyUnique string `toml:"globally-unique" is:"bool"`
	// Copies are started one after the other. Default: false.
	Ordered string `toml:"ordered" is:"bool"`
	// What depends on the clone waits for the copy on its own node only.
	// Default: false.
	Interleave string `toml:"interleave" is:"bool"`
}

// build makes the meta-attributes' block; more comes behind what is written.
func (t metaTable) build(owner string, more ...cib.NV) []cib.NVSet {
	id := owner + "-meta_attributes"
	all := pairs(id, t)
	for _, nv := range more {
		written := false
		for _, have := range all {
			written = written || have.Name == nv.Name
		}
		if !written {
			nv.ID = id + "-" + nv.Name
			all = append(all, nv)
		}
	}
	return setOf(id, all)
}

func utilizationSet(owner string, values map[string]int) []cib.NVSet {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	id := owner + "-utilization"
	var nvs []cib.NV
	for _, name := range names {
		nvs = append(nvs, cib.NV{ID: id + "-" + name, Name: name, Value: strconv.Itoa(values[name])})
	}
	return setOf(id, nvs)
}
