package cib

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// revisable has things that no type here knows, and ids of its own.
const revisable = `<cib epoch="3" num_updates="7" admin_epoch="0" have-quorum="1" cib-last-written="Fri" update-client="cibadmin">
  <configuration>
    <crm_config/>
    <nodes>
      <node id="1" uname="n1"/>
    </nodes>
    <resources>
      <primitive id="a" class="ocf" provider="kvmha" type="Dummy" description="the first">
        <instance_attributes id="a-params">
          <nvpair id="a-p" name="p" value="1"/>
        </instance_attributes>
      </primitive>
    </resources>
    <constraints/>
    <acls>
      <acl_role id="reader"/>
    </acls>
  </configuration>
  <status>
    <node_state id="1" uname="n1" in_ccm="1700000000" crmd="1700000001" shutdown="0">
      <lrm id="some-id">
        <lrm_resources id="other-id">
          <lrm_resource id="a" class="ocf" provider="kvmha" type="Dummy">
            <lrm_rsc_op id="a_last_0" operation="start" call-id="4" rc-code="0" op-status="0" interval="0" crm-debug-origin="x"/>
          </lrm_resource>
        </lrm_resources>
      </lrm>
    </node_state>
  </status>
</cib>
`

func TestReviseXMLChangesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*CIB)
		// removed and added are lines of the document.
		removed, added []string
	}{
		"nothing": {change: func(*CIB) {}},
		"an attribute": {
			change:  func(x *CIB) { x.HaveQuorum = false },
			removed: []string{`<cib epoch="3" num_updates="7" admin_epoch="0" have-quorum="1" cib-last-written="Fri" update-client="cibadmin">`},
			added:   []string{`<cib epoch="3" num_updates="7" admin_epoch="0" have-quorum="false" cib-last-written="Fri" update-client="cibadmin">`},
		},
		"the presence of a node, which was written as a time": {
			change:  func(x *CIB) { x.Status.Nodes[0].InCCM = false },
			removed: []string{`<node_state id="1" uname="n1" in_ccm="1700000000" crmd="1700000001" shutdown="0">`},
			added:   []string{`<node_state id="1" uname="n1" in_ccm="false" crmd="1700000001" shutdown="0">`},
		},
		"a new result beside an old one": {
			change: func(x *CIB) {
				h := &x.Status.Nodes[0].History[0]
				h.Ops = append(slices.Clone(h.Ops), OpHistory{ID: "a_monitor_5000", Operation: "monitor", IntervalMS: 5000})
			},
			added: []string{`<lrm_rsc_op id="a_monitor_5000" operation="monitor" call-id="0" rc-code="0" op-status="0" interval="5000"/>`},
		},
		"the end of a history": {
			change: func(x *CIB) { x.Status.Nodes[0].History = nil },
			removed: []string{
				`<node_state id="1" uname="n1" in_ccm="1700000000" crmd="1700000001" shutdown="0">`, `<lrm id="some-id">`, `<lrm_resources id="other-id">`,
				`<lrm_resource id="a" class="ocf" provider="kvmha" type="Dummy">`,
				`<lrm_rsc_op id="a_last_0" operation="start" call-id="4" rc-code="0" op-status="0" interval="0" crm-debug-origin="x"/>`,
				`</lrm_resource>`, `</lrm_resources>`, `</lrm>`, `</node_state>`,
			},
			added: []string{`<node_state id="1" uname="n1" in_ccm="1700000000" crmd="1700000001" shutdown="0"/>`},
		},
		"the first property": {
			change: func(x *CIB) {
				x.Config.Properties = []NVSet{{ID: "set", Pairs: []NV{{ID: "w", Name: "have-watchdog", Value: "1"}}}}
			},
			removed: []string{`<crm_config/>`},
			added:   []string{`<crm_config>`, `<cluster_property_set id="set">`, `<nvpair id="w" name="have-watchdog" value="1"/>`, `</cluster_property_set>`, `</crm_config>`},
		},
		"another node": {
			change: func(x *CIB) { x.Config.Nodes = append(slices.Clone(x.Config.Nodes), Node{ID: "n2", Uname: "n2"}) },
			added:  []string{`<node id="n2" uname="n2"/>`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, _, err := DecodeXML(strings.NewReader(revisable))
			if err != nil {
				t.Fatal(err)
			}
			after, _, err := DecodeXML(strings.NewReader(revisable))
			if err != nil {
				t.Fatal(err)
			}
			test.change(after)
			var out strings.Builder
			if err := ReviseXML(&out, strings.NewReader(revisable), before, after); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.removed, onlyIn(revisable, out.String())); diff != "" {
				t.Errorf("removed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.added, onlyIn(out.String(), revisable)); diff != "" {
				t.Errorf("added (-want +got):\n%s", diff)
			}
			again, _, err := DecodeXML(strings.NewReader(out.String()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, again); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

// onlyIn lists the lines, without indentation, that a has and b lacks.
func onlyIn(a, b string) []string {
	count := map[string]int{}
	for line := range strings.Lines(b) {
		count[strings.TrimSpace(line)]++
	}
	var out []string
	for line := range strings.Lines(a) {
		if line = strings.TrimSpace(line); count[line] == 0 {
			out = append(out, line)
		} else {
			count[line]--
		}
	}
	return out
}

func TestReviseXMLUpgradesOldDocuments(t *testing.T) {
	t.Parallel()
	const old = `<cib epoch="1" num_updates="0" admin_epoch="0" validate-with="pacemaker-1.0"><configuration><crm_config/><nodes/><resources>
		<primitive id="a" class="ocf" provider="kvmha" type="Dummy"><operations>
		<op id="a-monitor" name="monitor" interval="10s" requires="nothing"/></operations></primitive>
		</resources><constraints/></configuration><status/></cib>`
	before, _, err := DecodeXML(strings.NewReader(old))
	if err != nil {
		t.Fatal(err)
	}
	after := *before
	after.HaveQuorum = true
	var out strings.Builder
	if err := ReviseXML(&out, strings.NewReader(old), before, &after); err != nil {
		t.Fatal(err)
	}
	again, _, err := DecodeXML(strings.NewReader(out.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if diff := cmp.Diff(&after, again); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if !strings.Contains(out.String(), `validate-with="pacemaker-3.0"`) {
		t.Errorf("it has not been upgraded:\n%s", out.String())
	}
}
