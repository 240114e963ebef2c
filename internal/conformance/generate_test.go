package conformance

import (
	"bytes"
	"strings"
	"testing"

	"kvmha/internal/cib"
)

func TestTheSameSeedMakesTheSameCIB(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		if !bytes.Equal(Generate(seed, 6), Generate(seed, 6)) {
			t.Fatalf("seed %d gives two CIBs", seed)
		}
	}
	if bytes.Equal(Generate(1, 6), Generate(2, 6)) || bytes.Equal(Generate(1, 6), Generate(1, 7)) {
		t.Error("another seed or size gives the same CIB")
	}
}

func TestGeneratedCIBsCanBeReadAndHaveNoIDTwice(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		document := Generate(seed, 1+int(seed%9))
		_, warnings, err := cib.DecodeXML(bytes.NewReader(document))
		for _, w := range warnings {
			// Access lists decide nothing, and the reader says so.
			if !strings.Contains(w.String(), "<acls>") {
				t.Errorf("seed %d: %v", seed, w)
			}
		}
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		root, err := parseXML(string(document))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		root.child("configuration").walk(func(e *element) {
			// A remote node is named like the resource that connects it, and
			// some elements are references.
			if id := e.attr("id"); id != "" && e.name != "node" && e.name != "role" && e.name != "resource_ref" && e.name != "obj_ref" {
				if seen[id] {
					t.Errorf("seed %d: the id %s occurs twice", seed, id)
				}
				seen[id] = true
			}
		})
	}
}

// featureWords lists, for each part of the configuration and of the status that
// decides anything, what shows that a CIB has it. The names are those of the
// chapters of Pacemaker Explained.
var featureWords = map[string][]string{
	"cluster options": {`name="stonith-enabled"`, `name="stonith-action"`, `name="no-quorum-policy" value="suicide"`, `name="no-quorum-policy" value="demote"`,
		`name="no-quorum-policy" value="freeze"`, `name="no-quorum-policy" value="ignore"`, `name="symmetric-cluster" value="false"`, `name="maintenance-mode"`,
		`name="stop-all-resources"`, `name="batch-limit"`, `name="migration-limit"`, `name="cluster-delay"`, `have-quorum="0"`},
	"fencing": {`class="stonith"`, `<fencing-level `, `target-pattern="`, `target-attribute="`, `name="provides"`, `name="priority-fencing-delay"`,
		`name="concurrent-fencing" value="true"`, `name="concurrent-fencing" value="false"`, `name="#digests-all"`, `name="#digests-secure"`, `name="#node-unfenced"`,
		`name="pcmk_host_list"`, `value="unfencing"`, `name="startup-fencing"`, `name="have-watchdog"`, `name="terminate"`},
	"nodes": {`name="standby"`, `name="maintenance"`, `name="shutdown"`, `type="remote"`, `remote_node="true"`, `node_fenced="1"`, `join="pending"`, `crmd="offline"`, `dc-uuid="`, `node_in_maintenance="1"`,
		`name="probe_complete"`},
	"health": {`name="node-health-strategy" value="migrate-on-red"`, `name="node-health-strategy" value="only-green"`, `name="node-health-strategy" value="progressive"`,
		`name="node-health-strategy" value="custom"`, `name="node-health-green"`, `name="#health-disk"`, `name="allow-unhealthy-nodes"`, `name="node-health-base"`},
	"resources": {`<primitive `, `<group `, `<clone `, `<master `, `<template `, `<bundle `, `name="remote-node"`, `type="remote"`, `name="container"`,
		`name="reconnect_interval"`, `name="remote-port"`},
	"bundles": {`<podman `, `<docker `, `<rkt `, `<port-mapping `, `internal-port="`, `range="7000`, `ip-range-start="`, `control-port="9999"`, `host-interface="`,
		`host-netmask="`, `add-host="false"`, `add-host="true"`, `<storage-mapping `, `source-dir-root="`, `options="ro,Z"`, `run-command="`, `network="host"`,
		`masters="`, `promoted-max="`, `replicas-per-host="`},
	"meta-attributes": {`name="target-role"`, `name="is-managed"`, `name="priority"`, `name="resource-stickiness"`, `name="migration-threshold"`, `name="failure-timeout"`,
		`name="multiple-active" value="stop_only"`, `name="multiple-active" value="stop_unexpected"`, `name="multiple-active" value="block"`,
		`name="requires" value="nothing"`, `name="requires" value="quorum"`, `name="requires" value="fencing"`, `name="requires" value="unfencing"`, `name="restart-type"`, `name="collocated"`, `name="critical"`, `name="allow-migrate"`},
	"clones": {`name="globally-unique"`, `name="clone-max"`, `name="clone-node-max"`, `name="interleave"`, `name="ordered"`, `name="notify"`, `name="clone-min"`,
		`name="promotable"`, `name="promoted-max"`, `name="promoted-node-max"`, `name="master-`},
	"operations": {`on-fail="ignore"`, `on-fail="block"`, `on-fail="stop"`, `on-fail="restart"`, `on-fail="fence"`, `on-fail="standby"`, `on-fail="demote"`, `on-fail="restart-container"`,
		`name="OCF_CHECK_LEVEL"`, `start-delay="`, `-op-1-meta-1"`, `-op-1-params-1"`,
		`role="Stopped"`, `enabled="false"`, `interval-origin="`, `record-pending="`},
	"defaults":   {`<rsc_defaults`, `<op_defaults`, `<rsc_expression `, `<op_expression `},
	"locations":  {`<rsc_location `, `rsc-pattern="`, `resource-discovery="exclusive"`, `resource-discovery="never"`, `role="Promoted"`, `score-attribute="cpus"`, `<lifetime`},
	"colocation": {`<rsc_colocation `, `influence="false"`, `node-attribute="site"`, `with-rsc-role="`, `<resource_set `},
	"orders":     {`kind="Serialize"`, `kind="Optional"`, `symmetrical="false"`, `require-all="false"`, `first-action="promote"`, `action="stop"`, `sequential="false"`},
	"tickets":    {`<rsc_ticket `, `loss-policy="fence"`, `loss-policy="demote"`, `loss-policy="freeze"`, `<ticket_state `, `granted="false"`},
	"rules": {`<date_expression `, `<date_spec `, `<duration `, `operation="in_range"`, `operation="defined"`, `type="version"`, `type="number"`, `type="integer"`,
		`weeks="`, `moon="`, `attribute="#is_dc"`, `attribute="#site-name"`, `value-source="meta"`, `value-source="param"`, `id-ref="`, `boolean-op="or"`},
	"utilization": {`name="placement-strategy" value="balanced"`, `name="placement-strategy" value="minimal"`, `name="placement-strategy" value="utilization"`, `<utilization `},
	"the rest":    {`<tag `, `<obj_ref id="tag-1"`, `<acls`, `<alerts`, `name="shutdown-lock"`, `shutdown-lock="`},
	"history": {`op-status="-1"`, `op-status="2"`, `operation="migrate_to"`, `operation="migrate_from"`, `op-force-restart="`, `id="gone-1"`, `rc-code="5"`,
		`rc-code="8"`, `rc-code="9"`, `rc-code="193"`, `name="fail-count-`, `op-secure-params="`, `op-secure-digest="`, ` operation="promote"`, ` operation="demote"`, ` operation="notify"`, ` container="`,
		`crm_feature_set="3.0.1"`},
}

// TestEveryFeatureTurnsUp keeps the generator honest: what it says it can make
// has to be in some of its CIBs.
func TestEveryFeatureTurnsUp(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for seed := range uint64(1500) {
		all.Write(Generate(seed, 6))
	}
	for feature, list := range featureWords {
		for _, words := range list {
			if !strings.Contains(all.String(), words) {
				t.Errorf("%s: no CIB has %s", feature, words)
			}
		}
	}
}

func TestFeaturesCanBeLeftOut(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		if bytes.Contains(Generate(seed, 6, "bundles", "groups"), []byte("<bundle ")) {
			t.Fatalf("seed %d has a bundle", seed)
		}
	}
}

func TestALargeClusterHasTheSizeThatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, failed := range []bool{false, true} {
		input, warnings, err := cib.DecodeXML(bytes.NewReader(Large(4, 60, failed)))
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%v %v", err, warnings)
		}
		primitives := 0
		var count func([]*cib.Resource)
		count = func(list []*cib.Resource) {
			for _, r := range list {
				if r.Kind == cib.Primitive {
					primitives++
				}
				count(r.Children)
			}
		}
		count(input.Config.Resources)
		if len(input.Config.Nodes) != 4 || primitives != 60 || input.Status.Nodes[0].InCCM == failed {
			t.Errorf("%d nodes, %d primitives, the first in the cluster: %t", len(input.Config.Nodes), primitives, input.Status.Nodes[0].InCCM)
		}
	}
}
