package cib

import (
	"strings"
	"testing"
)

func TestADocumentWithoutNodesIsHeldAgainstThoseOfTheCluster(t *testing.T) {
	t.Parallel()
	const text = `<configuration><crm_config/><nodes/>
<resources><primitive id="a" class="lsb" type="x"/></resources>
<constraints><rsc_location id="l" rsc="a" node="NODE" score="1"/></constraints></configuration>`
	cluster := []Node{{ID: "alpha", Uname: "alpha"}, {ID: "distant", Uname: "distant", Type: "remote"}}
	for _, test := range []struct{ node, want string }{
		{"alpha", ""},
		{"alpa", `<rsc_location id="l"> in line 3: node: "alpa" is no node: did you mean "alpha"?`},
	} {
		d, err := DecodeConfigXML(strings.NewReader(strings.Replace(text, "NODE", test.node, 1)))
		if err != nil {
			t.Fatalf("alone: %v", err)
		}
		got := ""
		if err := d.FitNodes(cluster); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.node, got, test.want)
		}
		if len(d.Config.Nodes) != 1 || len(d.Notices) != 1 {
			t.Errorf("%s: nodes %+v, notices %q", test.node, d.Config.Nodes, lines(d.Notices))
		}
	}
}
