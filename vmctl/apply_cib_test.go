package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

const pacemakerCIB = "testdata/apply/pacemaker.xml"

// twoNodes is a cluster that takes configurations.
func twoNodes() cib.Configuration {
	return cib.Configuration{Nodes: []cib.Node{{ID: "alpha", Uname: "alpha", Type: "member"}, {ID: "beta", Uname: "beta", Type: "member"}}}
}

// written is a copy of the CIB with one thing changed.
func written(t *testing.T, old, new string) string {
	t.Helper()
	text, err := os.ReadFile(pacemakerCIB)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("the CIB has no %s", old)
	}
	path := filepath.Join(t.TempDir(), "cib.xml")
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestApplyTakesAPacemakerCIB(t *testing.T) {
	t.Parallel()
	d := clusterWith(t, twoNodes())
	status, out, errOut := d.vmctl(t.Context(), "apply", pacemakerCIB)
	if status != exitOK {
		t.Fatalf("status %d\n%s%s", status, out, errOut)
	}
	golden(t, "apply/pacemaker.golden", errOut+out)
	var sent control.ApplyArgs
	if err := json.Unmarshal([]byte(strings.TrimPrefix(d.asked[1], "apply ")), &sent); err != nil {
		t.Fatal(err)
	}
	c := sent.Config
	if len(c.Nodes) != 2 || c.Nodes[0].ID != "alpha" || c.Nodes[1].Uname != "beta" || c.Locations[0].Node != "alpha" {
		t.Errorf("nodes %+v, location of %s", c.Nodes, c.Locations[0].Node)
	}
	if v, _ := c.Properties[0].Get("no-quorum-policy"); v != "ignore" || len(c.Properties[0].Pairs) != 2 {
		t.Errorf("options %+v", c.Properties[0].Pairs)
	}
	if len(c.ACLs.Targets) != 1 || !c.Alerts[0].Select.Fencing || c.Alerts[0].Select.Nodes {
		t.Errorf("access lists %+v, alert %+v", c.ACLs, c.Alerts[0])
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestApplyOfTheSameCIBChangesNothing(t *testing.T) {
	t.Parallel()
	file, err := os.Open(pacemakerCIB)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := cib.DecodeConfigXML(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.FitNodes(twoNodes().Nodes); err != nil {
		t.Fatal(err)
	}
	_, out, errOut := clusterWith(t, document.Config).vmctl(t.Context(), "apply", pacemakerCIB)
	if !strings.HasPrefix(out, "Nothing to change") {
		t.Errorf("%s%s", errOut, out)
	}
	_, out, errOut = clusterWith(t, document.Config).vmctl(t.Context(), "apply", "--dry-run", written(t, `hours="9-16"`, `hours="9-17"`))
	if out != "~ resource default (by-day): rule parts 1 date_expression date_spec hours = 9-17 (was 9-16)\nNothing was applied (--dry-run).\n" {
		t.Errorf("%s%s", errOut, out)
	}
}

func TestBadCIBsAreNotApplied(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, old, new, want string }{
		{"with an element that the schemas do not know", "<constraints>", "<constraints><rsc_place/>",
			"1 mistake:\nFILE: <rsc_place> in line 29: cannot stand inside <constraints> in line 29: remove it\n"},
		{"with a reference to nothing", `rsc="lamp"`, `rsc="lump"`,
			"FILE: <rsc_location id=\"lamp-here\"> in line 30: rsc=\"lump\" is the id of nothing: did you mean \"lamp\"?\n"},
		{"with a fencing that is neither on nor off", `name="stonith-enabled" value="false"`, `name="stonith-enabled" value="perhaps"`,
			"FILE: <nvpair id=\"opt-fencing\"> in line 8: stonith-enabled: \"perhaps\" is neither true nor false: write true or false\n"},
		{"with a node that the cluster does not have", `uname="alpha">`, `uname="node1">`,
			"FILE: <node id=\"1\"> in line 13: this cluster has no node \"node1\": its nodes are alpha, beta; write the name"},
		{"that are cut off", "</constraints>", "<", "FILE: line 31 is no XML: expected element name after <\n"},
		{"with the name of no schema", "pacemaker-2.10", "pacemaker-old", `validate-with="pacemaker-old" is the name of no schema`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := written(t, tc.old, tc.new)
			d := clusterWith(t, twoNodes())
			status, out, errOut := d.vmctl(t.Context(), "apply", path)
			if status != exitFailed || !strings.Contains(errOut, strings.ReplaceAll(tc.want, "FILE", path)) {
				t.Errorf("status %d\n%s%s", status, out, errOut)
			}
			for _, asked := range d.asked {
				if strings.HasPrefix(asked, "apply") {
					t.Errorf("it asked %.40s", asked)
				}
			}
		})
	}
}

func TestValidateTakesEveryFormOfAConfiguration(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(pacemakerCIB)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	from, to := strings.Index(whole, "<configuration>"), strings.Index(whole, "<status>")
	const fine = "is fine: 1 node, 1 resource, 1 constraint\n"
	for _, tc := range []struct{ name, text, want string }{
		{"a whole CIB", whole, fine},
		{"a configuration alone", whole[from:to], fine},
		{"one behind a byte order mark", "\ufeff" + whole, fine},
		{"one with the line ends of another system", strings.ReplaceAll(whole, "\n", "\r\n"), fine},
		{"one that asks not to be checked", strings.Replace(whole, "pacemaker-2.10", "none", 1), fine},
		{"one in UTF-16", "\xff\xfe<\x00c\x00", "the document is in UTF-16: convert it to UTF-8"},
		{"one in Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?>` + whole, "the document is in ISO-8859-1: convert it to UTF-8"},
		{"another kind of XML", "<domain/>", "the top element is <domain> in line 1, neither <cib> nor <configuration>"},
		{"nothing", "", "the file lacks [cluster]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "cib")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, out, errOut := runVMCtl(t.Context(), "validate", path)
			if !strings.Contains(out+errOut, tc.want) {
				t.Errorf("%s%s", out, errOut)
			}
		})
	}
}
