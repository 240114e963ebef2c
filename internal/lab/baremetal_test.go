package lab

import (
	"os"
	"testing"
	"time"

	"kvmha/internal/node"
)

// bareMetal is a cluster of three hosts without VMs, whose group is of Debian's
// own resource agents, unchanged.
const bareMetal = `
[cluster]
name = "bare-metal"
deadtime = "1s"
initdead = "10s"

[options]
no-quorum-policy = "stop"
stonith-timeout = "20s"

[[node]]
name = "pm01"
links = { hb0 = "10.77.0.1", hb1 = "10.77.1.1" }

[[node]]
name = "pm02"
links = { hb0 = "10.77.0.2", hb1 = "10.77.1.2" }

[[node]]
name = "pm03"
links = { hb0 = "10.77.0.3", hb1 = "10.77.1.3" }

[[resource]]
id = "vip"
agent = "ocf:heartbeat:IPaddr2"
params = { ip = "10.77.9.100", cidr_netmask = 24, nic = "svc0" }
op = [{ name = "monitor", interval = "10s", timeout = "20s" }]

[[resource]]
id = "service"
agent = "ocf:heartbeat:Dummy"
op = [{ name = "monitor", interval = "10s", timeout = "20s" }]

[[group]]
id = "database"
members = ["vip", "service"]

[[resource]]
id = "check"
agent = "ocf:heartbeat:Dummy"
op = [{ name = "monitor", interval = "10s", timeout = "20s" }]

[[clone]]
id = "checks"
resource = "check"

[[location]]
id = "database-home"
resource = "database"
rule = "200: #uname eq pm01"

[[fencing]]
id = "switch"
agent = "fence_lab"
targets = ["pm01", "pm02", "pm03"]
`

// runsWhole reports whether the group runs on one host and the clone on all
// hosts that are online.
func runsWhole(s *node.StatusReply, online int) bool {
	vip, service := Where(s, "vip"), Where(s, "service")
	return Idle(s) && len(vip) == 1 && len(service) == 1 && vip[0] == service[0] && len(Where(s, "check")) == online && len(Where(s, "switch")) == 1
}

func TestThreeBareMetalHostsRunDebiansAgentsAndSurviveAPowerCut(t *testing.T) {
	scene := stage(t, SceneOptions{Config: []byte(bareMetal)})
	if _, err := os.Stat("/usr/lib/ocf/resource.d/heartbeat/IPaddr2"); err != nil {
		t.Fatal("resource-agents is not installed: run `make deps`")
	}
	if err := scene.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, err := scene.Wait(t.Context(), "group and clone to run", func(s *node.StatusReply) bool { return scene.Formed(s) && runsWhole(s, 3) })
	if err != nil {
		t.Fatal(err)
	}
	if home := Where(status, "vip")[0]; home != "pm01" {
		t.Errorf("the group runs on %s, and not where its rule wants it", home)
	}
	cut := time.Now()
	scene.Host("pm01").PowerOff()
	if _, err := scene.Wait(t.Context(), "the group to be recovered", func(s *node.StatusReply) bool {
		return runsWhole(s, 2) && Where(s, "vip")[0] != "pm01"
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("recovered %v after the power cut", time.Since(cut))
	scene.mustNotRunTwice(t)
}
