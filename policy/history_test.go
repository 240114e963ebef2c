package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnEntryWithoutAReadableTransitionIsNeitherBeforeNorAfterAPendingOne(t *testing.T) {
	t.Parallel()
	w := world{resources: primXML("a", ""), nodes: []string{"n1"}, status: "n1 a start monitor10=pending stop"}
	for name, test := range map[string]struct{ magic, active string }{
		"the start came first":              {"0:0;1:1:0:u", ""},
		"the start's transition is cut off": {"0:0:u", "n1"},
		"the start has no transition":       {"", "n1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.cib(t)
			c.Status.Nodes[0].History[0].Ops[0].Magic = test.magic
			if got := strings.Join(Schedule(Input{CIB: c, Now: now}).Resources[0].Active, " "); got != test.active {
				t.Errorf("a is active on %q, want %q", got, test.active)
			}
		})
	}
}

func TestAFailCountIsLookedAtAgainWhenItExpiresIfTheHistoryTellsATime(t *testing.T) {
	t.Parallel()
	failed := now.Add(-10 * time.Minute).Unix()
	w := world{resources: primXML("a", "failure-timeout=1h"), nodes: []string{"n1"}, status: "n1 a start monitor10\n" +
		fmt.Sprintf("n1 attr fail-count-a#monitor_10000=1 last-failure-a#monitor_10000=%d", failed)}
	due := time.Unix(failed+3600+1, 0).UTC()
	for name, test := range map[string]struct {
		changed int64
		zero    bool
		want    time.Time
	}{
		"the result is of this hour":             {failed, false, due},
		"the result is of the beginning of 1970": {0, true, due},
		"the result is of no time":               {0, false, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.cib(t)
			for i := range c.Status.Nodes[0].History[0].Ops {
				op := &c.Status.Nodes[0].History[0].Ops[i]
				op.LastRCChange, op.ZeroRCChange = test.changed, test.zero
			}
			if got := Schedule(Input{CIB: c, Now: now}).RecheckAt; !got.Equal(test.want) {
				t.Errorf("the next decision is due at %v, want %v", got, test.want)
			}
		})
	}
}

func TestHistoriesOfOneSurplusInstanceAreOfOneInstance(t *testing.T) {
	t.Parallel()
	const group = `<clone id="c"><group id="g"><primitive id="a" class="ocf" provider="p" type="a"/><primitive id="b" class="ocf" provider="p" type="a"/></group></clone>`
	for name, test := range map[string]struct {
		status string
		want   int
	}{
		"where its first member is active":         {"n1 a:1 start\nn1 b:1 monitor=7", 2},
		"where something is done with that":        {"n1 a:1 monitor10=pending\nn1 b:1 monitor=7", 2},
		"where something is done with the last":    {"n1 b:1 monitor10=pending\nn1 a:1 monitor=7", 2},
		"unless nothing of it is or will be there": {"n1 a:1 monitor=7\nn1 b:1 monitor=7", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{resources: group, nodes: []string{"n1"}, status: "n1 a:0 start\nn1 b:0 start\n" + test.status}
			instances := Schedule(Input{CIB: w.cib(t), Now: now}).Resources[0].Children
			if len(instances) != test.want {
				t.Errorf("the clone has %d instances, want %d", len(instances), test.want)
			}
		})
	}
}

func TestHistoryOfAnotherAgentIsNotCleanedUpWhereAProbeIsDone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status string
		cleans bool
	}{
		"a probe found nothing":    {"n1 a monitor=7", true},
		"a probe is not back yet":  {"n1 a monitor=pending", false},
		"it is active, and stops":  {"n1 a start", true},
		"its start is not over":    {"n1 a start=pending", true},
		"its monitor is not back":  {"n1 a start monitor10=pending", true},
		"the history has no entry": {"n2 a monitor=7", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{resources: `<primitive id="a" class="ocf" provider="p" type="another"/>`, nodes: []string{"n1"}, status: test.status}
			got := story(Schedule(Input{CIB: w.cib(t), Now: now}))
			if strings.Contains(got, "a_delete") != test.cleans {
				t.Errorf("cleans up: want %v:\n%s", test.cleans, got)
			}
		})
	}
}
