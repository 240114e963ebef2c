package simulate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// injectable is a cluster of two nodes with a primitive, an instance of a
// clone and a group.
func injectable() (*cib.CIB, func(policy.Input) *policy.Transition) {
	x := &cib.CIB{}
	x.Config.Nodes = []cib.Node{{ID: "1", Uname: "n1"}, {ID: "2", Uname: "n2"}}
	x.Status.Nodes = []cib.NodeState{{
		ID: "1", Uname: "n1", InCCM: true, Crmd: true, Join: "member", Expected: "member",
		Attributes: []cib.NVSet{{ID: "status-1", Pairs: []cib.NV{
			{ID: "status-1-fail-count-ip.monitor_5000", Name: "fail-count-ip#monitor_5000", Value: "2"},
		}}},
		History: []cib.ResourceHistory{{ID: "ip", Class: "ocf", Provider: "kvmha", Type: "IPaddr2", Ops: []cib.OpHistory{
			{ID: "ip_last_0", Operation: "start", CallID: 4, OnNode: "n1"},
		}}},
	}}
	x.Status.Tickets = []cib.TicketState{{ID: "tA", Granted: true}}
	t := &policy.Transition{
		Nodes: []policy.NodeView{{Name: "n1", ID: "1", Online: true}, {Name: "n2", ID: "2"}, {Name: "Guest", ID: "Guest", Type: "guest"}},
		Resources: []policy.ResourceView{
			{ID: "ip", XMLID: "ip", Kind: cib.Primitive, Agent: "ocf:kvmha:IPaddr2"},
			{ID: "web", XMLID: "web", Kind: cib.Group, Children: []policy.ResourceView{{ID: "httpd", XMLID: "httpd", Kind: cib.Primitive, Agent: "systemd:httpd"}}},
			{ID: "c", XMLID: "c", Kind: cib.Clone, Children: []policy.ResourceView{{ID: "ping:0", XMLID: "ping", History: "ping", Kind: cib.Primitive, Agent: "ocf:kvmha:Dummy"}}},
		},
	}
	return x, func(policy.Input) *policy.Transition { return t }
}

// injected runs injections and returns the lines that tell of them, the
// remarks, and the CIB that would be decided on.
func injected(i Injections) (lines []string, remarks string, after *cib.CIB, err error) {
	x, inspect := injectable()
	var out, errs strings.Builder
	err = Run(Text(&out, &errs), x, Options{
		Inspect: inspect, Inject: i, Clock: time.Unix(1700000000, 0),
		SaveInput: func(c *cib.CIB) error { after = c; return nil },
	})
	_, told, _ := strings.Cut(out.String(), "Performing Requested Modifications:\n")
	for line := range strings.Lines(told) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines, errs.String(), after, err
}

func TestInjectionsAreWrittenAsAClusterWould(t *testing.T) {
	t.Parallel()
	node := func(x *cib.CIB, name string) string {
		n := x.Status.Node(name)
		return fmt.Sprintf("id %s in_ccm %t crmd %t join %s expected %s, history of %d, attributes of %d",
			n.ID, n.InCCM, n.Crmd, n.Join, n.Expected, len(n.History), len(n.Attributes))
	}
	for name, test := range map[string]struct {
		inject  Injections
		lines   []string
		remarks string
		look    func(*cib.CIB) string
		want    string
	}{
		"a node comes up": {
			inject: Injections{NodeUp: []string{"n2"}},
			lines:  []string{"* Bringing node n2 online"},
			look:   func(x *cib.CIB) string { return node(x, "n2") },
			want:   "id 2 in_ccm true crmd true join member expected member, history of 0, attributes of 0",
		},
		"a node that nobody knows comes up": {
			inject: Injections{NodeUp: []string{"n9"}},
			lines:  []string{"* Bringing node n9 online"},
			look:   func(x *cib.CIB) string { return fmt.Sprint(x.Config.Nodes[2].ID, " ", node(x, "n9")) },
			want:   "n9 id n9 in_ccm true crmd true join member expected member, history of 0, attributes of 0",
		},
		"a node leaves, and nothing of it is left": {
			inject: Injections{NodeDown: []string{"n1"}},
			lines:  []string{"* Taking node n1 offline"},
			look:   func(x *cib.CIB) string { return node(x, "n1") },
			want:   "id 1 in_ccm false crmd false join down expected down, history of 0, attributes of 0",
		},
		"a node vanishes, and what it did is remembered": {
			inject: Injections{NodeFail: []string{"n1"}},
			lines:  []string{"* Failing node n1"},
			look:   func(x *cib.CIB) string { return node(x, "n1") },
			want:   "id 1 in_ccm false crmd true join member expected member, history of 1, attributes of 1",
		},
		"a guest node is found whatever the case of its name": {
			inject: Injections{NodeDown: []string{"guest"}},
			lines:  []string{"* Taking node guest offline"},
			look:   func(x *cib.CIB) string { return node(x, "guest") },
			want:   "id Guest in_ccm false crmd false join down expected down, history of 0, attributes of 0",
		},
		"tickets": {
			inject: Injections{TicketGrant: []string{"tB"}, TicketRevoke: []string{"tA"}, TicketStandby: []string{"tB"}, TicketActivate: []string{"tC"}},
			lines:  []string{"* Granting ticket tB", "* Revoking ticket tA", "* Making ticket tB standby", "* Activating ticket tC"},
			look:   func(x *cib.CIB) string { return fmt.Sprintf("%+v", x.Status.Tickets) },
			want: "[{ID:tA Granted:false Standby:false LastGranted:0 Attrs:[]} {ID:tB Granted:true Standby:true LastGranted:0 Attrs:[]} " +
				"{ID:tC Granted:false Standby:false LastGranted:0 Attrs:[]}]",
		},
		"quorum and watchdog": {
			inject: Injections{Quorum: "yes", Watchdog: "1"},
			lines:  []string{"* Setting quorum: yes", "* Setting watchdog: 1"},
			look:   func(x *cib.CIB) string { return fmt.Sprintf("%t %+v", x.HaveQuorum, x.Config.Properties) },
			want: "true [{ID:cib-bootstrap-options Score:0 Rule:<nil> " +
				"Pairs:[{ID:cib-bootstrap-options-have-watchdog Name:have-watchdog Value:1}] IDRef:}]",
		},
		"a failed monitor counts, and is remembered apart": {
			inject: Injections{Operations: []string{"ip_monitor_5000@n1=7"}},
			lines: []string{
				"* Injecting ip_monitor_5000@n1=7 into the configuration",
				"* Injecting attribute fail-count-ip#monitor_5000=value++ into /node_state '1'",
				"* Injecting attribute last-failure-ip#monitor_5000=1700000000 into /node_state '1'",
			},
			look: func(x *cib.CIB) string { return results(x, "n1") },
			want: "fail-count-ip#monitor_5000=3 last-failure-ip#monitor_5000=1700000000 ip_last_0:start#4=0 ip_last_failure_0:monitor#5=7",
		},
		"a failed stop is the last operation, too": {
			inject: Injections{Operations: []string{"httpd_stop_0@n2=1"}},
			lines: []string{
				"* Injecting httpd_stop_0@n2=1 into the configuration",
				"* Injecting attribute fail-count-httpd#stop_0=value++ into /node_state '2'",
				"* Injecting attribute last-failure-httpd#stop_0=1700000000 into /node_state '2'",
			},
			look: func(x *cib.CIB) string { return results(x, "n2") },
			want: "fail-count-httpd#stop_0=1 last-failure-httpd#stop_0=1700000000 httpd_last_failure_0:stop#1=1 httpd_last_0:stop#1=1",
		},
		"a probe that finds nothing is no failure": {
			inject: Injections{Operations: []string{"ping:0_monitor_0@n2=7"}},
			lines:  []string{"* Injecting ping:0_monitor_0@n2=7 into the configuration"},
			look:   func(x *cib.CIB) string { return results(x, "n2") },
			want:   "ping:0_last_failure_0:monitor#1=7 ping:0_last_0:monitor#1=7",
		},
		"what cannot be understood is told and left out": {
			inject: Injections{Operations: []string{"ip", "ip_stop@n1=1", "ftp_stop_0@n1=1", "ip_stop_0@n1=x"}},
			lines: []string{
				"* Injecting ip into the configuration", "* Injecting ip_stop@n1=1 into the configuration",
				"* Injecting ftp_stop_0@n1=1 into the configuration", "* Injecting ip_stop_0@n1=x into the configuration",
			},
			remarks: "Invalid operation spec: ip.  Only found 1 fields\nInvalid resource name: (null)\nInvalid resource name: ftp\n" +
				"Invalid operation spec: ip_stop_0@n1=x.  Only found 2 fields\n",
			look: func(x *cib.CIB) string { return results(x, "n1") },
			want: "fail-count-ip#monitor_5000=2 ip_last_0:start#4=0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines, remarks, after, err := injected(test.inject)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.lines, lines); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if remarks != test.remarks {
				t.Errorf("remarks %q, want %q", remarks, test.remarks)
			}
			if got := test.look(after); got != test.want {
				t.Errorf("the CIB has\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// results are the attributes and the operations of a node.
func results(x *cib.CIB, node string) string {
	n := x.Status.Node(node)
	var out []string
	for _, set := range n.Attributes {
		for _, p := range set.Pairs {
			out = append(out, p.Name+"="+p.Value)
		}
	}
	for _, h := range n.History {
		for _, op := range h.Ops {
			out = append(out, fmt.Sprintf("%s:%s#%d=%d", op.ID, op.Operation, op.CallID, op.RC))
		}
	}
	return strings.Join(out, " ")
}

func TestInjectionsLeaveTheGivenCIBAlone(t *testing.T) {
	t.Parallel()
	x, inspect := injectable()
	untouched, _ := injectable()
	everything := Injections{
		Quorum: "1", Watchdog: "1", NodeUp: []string{"n9"}, NodeFail: []string{"n1"},
		TicketRevoke: []string{"tA"}, Operations: []string{"ip_stop_0@n1=1", "ip_monitor_5000@n1=1"},
	}
	if err := Run(Text(io.Discard, nil), x, Options{Inspect: inspect, Inject: everything}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untouched, x); diff != "" {
		t.Errorf("it has changed (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeInjectedIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		inject Injections
		want   string
	}{
		"a node that is not there":          {Injections{NodeFail: []string{"n9"}}, `there is no node "n9": write the name of one, or bring it up first (--node-up)`},
		"a result of an unknown node":       {Injections{Operations: []string{"ip_stop_0@n9=1"}}, `ip_stop_0@n9=1: there is no node "n9"`},
		"the result of a group":             {Injections{Operations: []string{"web_stop_0@n1=1"}}, "web is no primitive"},
		"quorum that is neither yes nor no": {Injections{Quorum: "perhaps"}, `quorum "perhaps"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, _, err := injected(test.inject)
			if !errors.Is(err, ErrInjection) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestKeysOfOperationsAreTakenApart(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"db_monitor_10000":         "db monitor 10000 true",
		"my_db_start_0":            "my_db start 0 true",
		"vm_migrate_to_0":          "vm migrate_to 0 true",
		"a_vm_migrate_from_0":      "a_vm migrate_from 0 true",
		"c:1_pre_notify_promote_0": "c:1 pre_notify_promote 0 true",
		"db_start":                 "  0 false",
		"db":                       "  0 false",
		"db_start_soon":            "  0 false",
		"db_start_-1":              "  0 false",
	} {
		k, ok := parseOpKey(key)
		if got := fmt.Sprintf("%s %s %d %t", k.resource, k.task, k.interval, ok); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestAFailureEndsAllButWhatIsCertain(t *testing.T) {
	t.Parallel()
	after := rscOp(6, "notify", "ip", "n2", "0", 1)
	after.Priority = int(cib.Infinity)
	pseudo := &policy.Action{ID: 4, Kind: policy.Pseudo, Key: "web_stopped_0", Inputs: []int{3}}
	transition := &policy.Transition{
		Resources: sampleResources(),
		Actions: []*policy.Action{
			rscOp(1, "stop", "ip", "n1", "0"),
			rscOp(2, "start", "ip", "n2", "0", 1),
			rscOp(3, "stop", "web", "n1", "0"),
			pseudo,
			{ID: 5, Kind: policy.Pseudo, Key: "later_0", Inputs: []int{2}},
			after,
		},
	}
	var out, remarks strings.Builder
	w := newWorld(&cib.CIB{}, transition, time.Unix(1700000000, 0), false)
	if err := execute(Text(&out, &remarks), w, transition, []string{"web_stop_0@n1=9", "IP_stop_0@n1=x", "ip_stop_0@N1=6"}); err != nil {
		t.Fatal(err)
	}
	want := `Executing Cluster Transition:
  * Resource action: ip              stop on n1
Pretending action 1 failed with rc=6
  * Injecting attribute fail-count-ip#stop_0=value++ into /node_state 'n1'
  * Injecting attribute last-failure-ip#stop_0=1700000000 into /node_state 'n1'
  * Resource action: ip              notify on n2
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	if want := "Invalid failed operation 'IP_stop_0@n1=x' (result code must be integer)\n"; remarks.String() != want {
		t.Errorf("remarks %q, want %q", remarks.String(), want)
	}
	ops := w.cib.Status.Node("n1").History[0].Ops
	if len(ops) != 2 || ops[0].ID != "ip_last_failure_0" || ops[0].RC != 6 || ops[0].ExitReason != "User-injected result" {
		t.Errorf("the history has %+v", ops)
	}
}

func TestDetailsOfNodesAndFailures(t *testing.T) {
	t.Parallel()
	x := &cib.CIB{}
	x.Status.Nodes = []cib.NodeState{{ID: "2", Uname: "n2"}, {ID: "1", Uname: "n1"}}
	x.Config.Resources = []*cib.Resource{{ID: "ping", Params: []cib.NVSet{{Pairs: []cib.NV{
		{Name: "host_list", Value: "192.0.2.1 192.0.2.2"}, {Name: "multiplier", Value: "100"},
	}}}}}
	ping := func(node string) policy.ResourceView {
		return policy.ResourceView{ID: "ping:" + node, XMLID: "ping", Kind: cib.Primitive, Agent: "ocf:pacemaker:ping", Role: policy.Started, Active: []string{node}, Managed: true}
	}
	attributes := func(pinged string) []cib.NV {
		return []cib.NV{{Name: "#kind", Value: "cluster"}, {Name: "pingd", Value: pinged}, {Name: "shutdown", Value: "0"}, {Name: "site", Value: "a"}}
	}
	failed := func(node string, op cib.OpHistory) policy.FailedOp { return policy.FailedOp{Node: node, Op: op} }
	inspect := func(policy.Input) *policy.Transition {
		return &policy.Transition{
			Nodes: []policy.NodeView{
				{Name: "n1", ID: "1", Type: "member", Online: true, Health: 1, Attributes: attributes("0"), FailCounts: []policy.FailCount{{Resource: "ip", Count: 3, Threshold: 5, Last: 1700000000}}},
				{Name: "n2", ID: "2", Type: "member", Online: true, Health: 1, Attributes: attributes("100"), FailCounts: []policy.FailCount{{Resource: "ip", Count: cib.Infinity, Threshold: cib.Infinity}}},
				{Name: "n3", ID: "3", Type: "member", Online: true, Health: 1, Attributes: attributes("200")[1:2]},
				{Name: "gone", ID: "4", Type: "member", Health: 1, Attributes: attributes("0")},
			},
			Resources: []policy.ResourceView{ping("n1"), ping("n2"), ping("n3")},
			FailedOps: []policy.FailedOp{
				failed("n1", cib.OpHistory{OperationKey: "ip_start_0", Operation: "start", RC: 1, Status: cib.ExecTimeout, CallID: 7, ExitReason: "no route", LastRCChange: 1700000000, ExecTimeMS: 20000}),
				failed("n2", cib.OpHistory{ID: "ip_monitor_5000", Operation: "monitor", IntervalMS: 5000, RC: 7, CallID: 9}),
				failed("n2", cib.OpHistory{ID: "db_monitor_0", Operation: "monitor", RC: cib.NotInstalled}),
			},
		}
	}
	var out strings.Builder
	if err := Run(Text(&out, nil), x, Options{Inspect: inspect, Attributes: true, FailCounts: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "details.txt", out.String())
	out.Reset()
	document := XML(&out, "crm_simulate -Ac")
	opt := Options{Inspect: inspect, Attributes: true, FailCounts: true, Zone: time.FixedZone("", 2*3600)}
	if err := errors.Join(Run(document, x, opt), document.Finish(0, "OK")); err != nil {
		t.Fatal(err)
	}
	golden(t, "details.xml", out.String())
}

func TestSavedCIBsAreThoseDecidedOnAndLeft(t *testing.T) {
	t.Parallel()
	x, inspect := injectable()
	var saved []string
	keep := func(what string) func(*cib.CIB) error {
		return func(c *cib.CIB) error {
			saved = append(saved, fmt.Sprintf("%s: tA granted %t, %d states", what, c.Status.Tickets[0].Granted, len(c.Status.Nodes)))
			return nil
		}
	}
	opt := Options{
		Inspect: inspect, Simulate: true, Inject: Injections{TicketRevoke: []string{"tA"}}, SaveInput: keep("input"), SaveOutput: keep("output"),
		Schedule: func(policy.Input) *policy.Transition {
			return &policy.Transition{Actions: []*policy.Action{rscOp(1, "start", "ip", "n2", "0")}}
		},
	}
	if err := Run(Text(io.Discard, nil), x, opt); err != nil {
		t.Fatal(err)
	}
	want := []string{"input: tA granted false, 1 states", "output: tA granted false, 2 states"}
	if !slices.Equal(saved, want) {
		t.Errorf("saved %q, want %q", saved, want)
	}
	full := errors.New("disk full")
	opt.SaveInput = func(*cib.CIB) error { return full }
	if err := Run(Text(io.Discard, nil), x, opt); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}
