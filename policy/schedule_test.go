package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kvmha/internal/cib"
)

const fencingOn = "stonith-enabled=true"

// known says that nothing runs anywhere, so that a test sees no probes.
func known(nodes string, rscs ...string) string {
	var b strings.Builder
	for _, n := range strings.Fields(nodes) {
		for _, r := range rscs {
			b.WriteString(n + " " + r + " monitor=7\n")
		}
	}
	return b.String()
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		w    world
		want string
	}{
		{"a resource of unknown state is probed everywhere before it starts", world{resources: primXML("a", "")}, `
			a_monitor_10000 n1 after a_start n1
			a_probe n1
			a_probe n2
			a_start n1`},
		{"what runs and is wanted is left alone", world{resources: primXML("a", ""), status: "n1 a start monitor10\nn2 a monitor=7"}, ``},
		{"an option that takes true or false keeps its default for anything else", world{
			options: "symmetric-cluster=perhaps", resources: primXML("a", ""), status: known("n1 n2", "a")}, `
			a_monitor_10000 n1 after a_start n1
			a_start n1`},
		{"resources spread over the nodes", world{resources: primXML("a", "") + primXML("b", ""), status: known("n1 n2", "a", "b")}, `
			a_monitor_10000 n1 after a_start n1
			a_start n1
			b_monitor_10000 n2 after b_start n2
			b_start n2`},
		{"target-role Stopped stops", world{resources: primXML("a", "target-role=Stopped"), status: "n1 a start monitor10\nn2 a monitor=7"}, `
			a_stop n1`},
		{"an unmanaged resource is left alone", world{resources: primXML("a", "is-managed=false target-role=Stopped"), status: "n1 a start monitor10\nn2 a monitor=7"}, ``},
		{"a group starts in order on one node", world{resources: groupXML("g", primXML("a", ""), primXML("b", "")), status: known("n1 n2", "a", "b")}, `
			a_monitor_10000 n1 after a_start n1
			a_start n1
			b_monitor_10000 n1 after b_start n1
			b_start n1 after a_start n1`},
		{"a group moves as one, last member first", world{
			resources: groupXML("g", primXML("a", ""), primXML("b", "")), constraints: `<rsc_location id="l" rsc="g" node="n2" score="100"/>`,
			status: "n1 a start monitor10\nn1 b start monitor10\n" + known("n2", "a", "b")}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1, b_stop n1
			a_stop n1 after b_stop n1
			b_monitor_10000 n2 after b_start n2
			b_start n2 after a_start n2, a_stop n1, b_stop n1
			b_stop n1`},
		{"a clone runs on every node", world{resources: cloneXML("c", "", primXML("a", "")), status: known("n1 n2", "a")}, `
			a:1_monitor_10000 n2 after a:1_start n2
			a:1_start n2
			a_monitor_10000 n1 after a_start n1
			a_start n1`},
		{"a location of -INFINITY forbids a node", world{
			resources: primXML("a", ""), constraints: `<rsc_location id="l" rsc="a" node="n1" score="-INFINITY"/>`,
			status: "n1 a start monitor10\nn2 a monitor=7"}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1
			a_stop n1`},
		{"stickiness outweighs a lesser preference", world{
			resources: primXML("a", "resource-stickiness=200"), constraints: `<rsc_location id="l" rsc="a" node="n2" score="100"/>`,
			status: "n1 a start monitor10\nn2 a monitor=7"}, ``},
		{"a rule on an attribute moves a resource away", world{
			resources:   primXML("a", ""),
			constraints: `<rsc_location id="l" rsc="a"><rule id="r" score="-INFINITY"><expression id="e" attribute="ping" operation="lt" value="100" type="integer"/></rule></rsc_location>`,
			status:      "n1 a start monitor10\nn2 a monitor=7\nn1 attr ping=0\nn2 attr ping=100"}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1
			a_stop n1`},
		{"mandatory colocation follows", world{
			resources: primXML("a", "") + primXML("b", ""), constraints: `<rsc_colocation id="c" rsc="b" with-rsc="a" score="INFINITY"/>`,
			status: "n1 a start monitor10\nn2 a monitor=7\n" + known("n1 n2", "b")}, `
			b_monitor_10000 n1 after b_start n1
			b_start n1`},
		{"anti-colocation separates", world{
			resources: primXML("a", "") + primXML("b", ""), constraints: `<rsc_colocation id="c" rsc="b" with-rsc="a" score="-INFINITY"/>`,
			status: "n1 a start monitor10\nn2 a monitor=7\n" + known("n1 n2", "b")}, `
			b_monitor_10000 n2 after b_start n2
			b_start n2`},
		{"mandatory order waits for the start, and stops the other way round", world{
			resources: primXML("a", "target-role=Stopped") + primXML("b", ""), constraints: `<rsc_order id="o" first="a" then="b"/>`,
			status: "n1 a start monitor10\nn1 b start monitor10\n" + known("n2", "a", "b")}, `
			a_stop n1 after b_stop n1
			b_stop n1`},
		{"a failed monitor recovers in place", world{
			resources: primXML("a", ""), status: "n1 a start monitor10=1\nn2 a monitor=7"}, `
			a_monitor_10000 n1 after a_start n1
			a_start n1 after a_stop n1
			a_stop n1`},
		{"migration-threshold drives a resource away", world{
			resources: primXML("a", "migration-threshold=1"),
			status:    "n1 a start monitor10=1\nn2 a monitor=7\nn1 attr fail-count-a#monitor_10000=1"}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1
			a_stop n1`},
		{"a failed start bans the node when start-failure-is-fatal", world{
			resources: primXML("a", ""), status: "n1 a start=1\nn2 a monitor=7\nn1 attr fail-count-a#start_0=INFINITY"}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1
			a_stop n1`},
		{"a node that vanished is fenced before its resources are recovered", world{
			options: fencingOn, nodes: []string{"n1", "n2:lost"}, resources: primXML("fence1", "") + primXML("a", ""),
			status: "n1 fence1 start monitor10\nn2 a start monitor10\nn1 a monitor=7"}, `
			a_monitor_10000 n1 after a_start n1
			a_start n1 after fence n2 (reboot)
			fence n2 (reboot)`},
		{"a failed stop fences", world{
			options: fencingOn, resources: primXML("fence1", "") + primXML("a", ""),
			status: "n1 fence1 start monitor10\nn2 fence1 monitor=7\nn2 a start stop=1\nn1 a monitor=7"}, `
			a_monitor_10000 n1 after a_start n1
			a_start n1 after fence n2 (reboot)
			fence n2 (reboot)`},
		{"a failed stop blocks where fencing is off", world{
			resources: primXML("a", ""), status: "n1 a start stop=1\nn2 a monitor=7"}, ``},
		{"without quorum everything stops", world{
			noQuorum: true, resources: primXML("a", ""), status: "n1 a start monitor10\nn2 a monitor=7"}, `
			a_stop n1`},
		{"no-quorum-policy=freeze keeps what runs and starts nothing", world{
			noQuorum: true, options: "no-quorum-policy=freeze", resources: primXML("a", "") + primXML("b", ""),
			status: "n1 a start monitor10\nn2 a monitor=7\n" + known("n1 n2", "b")}, ``},
		{"a live migration moves without a stop before the start", world{
			resources: primXML("vm", "allow-migrate=true"), constraints: `<rsc_location id="l" rsc="vm" node="n2" score="100"/>`,
			status: "n1 vm start monitor10\nn2 vm monitor=7"}, `
			vm_migrate_from n2 after vm_migrate_to n1
			vm_migrate_to n1
			vm_monitor_10000 n2 after vm_migrate_from n2, vm_stop n1
			vm_stop n1 after vm_migrate_from n2`},
		{"a migration of which only migrate_to is done goes on", world{
			resources: primXML("vm", "allow-migrate=true"), constraints: `<rsc_location id="l" rsc="vm" node="n2" score="100"/>`,
			status: "n2 vm monitor=7\nn1 vm start monitor10 migrate_to@n1>n2"}, `
			vm_migrate_from n2
			vm_monitor_10000 n2 after vm_migrate_from n2, vm_stop n1
			vm_stop n1 after vm_migrate_from n2`},
		{"after both halves of a migration only the stop at the source is left", world{
			resources: primXML("vm", "allow-migrate=true"),
			status:    "n1 vm start migrate_to@n1>n2\nn2 vm monitor=7 migrate_from@n1>n2 monitor10"}, `
			vm_stop n1`},
		{"a standby node gives everything away", world{
			resources: primXML("a", ""), status: "n1 a start monitor10\nn2 a monitor=7\nn1 attr standby=on"}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1
			a_stop n1`},
		{"a node that wants to leave gives everything away first", world{
			resources: primXML("a", ""), status: "n1 a start monitor10\nn2 a monitor=7\nn1 attr shutdown=1"}, `
			a_monitor_10000 n2 after a_start n2
			a_start n2 after a_stop n1
			a_stop n1
			do_shutdown-n1 n1 after a_stop n1`},
		{"what is not configured any more is stopped and forgotten", world{
			status: "n1 a start monitor10"}, `
			a_delete n1 after a_stop n1
			a_stop n1`},
		{"the fittest instance is promoted after all have started", world{
			resources: cloneXML("c", "promotable=true", primXML("a", "")),
			status:    known("n1 n2", "a") + "n1 attr master-a=5\nn2 attr master-a=10"}, `
			a:1_monitor_10000 n1 after a:1_start n1
			a:1_start n1
			a_promote n2 after a:1_start n1, a_start n2
			a_start n2`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := strings.TrimSpace(strings.ReplaceAll(tt.want, "\t", ""))
			if diff := cmp.Diff(want, story(decide(t, tt.w))); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestAMoveIsAnIntentThatNeedsNoConstraint(t *testing.T) {
	t.Parallel()
	w := world{resources: primXML("a", "resource-stickiness=1000"), status: "n1 a start monitor10\nn2 a monitor=7"}
	c := w.cib(t)
	tests := []struct {
		name   string
		intent cib.Intent
		want   string // the node a is to be on
	}{
		{"moving to a node", cib.Intent{Resource: "a", Node: "n2", State: cib.IntentMoving}, "n2"},
		{"moving away from a node", cib.Intent{Resource: "a", From: "n1", State: cib.IntentMoving}, "n2"},
		{"settled where it is", cib.Intent{Resource: "a", Node: "n1", State: cib.IntentSettled}, "n1"},
		{"settled elsewhere means nothing", cib.Intent{Resource: "a", Node: "n2", State: cib.IntentSettled}, "n1"},
		{"failed means nothing", cib.Intent{Resource: "a", Node: "n2", State: cib.IntentFailed}, "n1"},
		{"expired means nothing", cib.Intent{Resource: "a", Node: "n2", State: cib.IntentMoving, Expires: now.Unix()}, "n1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			own := *c
			own.Status.Intents = []cib.Intent{tt.intent}
			tr := Schedule(Input{CIB: &own, Now: now})
			if got := tr.Resources[0].Next; got != tt.want {
				t.Errorf("a is to be on %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAnIntentThatWillExpireIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	c := world{resources: primXML("a", ""), status: "n1 a start monitor10\nn2 a monitor=7"}.cib(t)
	c.Status.Intents = []cib.Intent{{Resource: "a", Node: "n2", State: cib.IntentMoving, Expires: now.Unix() + 60}}
	if got, want := Schedule(Input{CIB: c, Now: now}).RecheckAt, now.Unix()+60; got.Unix() != want {
		t.Errorf("recheck at %v, want %v", got.Unix(), want)
	}
}

func TestHeldResourcesAndWhatDependsOnThemStayOut(t *testing.T) {
	t.Parallel()
	w := world{
		resources: primXML("vm", "") + primXML("b", "") + primXML("c", ""), constraints: `<rsc_order id="o" first="vm" then="b"/>`,
		status: known("n1 n2", "vm", "b", "c"),
	}
	tr := Schedule(Input{CIB: w.cib(t), Now: now, Hold: []string{"vm"}})
	for _, a := range tr.Actions {
		if strings.HasPrefix(a.Key, "vm_") || strings.HasPrefix(a.Key, "b_") {
			t.Errorf("%s must wait for the fence of vm", a.Key)
		}
	}
	if !strings.Contains(story(tr), "c_start") {
		t.Errorf("c has nothing to do with vm, but got only:\n%s", story(tr))
	}
}

func TestRecordedDigestsMatchTheNextDecision(t *testing.T) {
	t.Parallel()
	rsc := `<primitive id="a" class="ocf" provider="p" type="a"><instance_attributes id="ia"><nvpair id="ip" name="ip" value="1"/></instance_attributes><operations><op id="m" name="monitor" interval="10s"/></operations></primitive>`
	tr := decide(t, world{resources: rsc, status: known("n1 n2", "a")})
	for _, a := range tr.Actions {
		want := map[string]string{
			"a_start_0":       cib.Digest([]cib.NV{{Name: "ip", Value: "1"}}),
			"a_monitor_10000": cib.Digest([]cib.NV{{Name: "ip", Value: "1"}, {Name: "CRM_meta_timeout", Value: "20000"}}),
		}[a.Key]
		if a.OpDigest != want {
			t.Errorf("%s: digest %q, want %q", a.Key, a.OpDigest, want)
		}
	}
}

func TestChangedParametersRestart(t *testing.T) {
	t.Parallel()
	rsc := `<primitive id="a" class="ocf" provider="p" type="a"><instance_attributes id="ia"><nvpair id="ip" name="ip" value="2"/></instance_attributes></primitive>`
	tr := decide(t, world{resources: rsc, status: "n1 a start\nn2 a monitor=7"})
	if got, want := story(tr), "a_start n1 after a_stop n1\na_stop n1"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestInspectDecidesNothing(t *testing.T) {
	t.Parallel()
	tr := Inspect(Input{CIB: world{resources: primXML("a", ""), status: "n1 a start"}.cib(t), Now: now})
	if len(tr.Actions) != 0 || len(tr.Resources) != 1 || tr.Resources[0].Role != Started {
		t.Errorf("got %d actions and %+v", len(tr.Actions), tr.Resources)
	}
}
