package simulate

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kvmha/internal/cib"
	"kvmha/policy"
)

var update = flag.Bool("update", false, "write what the tests produce to their golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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

// inspect finds a quiet cluster wherever something has been done.
func inspect(in policy.Input) *policy.Transition {
	if len(in.CIB.Status.Nodes) == 0 {
		return sampleTransition()
	}
	return &policy.Transition{Nodes: sampleNodes()[:2], Resources: sampleResources()[9:10]}
}

func TestRunPrintsWhatTheOptionsAskFor(t *testing.T) {
	t.Parallel()
	everything := Options{Process: true, Simulate: true, Scores: true, Utilization: true}
	quiet := everything
	quiet.Quiet = true
	tests := map[string]struct {
		opt  Options
		date int64
	}{
		"status-alone.txt":     {opt: Options{}},
		"decide.txt":           {opt: Options{Process: true, Now: time.Unix(1800000000, 0), NowText: "2027-01-15"}},
		"decide-and-do.txt":    {opt: Options{Simulate: true}, date: 1790000000},
		"everything-plain.txt": {opt: everything},
		"scores-alone.txt":     {opt: quiet, date: 1790000000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			test.opt.Inspect = inspect
			test.opt.Schedule = func(policy.Input) *policy.Transition { return sampleTransition() }
			if err := Run(Text(&out, nil), &cib.CIB{ExecutionDate: test.date}, test.opt); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.String())
		})
	}
}

func TestADocumentTellsTheSameToPrograms(t *testing.T) {
	t.Parallel()
	scheduled := sampleTransition()
	roles := func(verb, from, to string, role, next policy.Role) policy.Change {
		return policy.Change{Verb: verb, Resource: "db", From: from, To: to, Role: role, NextRole: next}
	}
	scheduled.Changes = slices.Concat([]policy.Change{
		{Verb: "Shutdown", Node: "n2"},
		{Verb: "Fence (off)", Node: "guest", Container: "vm", Reason: "guest is unclean"},
	}, scheduled.Changes, []policy.Change{
		{Verb: "Start", Resource: "ip", To: "n1", Role: policy.Stopped, NextRole: policy.Started, Reason: "no quorum", Blocked: true},
		{Verb: "Restart", Resource: "ip", From: "n1", To: "n1", Role: policy.Started, NextRole: policy.Started},
		roles("Promote", "", "n1", policy.Stopped, policy.Promoted), roles("Stop", "n1", "", policy.Promoted, policy.Stopped),
		roles("Re-promote", "n1", "n1", policy.Promoted, policy.Promoted), roles("Move", "n1", "n2", policy.Promoted, policy.Promoted),
		roles("Demote", "n1", "n1", policy.Promoted, policy.Unpromoted), roles("Move", "n1", "n2", policy.Unpromoted, policy.Promoted),
	})
	opt := Options{Simulate: true, Scores: true, Utilization: true, Quiet: true, Now: time.Unix(1800000000, 0), NowText: "2027-01-15",
		Clock: time.Unix(1790000000, 0), Inspect: inspect, Schedule: func(policy.Input) *policy.Transition { return scheduled }}
	opt.Inject = Injections{Quorum: "1", TicketGrant: []string{"t"}, Operations: []string{"bad <spec>", "runs_monitor_10000@n1=7"}}
	var out bytes.Buffer
	document := XML(&out, `crm_simulate -x 'my "cib".xml'`)
	if err := Run(document, &cib.CIB{}, opt); err != nil {
		t.Fatal(err)
	}
	if err := document.Finish(0, "OK"); err != nil {
		t.Fatal(err)
	}
	golden(t, "everything.xml", out.String())
}

func TestADocumentIsWholeAlsoAfterAFailure(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	document := XML(&out, "crm_simulate")
	err := Run(document, &cib.CIB{}, Options{Inspect: inspect, Inject: Injections{NodeFail: []string{"omega"}}})
	if !errors.Is(err, ErrInjection) {
		t.Fatal(err)
	}
	if err := document.Finish(105, "No such object"); err != nil {
		t.Fatal(err)
	}
	const want = `  <modifications>
    <modify_node action="Failing" node="omega"/>
  </modifications>
  <status code="105" message="No such object"/>
</pacemaker-result>
`
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("the document ends in\n%s", out.String()[max(0, out.Len()-len(want)):])
	}
}

func TestUtilizationAttributesMakeNamesOfElements(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"cpu": "cpu", "vCPU-1.x": "vCPU-1.x", "disk space": "disk_space", "2nd": "_2nd", "größe": "größe", "": "_", "a<b>": "a_b_"} {
		if got := elementName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestParametersThatCannotBeAttributesAreNotInTheGraph(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]bool{"ip": true, "CRM_meta_timeout": true, "größe": true, "a-1.b": true, "": false, "?": false, "disk space": false, "2nd": false, "-x": false, `a="1" b`: false} {
		pairs := []cib.NV{{Name: "id"}, {Name: name}}
		if got := nameable(pairs); len(got) == len(pairs) != shown {
			t.Errorf("%q: of id and that there are %v", name, got)
		}
	}
}

func TestTimingsInBothForms(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]func(io.Writer) Output{
		"Timings:\n  * Testing a.xml ... 1.50 secs\n":    func(w io.Writer) Output { return Text(w, nil) },
		`    <timing file="a.xml" duration="1.500000"/>`: func(w io.Writer) Output { return XML(w, "") },
	} {
		var b bytes.Buffer
		out := form(&b)
		measure := func(report func(string, time.Duration)) { report("a.xml", 1500*time.Millisecond) }
		if err := errors.Join(Timings(out, measure), out.Finish(0, "OK")); err != nil || !strings.Contains(b.String(), name) {
			t.Errorf("%v, no %q in\n%s", err, name, b.String())
		}
	}
}

func TestRunTellsNoticesOnlyWhereAsked(t *testing.T) {
	t.Parallel()
	var notices bytes.Buffer
	opt := Options{Notices: &notices, Inspect: func(policy.Input) *policy.Transition {
		return &policy.Transition{Errors: []string{"no fencing"}, Warnings: []string{"odd"}}
	}}
	if err := Run(Text(io.Discard, nil), &cib.CIB{}, opt); err != nil {
		t.Fatal(err)
	}
	if got, want := notices.String(), "error: no fencing\nwarning: odd\n"; got != want {
		t.Errorf("notices %q, want %q", got, want)
	}
}

func TestRunDecidesForTheTimeThatIsKnown(t *testing.T) {
	t.Parallel()
	clock, given := time.Unix(100, 0), time.Unix(300, 0)
	for name, test := range map[string]struct {
		now  time.Time
		date int64
		want time.Time
	}{
		"the clock's":       {want: clock},
		"the CIB's own":     {date: 200, want: time.Unix(200, 0)},
		"the one asked for": {now: given, date: 200, want: given},
	} {
		var got time.Time
		opt := Options{Clock: clock, Now: test.now, Inspect: func(in policy.Input) *policy.Transition {
			got = in.Now
			return &policy.Transition{}
		}}
		if err := Run(Text(io.Discard, nil), &cib.CIB{ExecutionDate: test.date}, opt); err != nil {
			t.Fatal(err)
		}
		if !got.Equal(test.want) {
			t.Errorf("%s: decided for %v, want %v", name, got, test.want)
		}
	}
}

func TestGraphs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for name, write := range map[string]func(io.Writer) error{
		"graph.xml":     func(w io.Writer) error { return Graph(w, sampleTransition()) },
		"graph.dot":     func(w io.Writer) error { return DOT(w, sampleTransition(), false) },
		"graph-all.dot": func(w io.Writer) error { return DOT(w, sampleTransition(), true) },
	} {
		out.Reset()
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}

func TestExecuteLeavesTheResultsInACopyOfTheStatus(t *testing.T) {
	t.Parallel()
	before := &cib.CIB{Status: cib.Status{Nodes: []cib.NodeState{
		{ID: "n1", Uname: "n1", InCCM: true, History: []cib.ResourceHistory{{ID: "runs", Ops: []cib.OpHistory{
			{ID: "runs_last_0", Operation: "start", CallID: 7}}}}},
		{ID: "9", Uname: "unclean-off", InCCM: true, Crmd: true, Join: "member", Expected: "member",
			Attributes: []cib.NVSet{{ID: "a"}}, History: []cib.ResourceHistory{{ID: "lost"}}},
	}}}
	now := time.Unix(1790000000, 0)
	after, err := Execute(io.Discard, before, sampleTransition(), now)
	if err != nil {
		t.Fatal(err)
	}
	var log []string
	for _, n := range after.Status.Nodes {
		for _, h := range n.History {
			for _, op := range h.Ops {
				log = append(log, n.Uname+" "+op.ID+" "+op.Magic)
			}
		}
	}
	const fake = ":xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	want := []string{
		"n1 runs_last_0 0:0;8:-1:0" + fake,
		"n2 runs_last_0 0:0;2:-1:0" + fake,
		"n2 runs_monitor_10000 0:0;3:-1:0" + fake,
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	fenced := cib.NodeState{ID: "9", Uname: "unclean-off", HasInCCM: true, HasCrmd: true, Join: "down", Expected: "down"}
	if diff := cmp.Diff(fenced, after.Status.Nodes[1]); diff != "" {
		t.Errorf("the fenced node (-want +got):\n%s", diff)
	}
	if op := before.Status.Nodes[0].History[0].Ops[0]; op.Operation != "start" || len(before.Status.Nodes) != 2 {
		t.Errorf("the CIB it was given has changed: %+v", before.Status)
	}
}

func TestExecuteRecordsEachOperationUnderItsOwnKey(t *testing.T) {
	t.Parallel()
	meta := func(a *policy.Action, name, value string) *policy.Action {
		a.Render.Attributes = append(a.Render.Attributes, cib.NV{Name: name, Value: value})
		return a
	}
	for want, a := range map[string]*policy.Action{
		"vm_migrate_to_0 migrate_to n1>n2": meta(meta(rscOp(1, "migrate_to", "vm", "n1", "0"), "CRM_meta_migrate_source", "n1"), "CRM_meta_migrate_target", "n2"),
		"vm_pre_notify_start_0 notify >":   meta(meta(rscOp(1, "notify", "vm", "n1", "0"), "CRM_meta_notify_type", "pre"), "CRM_meta_notify_operation", "start"),
		"vm_last_0 start >":                rscOp(1, "reload-agent", "vm", "n1", "0"),
		"vm_last_0 demote >":               rscOp(1, "demote", "vm", "n1", "0"),
		"vm_monitor_5000 monitor >":        rscOp(1, "monitor", "vm", "n1", "5000"),
	} {
		after, err := Execute(io.Discard, &cib.CIB{}, &policy.Transition{Actions: []*policy.Action{a}}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		op := after.Status.Nodes[0].History[0].Ops[0]
		if got := op.ID + " " + op.Operation + " " + op.MigrateSource + ">" + op.MigrateTarget; got != want {
			t.Errorf("%s is recorded as %q, want %q", a.Key, got, want)
		}
	}
}

func TestExecuteRefusesActionsThatWaitForEachOther(t *testing.T) {
	t.Parallel()
	circle := &policy.Transition{Actions: []*policy.Action{rscOp(1, "start", "a", "n1", "0", 2), rscOp(2, "start", "b", "n1", "0", 1)}}
	_, err := Execute(io.Discard, &cib.CIB{}, circle, time.Time{})
	if err == nil || !strings.Contains(err.Error(), "2 actions wait for each other, the first is a_start_0 on n1") {
		t.Errorf("error %v", err)
	}
}

func TestNamesAreOrderedAsPeopleDo(t *testing.T) {
	t.Parallel()
	names := []string{"node10", "Node2", "node1", "node", "node02", "alpha", "node2b"}
	slices.SortFunc(names, compareNames)
	if got, want := strings.Join(names, " "), "alpha node node1 Node2 node2b node02 node10"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for name, write := range map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return Run(Text(w, nil), &cib.CIB{}, Options{Inspect: inspect}) },
		"XML": func(w io.Writer) error {
			out := XML(w, "")
			return errors.Join(Run(out, &cib.CIB{}, Options{Inspect: inspect}), out.Finish(0, ""))
		},
		"DOT":   func(w io.Writer) error { return DOT(w, sampleTransition(), false) },
		"graph": func(w io.Writer) error { return Graph(w, sampleTransition()) },
		"execute": func(w io.Writer) error {
			_, err := Execute(w, &cib.CIB{}, sampleTransition(), time.Time{})
			return err
		},
	} {
		if err := write(failing{full}); !errors.Is(err, full) {
			t.Errorf("%s: %v, want %v", name, err, full)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
