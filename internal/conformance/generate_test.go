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
		if _, warnings, err := cib.DecodeXML(bytes.NewReader(document)); err != nil || len(warnings) > 0 {
			t.Errorf("seed %d: %v %v", seed, err, warnings)
		}
		root, err := parseXML(string(document))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		root.child("configuration").walk(func(e *element) {
			// A remote node is named like the resource that connects it.
			if id := e.attr("id"); id != "" && e.name != "node" && e.name != "resource_ref" && e.name != "obj_ref" {
				if seen[id] {
					t.Errorf("seed %d: the id %s occurs twice", seed, id)
				}
				seen[id] = true
			}
		})
	}
}

// TestEveryFeatureTurnsUp keeps the generator honest: what it says it can make
// has to be in some of its CIBs.
func TestEveryFeatureTurnsUp(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for seed := range uint64(400) {
		all.Write(Generate(seed, 6))
	}
	for _, words := range []string{
		"<bundle ", "<group ", "<clone ", "<master ", "<template ", "<tag ", "<fencing-level ", "<rsc_ticket ", "<resource_set ", "<lifetime", "<rsc_defaults", "<op_defaults",
		"<date_expression ", "<rsc_expression ", "<op_expression ", `id-ref="`, `name="remote-node"`, `type="remote"`, `resource-discovery="exclusive"`,
		`name="globally-unique"`, `name="promotable"`, `name="interleave"`, `name="notify"`, `name="clone-min"`, `kind="Serialize"`, `symmetrical="false"`,
		`require-all="false"`, `influence="false"`, `node-attribute="site"`, `loss-policy="fence"`, `score-attribute="cpus"`, `name="placement-strategy"`,
		`name="node-health-strategy"`, `name="shutdown-lock"`, `shutdown-lock="`, `name="provides"`, `op-status="-1"`, `op-status="2"`, `operation="migrate_to"`,
		`operation="migrate_from"`, `op-force-restart="`, `name="standby"`, `name="maintenance"`, `on-fail="demote"`, `on-fail="standby"`, `have-quorum="0"`, `id="gone-1"`,
	} {
		if !strings.Contains(all.String(), words) {
			t.Errorf("no CIB has %s", words)
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
