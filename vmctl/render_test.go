package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/internal/control"
	"kvmha/internal/node"
	"kvmha/policy"
)

// evening is the moment of all the statuses below.
var evening = time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC)

func primitive(id, agent string, role policy.Role, active ...string) policy.ResourceView {
	return policy.ResourceView{ID: id, Kind: cib.Primitive, Agent: agent, Managed: true, Role: role, NextRole: role, Active: active, Next: append(active, "")[0]}
}

// quiet is a cluster in which all is well.
func quiet() *node.StatusReply {
	return &node.StatusReply{
		Format: 1, Time: evening, Cluster: "two-hosts", From: "alpha", DC: "alpha", Term: 3,
		Quorum:  cluster.Quorum{Have: true, Votes: 2, Expected: 2, Needed: 1, Why: "2 of 2 votes here, 1 needed"},
		Version: cib.Version{Epoch: 4, NumUpdates: 31},
		Nodes: []node.NodeStatus{
			{Name: "alpha", State: "online", DC: true, Attributes: []cib.NV{{Name: "beta-hb0", Value: "up"}, {Name: "beta-hb1", Value: "up"}}},
			{Name: "beta", State: "online", Attributes: []cib.NV{{Name: "alpha-hb0", Value: "up"}, {Name: "alpha-hb1", Value: "up"}}},
		},
		Resources: []policy.ResourceView{
			primitive("vip", "ocf:kvmha:IPaddr2", policy.Started, "alpha"),
			primitive("db1", "ocf:kvmha:VirtualDomain", policy.Started, "alpha"),
			primitive("db2", "ocf:kvmha:VirtualDomain", policy.Started, "beta"),
		},
		Links: []cluster.Link{{Peer: "beta", Name: "hb0", Up: true}, {Peer: "beta", Name: "hb1", Up: true}},
	}
}

// troubled is a cluster in which everything that can be shown happens at once.
func troubled() *node.StatusReply {
	s := quiet()
	ago := func(d time.Duration) int64 { return evening.Add(-d).Unix() }
	s.Nodes[1].Attributes[0].Value = "dead"
	s.Nodes = append(s.Nodes,
		node.NodeStatus{Name: "delta", State: "online", Standby: true},
		node.NodeStatus{Name: "gamma", State: "unclean", Why: "it vanished without a goodbye and is not yet fenced"},
		node.NodeStatus{Name: "zeta", State: "unseen"},
	)
	s.Links = []cluster.Link{{Peer: "beta", Name: "hb0"}, {Peer: "beta", Name: "hb1", Up: true}, {Peer: "gamma", Name: "hb0"}, {Peer: "gamma", Name: "hb1"}}
	moving := primitive("db1", "ocf:kvmha:VirtualDomain", policy.Started, "alpha")
	moving.Pending, moving.Next = "Migrating", "beta"
	blocked := primitive("db2", "ocf:kvmha:VirtualDomain", policy.Started, "beta")
	blocked.Blocked, blocked.Managed = true, false
	disabled := primitive("web", "systemd:nginx", policy.Stopped)
	disabled.Disabled = true
	coming := primitive("disk", "ocf:heartbeat:Filesystem", policy.Stopped)
	coming.Next = "beta"
	s.Resources = []policy.ResourceView{
		{ID: "database", Kind: cib.Group, Managed: true, Children: []policy.ResourceView{
			primitive("vip", "ocf:kvmha:IPaddr2", policy.Started, "beta"), coming,
		}},
		{ID: "pings", Kind: cib.Clone, Managed: true, Children: []policy.ResourceView{
			primitive("ping:0", "ocf:pacemaker:ping", policy.Started, "alpha"), primitive("ping:1", "ocf:pacemaker:ping", policy.Started, "beta"),
		}},
		moving, blocked, disabled, primitive("lost", "ocf:kvmha:Dummy", policy.Stopped), primitive("twice", "ocf:kvmha:Dummy", policy.Started, "alpha", "beta"),
	}
	s.Transition = &node.TransitionStatus{Number: 17, Aborted: "node gamma was lost", Actions: []node.ActionStatus{
		{Key: "vip_start_0", Node: "beta", State: "done", Cause: "group database"},
		{Key: "db1_migrate_to_0", Node: "alpha", State: "running", Cause: "move to beta asked for by vm-ctl on alpha"},
		{Key: "disk_start_0", Node: "beta", State: "waiting", Cause: "group database"},
	}}
	s.Intents = []cib.Intent{
		{Resource: "db1", Node: "beta", From: "alpha", Created: ago(3 * time.Second), State: cib.IntentMoving},
		{Resource: "vip", Node: "beta", Created: ago(5 * time.Minute), State: cib.IntentSettled},
		{Resource: "db2", From: "beta", Created: ago(30 * time.Hour), State: cib.IntentFailed, Reason: "no other node may run it"},
	}
	s.GuestFences = []cib.GuestFence{{VM: "db1", Target: "db2", Action: "reboot", Created: ago(0)}}
	s.Fencing = []node.FencingStatus{
		{Target: "gamma", Action: "reboot", By: "alpha", Cause: "it vanished without a goodbye"},
		{Target: "gamma", Failed: 2, Error: "fence-gamma: no answer from 10.9.0.9", Next: evening.Add(4 * time.Second)},
	}
	s.Failed = []node.FailedAction{
		{Node: "alpha", Resource: "vip", Key: "vip_monitor_10000", FailCount: "1", Operation: cib.OpHistory{RC: cib.NotRunning, LastRCChange: ago(90 * time.Second), ExitReason: "10.77.9.100 is not on svc0"}},
		{Node: "beta", Resource: "db2", Key: "db2_stop_0", Operation: cib.OpHistory{RC: cib.UnknownError, Status: cib.ExecTimeout, LastRCChange: ago(100 * time.Hour)}},
	}
	s.Refused = []node.PeerRefused{{Address: "10.77.0.9", Reason: "it has another secret"}}
	s.Problems = []string{"colocation web-with-db names a stopped resource"}
	s.Quorum = cluster.Quorum{Why: "2 of 5 votes here, 3 needed"}
	return s
}

func TestStatusIsDrawn(t *testing.T) {
	t.Parallel()
	alone := &node.StatusReply{Time: evening, Cluster: "two-hosts", From: "beta", Note: "there is no DC: this is what beta knows",
		Quorum: cluster.Quorum{Why: "waiting to see all 2 nodes together once (wait-for-all)"},
		Nodes:  []node.NodeStatus{{Name: "alpha", State: "unseen"}, {Name: "beta", State: "online"}}}
	for _, tc := range []struct {
		name    string
		status  *node.StatusReply
		colours bool
	}{
		{"quiet", quiet(), false}, {"quiet-colours", quiet(), true}, {"troubled", troubled(), false}, {"alone", alone, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			golden(t, "status-"+tc.name+".golden", renderStatus(tc.status, tc.colours))
		})
	}
}

func TestStatusAsJSONIsTheDaemonsAnswer(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.Status, quiet(), nil)
	status, out, errOut := d.vmctl(t.Context(), "status", "--json")
	if status != exitOK {
		t.Fatalf("status %d, %s", status, errOut)
	}
	golden(t, "status-quiet.json", out)
}

func TestListsShowWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.Status, troubled(), nil)
	for _, tc := range []struct{ line, want string }{
		{"resource list db1", "  ◐ db1  ocf:kvmha:VirtualDomain  Migrating  alpha  → beta\n"},
		{"resource list -n alpha", "  ● ping:0  ocf:pacemaker:ping       Started       alpha\n  ◐ db1     ocf:kvmha:VirtualDomain  Migrating     alpha       → beta\n  ✗ twice   ocf:kvmha:Dummy          ACTIVE TWICE  alpha beta  → alpha\n"},
		{"resource list -n delta", "No resources.\n"},
		{"node list", "alpha  online\nbeta   online\ndelta  standby\ngamma  UNCLEAN  it vanished without a goodbye and is not yet fenced\nzeta   unseen\n"},
	} {
		status, out, errOut := d.vmctl(t.Context(), strings.Fields(tc.line)...)
		if status != exitOK || out != tc.want {
			t.Errorf("%q: status %d\n%s%s", tc.line, status, out, errOut)
		}
	}
	for _, tc := range []struct{ line, want string }{
		{"resource list dbx", `there is no resource "dbx"`},
		{"resource list -n omega", `there is no node "omega"`},
	} {
		if status, _, errOut := d.vmctl(t.Context(), strings.Fields(tc.line)...); status != exitFailed || !strings.Contains(errOut, tc.want) {
			t.Errorf("%q: status %d, %s", tc.line, status, errOut)
		}
	}
}

func TestWatchDrawsAgainAtEveryEvent(t *testing.T) {
	t.Parallel()
	d := newFakeDaemon(t)
	d.on(control.Status, quiet(), nil)
	out := make(speech, 100)
	ended := make(chan int, 1)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		ended <- run(ctx, &app{out: out, errOut: make(speech, 100), terminal: true}, []string{"--socket", d.socket, "status", "--watch"})
	}()
	for _, want := range []string{"has quorum", "NO QUORUM"} {
		if clear := <-out; clear != "\x1b[H\x1b[2J" {
			t.Errorf("drew %q without clearing the screen", clear)
		}
		if picture := <-out; !strings.Contains(picture, want) {
			t.Errorf("drew %q, want %q in it", picture, want)
		}
		d.on(control.Status, troubled(), nil)
		d.events <- event("quorum-lost")
	}
	interrupt()
	if status := <-ended; status != exitInterrupted {
		t.Errorf("status %d", status)
	}
}
