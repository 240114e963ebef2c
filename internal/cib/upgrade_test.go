package cib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kvmha/internal/need"
)

// Each file's name says what is old in it; the notices and the document of
// today stand beside it.
func TestOldDocumentsAreUpgradedAndSaySo(t *testing.T) {
	t.Parallel()
	for _, path := range oldDocuments(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			x, notices, err := decodeFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range notices {
				if !n.Upgraded() || n.Element == "" || n.Line == 0 {
					t.Errorf("notice without place or change: %+v", n)
				}
			}
			golden(t, strings.TrimSuffix(path, ".xml")+".upgraded", lines(notices)+"\n\n"+encode(t, x))
			again, notices, err := DecodeXML(strings.NewReader(encode(t, x)))
			if err != nil || len(notices) > 0 {
				t.Errorf("the upgraded document: %v, %v", notices, err)
			}
			if diff := cmp.Diff(x, again); diff != "" {
				t.Errorf("the upgraded document reads as another (-first +second):\n%s", diff)
			}
		})
	}
}

func oldDocuments(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "upgrade", "*.xml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no old documents: %v", err)
	}
	return paths
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	const option = `<configuration><crm_config><cluster_property_set id="s"><nvpair id="p" name="stonith_enabled" value="false"/></cluster_property_set></crm_config>` +
		`<nodes/><resources/><constraints/></configuration>`
	tests := map[string]struct {
		schema   string
		upgraded bool
		want     string // in the error, or in a notice
	}{
		"the first of all":               {"pacemaker-0.6", true, "stonith_enabled → stonith-enabled"},
		"its transitional form":          {"transitional-0.6", true, "stonith_enabled → stonith-enabled"},
		"a development version":          {"pacemaker-0.7", true, "stonith_enabled → stonith-enabled"},
		"1.0":                            {"pacemaker-1.0", true, `validate-with="pacemaker-1.0" → "pacemaker-3.0"`},
		"1.3":                            {"pacemaker-1.3", true, "stonith_enabled → stonith-enabled"},
		"the last before the break":      {"pacemaker-2.10", true, "stonith_enabled → stonith-enabled"},
		"the first after it":             {"pacemaker-3.0", false, ""},
		"the newest":                     {"pacemaker-3.9", false, ""},
		"the one in the making":          {"pacemaker-next", false, ""},
		"one from the future":            {"pacemaker-9.1", false, "is newer than pacemaker-3.9"},
		"none, by name":                  {"none", false, ""},
		"none, because nobody said":      {"", false, ""},
		"a name that no schema has":      {"heartbeat-3", false, `write that of the schema which the document follows, such as "pacemaker-3.9"`},
		"a number that is none":          {"pacemaker-3.x", false, "is the name of no schema"},
		"a number without its minor one": {"pacemaker-3", false, "is the name of no schema"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := `<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="` + test.schema + `">` + option + `</cib>`
			x, notices, err := DecodeXML(strings.NewReader(text))
			said := lines(notices)
			if err != nil {
				said += err.Error()
			} else if _, upgraded := x.Config.Properties[0].Get("stonith-enabled"); upgraded != test.upgraded {
				t.Errorf("upgraded: %t", upgraded)
			}
			if !strings.Contains(said, test.want) || test.want == "" && said != "" {
				t.Errorf("said %q, want %q", said, test.want)
			}
		})
	}
}

func TestHeartbeatFormIsKnownByItsShape(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "upgrade", "heartbeat-2.xml"))
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := DecodeXML(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range []string{"transitional-0.6", "pacemaker-0.6", "none"} {
		named := strings.Replace(string(text), "<cib ", `<cib validate-with="`+schema+`" `, 1)
		got, _, err := DecodeXML(strings.NewReader(named))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with the name %s (-without +with):\n%s", schema, diff)
		}
	}
}

// The reference's own upgrade, of the schemas that it still knows, must leave
// the same configuration. It calls new sets by other names, so ids are left
// out, and so are sets in which nothing is left.
func TestUpgradesAgreeWithTheReference(t *testing.T) {
	t.Parallel()
	cibadmin := need.Program(t, "cibadmin", "pacemaker-cli-utils")
	for _, path := range oldDocuments(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "validate-with=") {
			continue // the reference forgot that form
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			ours, _, err := DecodeXML(strings.NewReader(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "cib.xml")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(cibadmin, "--upgrade", "--force")
			cmd.Env = append(os.Environ(), "CIB_file="+file)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("cibadmin: %v\n%s", err, out)
			}
			theirs, _, err := decodeFile(t, file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(withoutNames(theirs.Config), withoutNames(ours.Config), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the configuration (-reference +ours):\n%s", diff)
			}
		})
	}
}

// withoutNames is a configuration without the names of its sets and pairs,
// without empty sets, and with shared sets written out.
func withoutNames(c Configuration) Configuration {
	c.Properties, c.RscDefaults, c.OpDefaults = anonymous(c.Properties), anonymous(c.RscDefaults), anonymous(c.OpDefaults)
	for _, top := range c.Resources {
		top.Walk(func(r, _ *Resource) {
			r.Meta, r.Params = anonymous(r.Meta), anonymous(r.Params)
			for i := range r.Ops {
				r.Ops[i].Meta, r.Ops[i].Params = anonymous(r.Ops[i].Meta), anonymous(r.Ops[i].Params)
			}
		})
	}
	return c
}

func anonymous(sets []NVSet) []NVSet {
	var kept []NVSet
	for _, s := range sets {
		s.ID, s.IDRef = "", ""
		for i := range s.Pairs {
			s.Pairs[i].ID = ""
		}
		if len(s.Pairs) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}
