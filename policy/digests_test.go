package policy

import (
	"strings"
	"testing"

	"kvmha/internal/cib"
)

// TestAMonitorWhoseSecretAloneChangedGoesOn is about files in which secrets are
// masked.
func TestAMonitorWhoseSecretAloneChangedGoesOn(t *testing.T) {
	t.Parallel()
	rsc := `<primitive id="a" class="ocf" provider="p" type="a"><instance_attributes id="ia"><nvpair id="ip" name="ip" value="1"/><nvpair id="key" name="key" value="masked"/></instance_attributes>` +
		`<operations><op id="m" name="monitor" interval="10s"/></operations></primitive>`
	ip, timeout := cib.NV{Name: "ip", Value: "1"}, cib.NV{Name: "CRM_meta_timeout", Value: "20000"}
	for name, test := range map[string]struct {
		version  string
		recorded []cib.NV
		goesOn   bool
	}{
		"nothing else changed":                         {"3.16.0", []cib.NV{ip}, true},
		"nothing else changed, in an old cluster":      {"3.15.9", []cib.NV{ip}, true},
		"the digest covers the timeout":                {"3.16.0", []cib.NV{timeout, ip}, false},
		"the digest covers the timeout, in an old one": {"3.15.9", []cib.NV{timeout, ip}, false},
		"another parameter changed":                    {"3.16.0", []cib.NV{{Name: "ip", Value: "2"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := world{resources: rsc, status: "n1 a start monitor10\nn2 a monitor=7"}.cib(t)
			ops := c.Status.Nodes[0].History[0].Ops
			for i := range ops {
				ops[i].FeatureSet, ops[i].OpDigest, ops[i].SecureList = test.version, "of other parameters", " key "
				ops[i].SecureDigest = cib.Digest([]cib.NV{ip})
			}
			ops[1].SecureDigest = cib.Digest(test.recorded)
			got := story(Schedule(Input{CIB: c, Now: now, Sanitized: true}))
			if goesOn := !strings.Contains(got, "a_monitor_10000"); goesOn != test.goesOn {
				t.Errorf("the monitor goes on: %v, want %v:\n%s", goesOn, test.goesOn, got)
			}
		})
	}
}
