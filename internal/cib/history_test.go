package cib

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outcome is a short way to write a record of resource ip on node a.
func outcome(op string, ms int64, call int, rc RC, target RC) OpRecord {
	return OpRecord{Node: "a", Resource: "ip", Operation: op, IntervalMS: ms, CallID: call, RC: rc, TargetRC: target,
		LastRCChange: 1000 + int64(call), TransitionKey: "1:2:0:uuid"}
}

func pending(op string, ms int64, call int) OpRecord {
	r := outcome(op, ms, call, PendingRC, OK)
	r.Status = ExecPending
	return r
}

func counted(r OpRecord, by string) OpRecord {
	r.FailCount = by
	return r
}

// The keys are those of Pacemaker's controller (pcmk__create_history_xml).
func TestResultsAreKeptUnderPacemakersKeys(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		records []OpRecord
		want    string // id=call/rc, sorted; then the fail counts
	}{
		{"a probe that finds nothing", []OpRecord{outcome("monitor", 0, 1, NotRunning, NotRunning)}, "last_0=1/7"},
		{"a probe that finds it running is a failure, too", []OpRecord{outcome("monitor", 0, 1, OK, NotRunning)}, "last_0=1/0 last_failure_0=1/0"},
		{"start and monitor", []OpRecord{outcome("start", 0, 2, OK, OK), outcome("monitor", 10000, 3, OK, OK)}, "last_0=2/0 monitor_10000=3/0"},
		{"a pending operation hides the last one", []OpRecord{outcome("start", 0, 2, OK, OK), pending("stop", 0, 4)}, "last_0=4/193"},
		{"a failed monitor keeps the last success", []OpRecord{outcome("monitor", 10000, 3, OK, OK), counted(outcome("monitor", 10000, 3, NotRunning, OK), "++")},
			"last_failure_0=3/7 monitor_10000=3/0 fail-count-ip#monitor_10000=1 last-failure-ip#monitor_10000=1003"},
		{"failures add up", []OpRecord{counted(outcome("monitor", 10000, 3, NotRunning, OK), "++"), counted(outcome("monitor", 10000, 4, NotRunning, OK), "++")},
			"last_failure_0=4/7 fail-count-ip#monitor_10000=2 last-failure-ip#monitor_10000=1004"},
		{"a failed start counts as INFINITY", []OpRecord{counted(outcome("start", 0, 5, UnknownError, OK), "INFINITY")},
			"last_0=5/1 last_failure_0=5/1 fail-count-ip#start_0=INFINITY last-failure-ip#start_0=1005"},
		{"a stop that is ordered ends the monitors", []OpRecord{outcome("monitor", 10000, 3, OK, OK), pending("stop", 0, 4)}, "last_0=4/193"},
		{"an older call does not replace a newer one", []OpRecord{pending("stop", 0, 6), outcome("start", 0, 5, OK, OK)}, "last_0=6/193"},
		{"notifications leave no trace", []OpRecord{outcome("notify", 0, 3, OK, OK)}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := &CIB{}
			for _, r := range tc.records {
				next, err := Apply(c, Command{RecordOperation: &r})
				if err != nil {
					t.Fatal(err)
				}
				c = next
			}
			if got := historyText(c.Status.Node("a")); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func historyText(n *NodeState) string {
	var parts []string
	for _, h := range n.History {
		for _, o := range h.Ops {
			parts = append(parts, fmt.Sprintf("%s=%d/%d", strings.TrimPrefix(o.ID, "ip_"), o.CallID, o.RC))
		}
	}
	slices.Sort(parts)
	for i := range n.Attributes {
		for _, p := range n.Attributes[i].Pairs {
			parts = append(parts, p.Name+"="+p.Value)
		}
	}
	return strings.Join(parts, " ")
}

func TestFailuresAreClearedOrForgotten(t *testing.T) {
	t.Parallel()
	c := &CIB{}
	for _, r := range []OpRecord{outcome("start", 0, 2, OK, OK), outcome("monitor", 10000, 3, OK, OK), counted(outcome("monitor", 10000, 4, NotRunning, OK), "++")} {
		c, _ = Apply(c, Command{RecordOperation: &r})
	}
	cleared, _ := Apply(c, Command{ClearFailures: &ClearFailures{Node: "a", Resource: "ip"}})
	if got := historyText(cleared.Status.Node("a")); got != "last_0=2/0 monitor_10000=3/0" {
		t.Errorf("cleared: %s", got)
	}
	cancelled, _ := Apply(cleared, Command{ForgetRecurring: &ForgetRecurring{Node: "a", Resource: "ip", Operation: "monitor", IntervalMS: 10000}})
	if got := historyText(cancelled.Status.Node("a")); got != "last_0=2/0" {
		t.Errorf("cancelled: %s", got)
	}
	forgotten, _ := Apply(c, Command{ForgetResource: &ForgetResource{Node: "a", Resource: "ip"}})
	if got := historyText(forgotten.Status.Node("a")); got != "" {
		t.Errorf("forgotten: %s", got)
	}
	if got := historyText(c.Status.Node("a")); !strings.Contains(got, "last_failure_0=4/7") {
		t.Errorf("the CIB before was changed: %s", got)
	}
}

func TestAResultIsAFailureWhenItIsNotWhatWasExpected(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		r    OpRecord
		want bool
	}{
		{"as expected", OpRecord{RC: OK, TargetRC: OK}, false},
		{"another code", OpRecord{RC: NotRunning, TargetRC: OK}, true},
		{"a timeout", OpRecord{Status: ExecTimeout, RC: OK, TargetRC: OK}, true},
		{"pending", OpRecord{Status: ExecPending, RC: PendingRC}, false},
		{"cancelled", OpRecord{Status: ExecCancelled, RC: UnknownError}, false},
	} {
		if got := tc.r.Failed(); got != tc.want {
			t.Errorf("%s: failed=%v", tc.name, got)
		}
	}
}
