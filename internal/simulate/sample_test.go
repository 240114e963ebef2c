package simulate

import (
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// The sample is a cluster with something in every state that the status text
// knows, and a transition of every kind of action. It is no answer that the
// scheduler would give: it is here to be printed.

func prim(id, agent string, role policy.Role, active ...string) policy.ResourceView {
	return policy.ResourceView{ID: id, XMLID: id, History: id, Kind: cib.Primitive, Agent: agent, Managed: true, Role: role, Active: active}
}

func with(r policy.ResourceView, change func(*policy.ResourceView)) policy.ResourceView {
	change(&r)
	return r
}

// instances makes those of an anonymous clone of prim, one on each node.
func instances(role policy.Role, nodes ...string) []policy.ResourceView {
	var out []policy.ResourceView
	for i, n := range nodes {
		r := prim("ping:"+string(rune('0'+i)), "ocf:pacemaker:ping", role)
		r.XMLID, r.History = "ping", "ping"
		if n == "" {
			r.Role = policy.Stopped
		} else {
			r.Active = []string{n}
		}
		out = append(out, r)
	}
	return out
}

func sampleNodes() []policy.NodeView {
	plain := func(name, kind string, online bool) policy.NodeView {
		return policy.NodeView{Name: name, ID: name, Type: kind, Online: online, Health: 1}
	}
	nodes := []policy.NodeView{
		plain("n1", "member", true), plain("n2", "member", true), plain("n10", "member", true),
		plain("gone", "member", false), plain("far", "remote", true), plain("far-off", "remote", false),
		plain("guest", "guest", true), plain("guest-off", "guest", false),
	}
	special := func(name string, change func(*policy.NodeView)) {
		n := plain(name, "member", true)
		change(&n)
		nodes = append(nodes, n)
	}
	special("unclean-on", func(n *policy.NodeView) { n.Unclean = true })
	special("unclean-off", func(n *policy.NodeView) { n.Unclean, n.Online = true, false })
	special("unclean-pending", func(n *policy.NodeView) { n.Unclean, n.Pending, n.Online = true, true, false })
	special("joining", func(n *policy.NodeView) { n.Pending, n.Online = true, false })
	special("onfail", func(n *policy.NodeView) { n.StandbyOnFail = true })
	special("resting", func(n *policy.NodeView) { n.Standby = true })
	special("resting-busy", func(n *policy.NodeView) { n.Standby, n.Running = true, 2 })
	special("resting-off", func(n *policy.NodeView) { n.Standby, n.Online = true, false })
	special("repair", func(n *policy.NodeView) { n.Maintenance, n.Type = true, "remote" })
	special("repair-off", func(n *policy.NodeView) { n.Maintenance, n.Online = true, false })
	special("yellow", func(n *policy.NodeView) { n.Health = 0 })
	special("red", func(n *policy.NodeView) { n.Health, n.Type = -1, "guest" })
	return nodes
}

func sampleResources() []policy.ResourceView {
	const dummy = "ocf:kvmha:Dummy"
	clone := func(id string, children []policy.ResourceView, change func(*policy.ResourceView)) policy.ResourceView {
		r := policy.ResourceView{ID: id, XMLID: id, Kind: cib.Clone, Managed: true, Max: 3, Candidates: []string{"n10", "n2", "n1"}, Children: children}
		change(&r)
		return r
	}
	group := func(id string, children ...policy.ResourceView) policy.ResourceView {
		return policy.ResourceView{ID: id, XMLID: id, Kind: cib.Group, Managed: true, Children: children}
	}
	return []policy.ResourceView{
		prim("runs", dummy, policy.Started, "n1"),
		prim("rests", dummy, policy.Stopped),
		prim("double", dummy, policy.Started, "n1", "n2"),
		prim("lost", dummy, policy.Started, "unclean-off"),
		with(prim("wont", dummy, policy.Stopped), func(r *policy.ResourceView) { r.TargetRole = "Stopped" }),
		with(prim("broken", dummy, policy.Started, "n1"), func(r *policy.ResourceView) { r.Failed, r.Blocked = true, true }),
		with(prim("tolerated", dummy, policy.Started, "n1"), func(r *policy.ResourceView) { r.FailureIgnored = true }),
		with(prim("alone", dummy, policy.Started, "n1"), func(r *policy.ResourceView) { r.Managed = false }),
		with(prim("repaired", dummy, policy.Started, "n1"), func(r *policy.ResourceView) { r.Maintenance, r.Managed = true, false }),
		with(prim("coming", dummy, policy.Started, "n2"), func(r *policy.ResourceView) { r.Pending = "Starting" }),
		with(prim("checked", dummy, policy.Started, "n2"), func(r *policy.ResourceView) { r.PendingTask = "Monitoring" }),
		with(prim("locked", dummy, policy.Stopped), func(r *policy.ResourceView) { r.LockNode = "gone" }),
		with(prim("orphan", dummy, policy.Started, "n1"), func(r *policy.ResourceView) { r.Orphan = true }),
		with(prim("orphan-stopped", dummy, policy.Stopped), func(r *policy.ResourceView) { r.Orphan = true }),
		with(prim("made-by-cluster", dummy, policy.Started, "n1"), func(r *policy.ResourceView) { r.Internal = true }),
		prim("nowhere", "lsb:nowhere", policy.Stopped),
		with(group("web", prim("ip", dummy, policy.Started, "n1"), prim("httpd", dummy, policy.Stopped)),
			func(r *policy.ResourceView) { r.Managed, r.Disabled = false, true }),
		clone("pings", instances(policy.Started, "n10", "n2", ""), func(*policy.ResourceView) {}),
		clone("pings-off", instances(policy.Stopped, "", ""), func(r *policy.ResourceView) { r.TargetRole, r.Disabled = "Stopped", true }),
		clone("db", append(instances(policy.Promoted, "n1"), instances(policy.Unpromoted, "n2")...), func(r *policy.ResourceView) { r.Promotable, r.Max = true, 2 }),
		clone("db-limited", instances(policy.Unpromoted, "n1", "n2"), func(r *policy.ResourceView) { r.Promotable, r.TargetRole, r.Max = true, "Slave", 2 }),
		clone("db-failed", with(clone("", instances(policy.Promoted, "n1", "n2"), func(*policy.ResourceView) {}), func(r *policy.ResourceView) {
			r.Children[0].Failed = true
		}).Children, func(r *policy.ResourceView) { r.Promotable = true }),
		clone("unique", instances(policy.Started, "n1", ""), func(r *policy.ResourceView) {
			r.Unique = true
			r.Children[0].Unique, r.Children[1].Unique = true, true
		}),
		clone("groups", []policy.ResourceView{
			group("pair:0", prim("a", dummy, policy.Started, "n1"), prim("b", dummy, policy.Started, "n1")),
			group("pair:1", prim("a", dummy, policy.Started, "n2"), prim("b", dummy, policy.Stopped)),
		}, func(r *policy.ResourceView) { r.Children[0].XMLID, r.Children[1].XMLID, r.Max = "pair", "pair", 2 }),
		{ID: "cache", XMLID: "cache", Kind: cib.Bundle, Managed: true, Unique: true, Image: "localhost/cache:1", Replicas: sampleReplicas(), Children: []policy.ResourceView{
			with(prim("redis:0", "ocf:heartbeat:redis", policy.Promoted, "n1"), func(r *policy.ResourceView) { r.Label = "cache-0 (192.0.2.10)" }),
			with(prim("redis:1", "ocf:heartbeat:redis", policy.Stopped), func(r *policy.ResourceView) { r.Label = "cache-1 (192.0.2.11)" }),
		}},
	}
}

func sampleReplicas() []policy.ReplicaView {
	child := prim("redis:0", "ocf:heartbeat:redis", policy.Promoted, "guest")
	child.XMLID = "redis"
	address := prim("cache-ip-192.0.2.10", "ocf:heartbeat:IPaddr2", policy.Started, "n1")
	container := prim("cache-podman-0", "ocf:heartbeat:podman", policy.Started, "n1")
	connection := prim("cache-0", "ocf:pacemaker:remote", policy.Started, "n1")
	idle := prim("cache-podman-1", "ocf:heartbeat:podman", policy.Stopped)
	return []policy.ReplicaView{
		{Address: &address, Child: &child, Container: &container, Connection: &connection},
		{Number: 1, Container: &idle},
	}
}

func rscOp(id int, task, rsc, node string, interval string, inputs ...int) *policy.Action {
	a := &policy.Action{
		ID: id, Kind: policy.ResourceOp, Key: rsc + "_" + task + "_" + interval, Task: task, Node: node, Inputs: inputs,
		Render: policy.Render{
			Element: "rsc_op", Operation: task, NodeInfo: true, NodeID: node, InGraph: true,
			ResourceID: rsc, Class: "ocf", Provider: "kvmha", Type: "Dummy",
			Attributes: []cib.NV{{Name: "CRM_meta_on_node", Value: node}, {Name: "CRM_meta_timeout", Value: "20000"}, {Name: "state", Value: `/tmp/"x"`}},
			Name:       rsc + "_" + task + "_" + interval + " " + node,
		},
	}
	if interval != "0" {
		a.Render.Attributes = append(a.Render.Attributes, cib.NV{Name: "CRM_meta_interval", Value: interval})
	}
	return a
}

func sampleTransition() *policy.Transition {
	probe := rscOp(1, "monitor", "runs", "n2", "0")
	probe.TargetRC = cib.NotRunning
	stop := rscOp(2, "stop", "runs", "n1", "0", 1)
	stop.Priority = 5
	fence := &policy.Action{ID: 3, Kind: policy.FenceOp, Key: "stonith-unclean-off-reboot", Task: "reboot", Node: "unclean-off", Render: policy.Render{
		Element: "crm_event", Operation: "stonith", NodeInfo: true, NodeID: "9", InGraph: true, Name: "stonith 'reboot' unclean-off",
		Attributes: []cib.NV{{Name: "CRM_meta_stonith_action", Value: "reboot"}}, DownedIDs: []string{"9"},
	}}
	start := rscOp(4, "start", "runs", "n2", "0", 2, 3)
	start.Render.Params = []cib.NV{{Name: "1", Value: "first"}}
	start.Render.Edges = []policy.Edge{{From: 2, Bold: true}, {From: 3, Bold: true}, {From: 8}, {From: 9}}
	monitor := rscOp(5, "monitor", "runs", "n2", "10000", 4)
	group := &policy.Action{ID: 6, Kind: policy.Pseudo, Key: "web_running_0", Task: "running", Inputs: []int{5}, Render: policy.Render{
		Element: "pseudo_event", Operation: "running", InGraph: true, Pseudo: true, Name: "web_running_0",
		Edges: []policy.Edge{{From: 5, Bold: true}},
	}}
	shutdown := &policy.Action{ID: 7, Kind: policy.ClusterOp, Key: "do_shutdown-n1", Task: "do_shutdown", Node: "n1", Inputs: []int{2}, Render: policy.Render{
		Element: "crm_event", Operation: "do_shutdown", NodeInfo: true, NodeID: "n1", InGraph: true, Name: "do_shutdown n1",
		MaintenanceIDs: []cib.NV{{Name: "n2", Value: "1"}},
	}}
	return &policy.Transition{
		Actions: []*policy.Action{probe, stop, fence, start, monitor, group, shutdown},
		Considered: []*policy.Action{
			{ID: 8, Render: policy.Render{Name: "impossible_start_0 <none>"}},
			{ID: 9, Render: policy.Render{Name: "needless_stop_0 n1", Optional: true}},
			{ID: 10, Render: policy.Render{Name: "alone_stop_0 n1", Unmanaged: true}},
		},
		StartFailureFatal: true,
		Options: map[string]string{
			"cluster-delay": "60s", "stonith-timeout": "90s", "batch-limit": "0", "migration-limit": "2", "maintenance-mode": "true",
		},
		MigrationLimit: 2,
		RecheckAt:      time.Unix(1790000000, 0),
		Changes: []policy.Change{
			{Verb: "Fence (reboot)", Node: "unclean-off", Reason: "node is unclean"},
			{Verb: "Move", Resource: "runs", From: "n1", To: "n2", Role: policy.Started, NextRole: policy.Started},
			{Verb: "Stop", Resource: "orphan-stopped", From: "n1", Role: policy.Started, NextRole: policy.Stopped, Reason: "node availability"},
		},
		FailedOps: []policy.FailedOp{{Resource: "nowhere", Node: "n1", Op: cib.OpHistory{
			Operation: "monitor", OperationKey: "nowhere_monitor_0", RC: cib.NotInstalled, OnNode: "n1",
		}}, {Resource: "ping", Node: "n1", Op: cib.OpHistory{
			Operation: "monitor", OperationKey: "pings_monitor_0", RC: cib.InvalidParam, OnNode: "n1",
		}}},
		Instances: 30, DisabledCount: 2, BlockedCount: 1,
		Nodes:     sampleNodes(),
		Resources: sampleResources(),
		Scores: []policy.ScoreLine{
			{Kind: policy.NodeCapacity, Func: "Original", Node: "n1", Amounts: []policy.Amount{{Name: "cpu", Value: 4}}},
			{Kind: policy.PromotionScore, Resource: "ping:0", Node: "n1", Score: 10},
			{Kind: policy.PromotionScore, Resource: "ping:1", Score: -1},
			{Func: "pcmk__primitive_assign", Resource: "runs", Node: "n1", Score: cib.MinusInfinity},
			{Kind: policy.NodeCapacity, Func: "Remaining", Node: "n1", Amounts: []policy.Amount{{Name: "cpu", Value: 2}}},
		},
	}
}
