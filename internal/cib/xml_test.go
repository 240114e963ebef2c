package cib

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the tests produce to their golden files")

func decodeFile(t *testing.T, path string) (*CIB, []Notice, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return DecodeXML(f)
}

func encode(t *testing.T, x *CIB) string {
	t.Helper()
	var b bytes.Buffer
	if err := EncodeXML(&b, x); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestXMLComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "xml", "everything.xml")
	x, warnings, err := decodeFile(t, path)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("decode: %v, warnings %q", err, warnings)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), encode(t, x)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	again, _, err := DecodeXML(strings.NewReader(encode(t, x)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(x, again); diff != "" {
		t.Errorf("decoded twice (-first +second):\n%s", diff)
	}
	if err := x.Config.Validate(); err != nil {
		t.Errorf("the example is not valid:\n%v", err)
	}
}

func TestXMLReferencesAreResolved(t *testing.T) {
	t.Parallel()
	x, _, err := decodeFile(t, filepath.Join("testdata", "xml", "everything.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := x.Config.FindResource("web").Params[0].Get("config"); v != "/etc/libvirt/qemu/db.xml" {
		t.Errorf("web's parameters by id-ref: config = %q", v)
	}
	if ops := x.Config.FindResource("httpd").Ops; len(ops) != 1 || ops[0].Interval != "5s" {
		t.Errorf("httpd's operations by id-ref: %+v", ops)
	}
	if parts := x.Config.Locations[3].Rules[0].Parts; len(parts) != 2 {
		t.Errorf("the rule by id-ref has %d parts, want 2", len(parts))
	}
}

func TestXMLOfOlderAndLaxerDocuments(t *testing.T) {
	t.Parallel()
	const head = `<cib epoch="1" num_updates="0" admin_epoch="0">`
	tests := map[string]struct {
		text  string
		check func(*CIB) bool
		warns string
	}{
		"a master is a promotable clone": {
			text: head + `<configuration><resources><master id="m"><primitive id="p" class="lsb" type="x"/></master></resources></configuration></cib>`,
			check: func(x *CIB) bool {
				r := x.Config.Resources[0]
				v, _ := r.Meta[0].Get("promotable")
				return r.Kind == Clone && v == "true"
			},
		},
		"membership may be a time": {
			text: head + `<status><node_state id="1" uname="a" in_ccm="1700000000" crmd="0"/></status></cib>`,
			check: func(x *CIB) bool {
				n := x.Status.Nodes[0]
				return n.InCCM && n.HasInCCM && !n.Crmd && n.HasCrmd
			},
		},
		"a change at the beginning of 1970 is a time": {
			text: head + `<status><node_state id="1" uname="a"><lrm><lrm_resources><lrm_resource id="r"><lrm_rsc_op id="p" operation="start" last-rc-change="0"/><lrm_rsc_op id="q" operation="stop"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>`,
			check: func(x *CIB) bool {
				ops := x.Status.Nodes[0].History[0].Ops
				_, first := ops[0].Changed()
				_, second := ops[1].Changed()
				return first && !second
			},
		},
		"operations that are those of another resource are no others": {
			text: head + `<configuration><resources><primitive id="p" class="lsb" type="x"><operations id="o"><op id="p-m" name="monitor" interval="5s"/></operations></primitive>` +
				`<primitive id="q" class="lsb" type="x"><operations id="of-q" id-ref="o"><op id="q-m" name="monitor" interval="7s"/></operations></primitive></resources></configuration></cib>`,
			check: func(x *CIB) bool {
				ops := x.Config.Resources[1].Ops
				return len(ops) == 1 && ops[0].Interval == "5s"
			},
			warns: `<operations id="of-q"> in line 1: the operations inside count for nothing beside id-ref="o"`,
		},
		"a pair without value sets nothing": {
			text: head + `<configuration><crm_config><cluster_property_set id="s"><nvpair id="p" name="a"/><nvpair id="q" name="b" value=""/></cluster_property_set></crm_config></configuration></cib>`,
			check: func(x *CIB) bool {
				pairs := x.Config.Properties[0].Pairs
				return len(pairs) == 1 && pairs[0].Name == "b"
			},
			warns: `<nvpair id="p"> in line 1: a has no value and sets nothing`,
		},
		"a pair may borrow name and value": {
			text: head + `<configuration><crm_config><cluster_property_set id="s"><nvpair id="p" name="a" value="1"/><nvpair id-ref="p"/><nvpair id-ref="p" name="b"/></cluster_property_set></crm_config></configuration></cib>`,
			check: func(x *CIB) bool {
				return cmp.Equal(x.Config.Properties[0].Pairs, []NV{{ID: "p", Name: "a", Value: "1"}, {Name: "a", Value: "1"}, {Name: "b", Value: "1"}})
			},
		},
		"an unknown element is left out and told": {
			text:  head + `<configuration><weather/></configuration></cib>`,
			check: func(x *CIB) bool { return true },
			warns: "<weather> in line 1: unknown element, ignored with everything in it",
		},
		"an unknown attribute is left out and told": {
			text:  head + `<configuration><nodes><node id="1" uname="a" colour="red"/></nodes></configuration></cib>`,
			check: func(x *CIB) bool { return x.Config.Nodes[0].Uname == "a" },
			warns: `<node id="1"> in line 1: attribute colour="red" is unknown and was ignored`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, warnings, err := DecodeXML(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(x) {
				t.Errorf("decoded: %s", encode(t, x))
			}
			if got := lines(warnings); got != test.warns {
				t.Errorf("warnings %q, want %q", got, test.warns)
			}
		})
	}
}

// lines are notices as a user sees them.
func lines(notices []Notice) string {
	var texts []string
	for _, n := range notices {
		texts = append(texts, n.String())
	}
	return strings.Join(texts, "\n")
}

func TestXMLGivesIDsToWhatHasNone(t *testing.T) {
	t.Parallel()
	x := &CIB{Config: Configuration{
		Properties: []NVSet{{Pairs: []NV{{Name: "stonith-enabled", Value: "true"}}}},
		Resources: []*Resource{{
			ID: "ip", Kind: Primitive, Class: "ocf", Provider: "kvmha", Type: "IPaddr2",
			Params: []NVSet{{Pairs: []NV{{Name: "ip", Value: "192.0.2.1"}}}},
			Ops:    []OpSpec{{Name: "monitor", Interval: "5s"}},
		}},
	}}
	text := encode(t, x)
	for _, id := range []string{`"cib-cluster_property_set"`, `"ip-instance_attributes"`, `"ip-instance_attributes-ip"`, `"ip-monitor-5s"`} {
		if !strings.Contains(text, "id="+id) {
			t.Errorf("no id %s in:\n%s", id, text)
		}
	}
}

// Each file's name says what is wrong with it; the errors stand beside it.
func TestBrokenXMLIsRefusedWithPlaceAndRemedy(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "xml", "broken", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no broken documents: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(path, ".xml")
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			_, _, err := decodeFile(t, path)
			if err == nil {
				t.Fatal("was accepted")
			}
			golden(t, name+".err", err.Error()+"\n")
		})
	}
}

func TestXMLIsBounded(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<a>", maxXMLDepth+1)
	if _, _, err := DecodeXML(strings.NewReader(deep)); err == nil || !strings.Contains(err.Error(), "nested more than") {
		t.Errorf("too deep: %v", err)
	}

	// Rules that use each other ten times a level would make 10^7 of one.
	var b strings.Builder
	b.WriteString(`<cib epoch="1" num_updates="0" admin_epoch="0"><configuration><constraints>`)
	for _, level := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		b.WriteString(`<rsc_location id="l` + level + `" rsc="x"><rule id="` + level + `" score="1">`)
		b.WriteString(strings.Repeat(`<rule id-ref="`+string(level[0]+1)+`"/>`, 10))
		b.WriteString(`</rule></rsc_location>`)
	}
	b.WriteString(`<rsc_location id="lh" rsc="x"><rule id="h" score="1"/></rsc_location></constraints></configuration></cib>`)
	if _, _, err := DecodeXML(strings.NewReader(b.String())); err == nil || !strings.Contains(err.Error(), "multiply the document") {
		t.Errorf("multiplying references: %v", err)
	}

	if _, err := parseTree(&endless{}, 1<<20); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("endless document: %v", err)
	}
	broken := errors.New("cable pulled")
	if _, _, err := DecodeXML(&endless{after: 100, err: broken}); !errors.Is(err, broken) {
		t.Errorf("a reader's error: %v", err)
	}
}

// endless is a document that never ends, or breaks after some bytes.
type endless struct {
	n, after int
	err      error
}

func (e *endless) Read(p []byte) (int, error) {
	if e.err != nil && e.n >= e.after {
		return 0, e.err
	}
	const unit = "<!--                                                            -->"
	n := 0
	for n+len(unit) <= len(p) {
		n += copy(p[n:], unit)
	}
	if n == 0 {
		n = copy(p, " ")
	}
	e.n += n
	return n, nil
}

func FuzzDecodeXML(f *testing.F) {
	for _, pattern := range []string{"*.xml", "broken/*.xml", "../upgrade/*.xml"} {
		files, _ := filepath.Glob(filepath.Join("testdata", "xml", pattern))
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if d, err := DecodeConfigXML(bytes.NewReader(text)); err == nil {
			fit := d.FitNodes([]Node{{ID: "n1", Uname: "n1"}})
			if err := d.Config.Validate(); fit == nil && err != nil {
				t.Fatalf("what was taken is not whole: %v", err)
			}
		}
		x, _, err := DecodeXML(bytes.NewReader(text))
		if err != nil {
			return
		}
		_ = x.Config.Validate()
		first := encode(t, x)
		y, _, err := DecodeXML(strings.NewReader(first))
		if err != nil {
			t.Fatalf("what was encoded cannot be read: %v\n%s", err, first)
		}
		if second := encode(t, y); second != first {
			t.Fatalf("the second round differs:\n%s\n%s", first, second)
		}
	})
}

func TestMixedConstraintsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const location, colocation, order, ticket = `<rsc_location id="l" rsc="a" node="n" score="1"/>`, `<rsc_colocation id="c" rsc="a" with-rsc="b" score="1"/>`,
		`<rsc_order id="o" first="a" then="b"/>`, `<rsc_ticket id="t" rsc="a" ticket="T"/>`
	for name, test := range map[string]struct{ in, out string }{
		"one kind after the other": {location + colocation + order + ticket, "l c o t"},
		"backwards":                {ticket + order + colocation + location, "l t o c"},
		"between each other":       {order + location + colocation, "l o c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, _, err := DecodeXML(strings.NewReader(`<cib validate-with="none"><configuration><crm_config/><nodes/><resources/><constraints>` + test.in + `</constraints></configuration><status/></cib>`))
			if err != nil {
				t.Fatal(err)
			}
			x.Config.Orders = append(x.Config.Orders, Order{ID: "new", First: "b", Then: "a"})
			text, want := encode(t, x), test.out+" new"
			if len(x.Config.Mixed) == 0 {
				want = "l c o new t"
			}
			var got []string
			for _, line := range strings.Split(text, "\n") {
				if _, rest, found := strings.Cut(line, `<rsc_`); found {
					_, rest, _ = strings.Cut(rest, ` id="`)
					id, _, _ := strings.Cut(rest, `"`)
					got = append(got, id)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
