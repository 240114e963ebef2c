package ipaddr2

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"kvmha/agents"
	"kvmha/agents/ocf"
	"kvmha/internal/child"
	"kvmha/internal/cib"
	"kvmha/internal/executor"
	"kvmha/internal/need"
)

// A cluster may go from the shell agent to this one without stopping a
// service: both must see the same address as theirs.
func TestTheShellAgentAndThisOneSeeTheSameAddress(t *testing.T) {
	newNetwork(t)
	need.File(t, ocf.DefaultRoot+"/resource.d/heartbeat/IPaddr2", "Debian's package resource-agents")
	shell, err := (&ocf.Class{TempDir: t.TempDir(), LogFacility: "none", Runner: &child.Runner{}}).Find("heartbeat", "IPaddr2")
	if err != nil {
		t.Fatal(err)
	}
	a := newAgent(t)
	vip := []string{"ip", "10.9.0.100", "nic", "svc0", "cidr_netmask", "24"}
	want(t, shell.Run(t.Context(), op("monitor", vip...)), cib.NotRunning, "")
	want(t, a.Run(t.Context(), op("start", vip...)), cib.OK, "")
	want(t, shell.Run(t.Context(), op("monitor", vip...)), cib.OK, "")
	want(t, shell.Run(t.Context(), op("stop", vip...)), cib.OK, "")
	want(t, a.Run(t.Context(), op("monitor", vip...)), cib.NotRunning, "")
	want(t, shell.Run(t.Context(), op("start", vip...)), cib.OK, "")
	want(t, a.Run(t.Context(), op("monitor", vip...)), cib.OK, "")
	want(t, a.Run(t.Context(), op("stop", vip...)), cib.OK, "")
}

// The goal for the cluster is 200 ms from removal to restoration, whatever the
// monitor's interval; this is the node's share of it.
func TestARemovedAddressIsReportedAndRestoredAtOnce(t *testing.T) {
	newNetwork(t)
	set := agents.NewSet()
	set.Add("ocf", "kvmha", "IPaddr2", newAgent(t))
	results := make(chan cib.Result, 16)
	e := executor.New(executor.Options{Registry: set, Logger: slog.New(slog.DiscardHandler),
		Report: func(_ cib.Operation, r cib.Result) { results <- r }})
	defer e.Close()
	run := func(id uint64, name string, interval time.Duration) {
		o := op(name, "ip", "10.9.0.100")
		o.ID, o.Class, o.Provider, o.Type, o.Interval = id, "ocf", "kvmha", "IPaddr2", interval
		e.Run(o)
	}
	expect := func(id uint64, rc cib.RC, unsolicited bool) {
		t.Helper()
		select {
		case r := <-results:
			if r.ID != id || r.RC != rc || r.Unsolicited != unsolicited {
				t.Fatalf("got %+v, want operation %d with %v", r, id, rc)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no result of operation %d", id)
		}
	}
	run(1, "start", 0)
	expect(1, cib.OK, false)
	run(2, "monitor", time.Hour)
	expect(2, cib.OK, false)

	began := time.Now()
	if err := remove(netip.MustParseAddr("10.9.0.100")); err != nil {
		t.Fatal(err)
	}
	expect(2, cib.NotRunning, true)
	reported := time.Since(began)
	run(3, "stop", 0)
	expect(2, cib.UnknownError, false) // the monitor, cancelled
	expect(3, cib.OK, false)
	run(4, "start", 0)
	expect(4, cib.OK, false)
	t.Logf("reported after %v, restored after %v", reported, time.Since(began))
	if reported > 500*time.Millisecond {
		t.Errorf("reported only after %v", reported)
	}
}
