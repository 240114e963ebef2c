package sim

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/node"
)

// recorder is a core that does nothing but what a test plans through it.
type recorder struct {
	seen  func(ev node.Event) []node.Effect
	event []node.Event
}

func (r *recorder) Step(_ time.Time, ev node.Event) []node.Effect {
	r.event = append(r.event, ev)
	if r.seen != nil {
		return r.seen(ev)
	}
	return nil
}
func (*recorder) Deadline() time.Time { return time.Time{} }

// results returns the operations' results in order.
func (r *recorder) results() (all []string) {
	for _, ev := range r.event {
		if d, ok := ev.(node.OperationDone); ok {
			all = append(all, fmt.Sprintf("%s %v/%v", d.Operation.Name, d.Result.Status, d.Result.RC))
		}
	}
	return all
}

// stageWith builds a world whose cores are recorders, all of them up and in
// one view.
func stageWith(t *testing.T, seed uint64, hosts int) (*world, map[string]*recorder) {
	t.Helper()
	cores := map[string]*recorder{}
	w := newWorld(seed, Options{Nodes: hosts, Wrap: func(name string, _ *node.Core) Core {
		cores[name] = &recorder{}
		return cores[name]
	}})
	for _, h := range w.hosts {
		w.powerOn(h)
	}
	w.runUntil(epoch.Add(6 * time.Second))
	for _, h := range w.hosts {
		if h.proc == nil || len(h.proc.peers) != hosts-1 {
			t.Fatalf("%s does not see all others 6 s after power on", h.name)
		}
	}
	return w, cores
}

func (w *world) more(d time.Duration) { w.runUntil(w.agenda.now.Add(d)) }

func order(name, rsc string, meta ...cib.NV) cib.Operation {
	return cib.Operation{Resource: rsc, Class: "ocf", Type: "Dummy", Name: name, Timeout: 15 * time.Second, Meta: meta}
}

// TestStreamsKeepTheEnginesPromise sends numbered messages between all hosts
// while the network is torn and hostds die, and reads them as a core does:
// between two views that hold a peer nothing is missing and nothing swapped.
func TestStreamsKeepTheEnginesPromise(t *testing.T) {
	type numbered struct {
		Run string
		N   int
	}
	received := 0
	for seed := range uint64(30) {
		var w *world
		w = newWorld(seed, Options{Wrap: func(name string, _ *node.Core) Core {
			r := &recorder{}
			member, next := map[string]string{}, map[string]int{}
			sent := map[string]int{}
			run := ""
			r.seen = func(ev node.Event) (out []node.Effect) {
				switch e := ev.(type) {
				case node.ViewChanged:
					seen := map[string]string{}
					for _, m := range e.View.Members {
						if m.Name == name {
							run = m.Incarnation
						} else if !m.Left {
							seen[m.Name] = m.Incarnation
						}
					}
					for _, h := range w.hosts {
						if seen[h.name] != member[h.name] {
							next[h.name], sent[h.name] = 0, 0
						}
					}
					member = seen
				case node.PeerMessage:
					var got numbered
					if err := json.Unmarshal(e.Body, &got); err != nil {
						t.Fatal(err)
					}
					received++
					if got.Run != member[e.From] || got.N != next[e.From] {
						t.Fatalf("seed %d: %s got %+v from %s, whose member is %q, want number %d", seed, name, got, e.From, member[e.From], next[e.From])
					}
					next[e.From]++
				case node.AttributeChanged: // the test's clock
					for _, h := range w.hosts {
						if member[h.name] != "" {
							body, _ := json.Marshal(numbered{run, sent[h.name]})
							sent[h.name]++
							out = append(out, node.Send{To: h.name, Body: body})
						}
					}
				}
				return out
			}
			return r
		}})
		for _, h := range w.hosts {
			w.powerOn(h)
		}
		w.faults = nil
		for _, f := range faults {
			if contains([]string{"split", "one way", "slow network", "kill hostd", "power cut", "stall"}, f.name) {
				w.faults = append(w.faults, f)
			}
		}
		w.chaos(epoch.Add(time.Minute))
		for w.violation == nil && w.agenda.now.Before(epoch.Add(time.Minute)) {
			w.more(30 * time.Millisecond)
			for _, h := range w.hosts {
				if h.proc != nil {
					h.proc.deliver(node.AttributeChanged{})
				}
			}
		}
		if w.violation != nil {
			t.Fatal(w.violation)
		}
	}
	if received < 10000 {
		t.Errorf("only %d messages arrived: the test shows nothing", received)
	}
}

func TestEachSideLosesAPeerInItsOwnTime(t *testing.T) {
	w, _ := stageWith(t, 1, 2)
	(&Stage{w}).Cut("n1", "n2")
	w.more(500 * time.Millisecond)
	for _, h := range w.hosts {
		if len(h.proc.peers) != 1 {
			t.Errorf("%s lost its peer before six tenths of the deadtime", h.name)
		}
	}
	w.more(600 * time.Millisecond)
	for _, h := range w.hosts {
		if len(h.proc.peers) != 0 {
			t.Errorf("%s still sees its peer after the deadtime, though only one way is cut", h.name)
		}
	}
	(&Stage{w}).Heal()
	w.more(2 * time.Second)
	for _, h := range w.hosts {
		if len(h.proc.peers) != 1 {
			t.Errorf("%s does not see its peer again", h.name)
		}
	}
}

func TestAGoodbyeIsSeenOnceAsLeft(t *testing.T) {
	w, cores := stageWith(t, 2, 2)
	w.host("n1").proc.leave(node.LeftCluster{})
	w.more(time.Second)
	left := 0
	for _, ev := range cores["n2"].event {
		if v, ok := ev.(node.ViewChanged); ok {
			for _, m := range v.View.Members {
				if m.Name == "n1" && m.Left {
					left++
				}
			}
		}
	}
	if left != 1 || len(w.host("n2").proc.peers) != 0 {
		t.Errorf("n1 was shown as left %d times and is gone: %v, want once and gone", left, len(w.host("n2").proc.peers) == 0)
	}
}

func TestOperationsChangeTheTruth(t *testing.T) {
	w, cores := stageWith(t, 3, 2)
	a := w.host("n1")
	for _, name := range []string{"monitor", "start", "start", "monitor", "stop", "stop", "monitor"} {
		a.proc.executor.run(order(name, "ip"))
	}
	w.more(20 * time.Second)
	want := "[monitor complete/not running start complete/ok start complete/ok monitor complete/ok stop complete/ok stop complete/ok monitor complete/not running]"
	if got := fmt.Sprint(cores["n1"].results()); got != want {
		t.Errorf("results are\n%s, want\n%s", got, want)
	}
}

func TestARecurringMonitorReportsChangesOnly(t *testing.T) {
	w, cores := stageWith(t, 4, 2)
	ex := w.host("n1").proc.executor
	ex.run(order("start", "ip"))
	m := order("monitor", "ip")
	m.Interval = 10 * time.Second
	ex.run(m)
	w.more(time.Minute)
	w.remove(w.host("n1").copies["ip"])
	w.more(time.Minute)
	ex.cancel(node.CancelOperation{Resource: "ip", Name: "monitor", IntervalMS: 10000})
	w.more(time.Second)
	want := "[start complete/ok monitor complete/ok monitor complete/not running monitor Cancelled/not running]"
	if got := fmt.Sprint(cores["n1"].results()); got != want {
		t.Errorf("results are\n%s, want\n%s", got, want)
	}
}

func TestALiveMigrationHasTwoHalvesOfOneLife(t *testing.T) {
	w, cores := stageWith(t, 5, 2)
	a, b := w.host("n1"), w.host("n2")
	a.proc.executor.run(order("start", "vm1"))
	w.more(5 * time.Second)
	life := a.copies["vm1"].life
	a.proc.executor.run(order("migrate_to", "vm1", cib.NV{Name: "migrate_target", Value: "n2"}))
	w.more(20 * time.Millisecond)
	if b.copies["vm1"] == nil || b.copies["vm1"].phase != incoming || b.copies["vm1"].life != life {
		t.Fatalf("the target holds %v, want the incoming half of life %d", b.copies["vm1"], life)
	}
	w.more(15 * time.Second)
	if w.violation != nil {
		t.Fatal(w.violation)
	}
	if a.copies["vm1"] != nil || b.copies["vm1"] == nil || b.copies["vm1"].phase != running || b.copies["vm1"].life != life {
		t.Errorf("after the migration: source %v, target %v", a.copies["vm1"], b.copies["vm1"])
	}
	if got := fmt.Sprint(cores["n1"].results()); got != "[start complete/ok migrate_to complete/ok]" {
		t.Errorf("results are %s", got)
	}
}

func TestAForcedStopEndsAMigrationAndBothHalves(t *testing.T) {
	w, cores := stageWith(t, 5, 2)
	a, b := w.host("n1"), w.host("n2")
	a.proc.executor.run(order("start", "vm1"))
	w.more(5 * time.Second)
	a.proc.executor.run(order("migrate_to", "vm1", cib.NV{Name: "migrate_target", Value: "n2"}))
	w.more(20 * time.Millisecond)
	w.guests.asks = append(w.guests.asks, &plea{vm: "vm2", target: "vm1", allowed: true})
	kill := order("stop", "vm1")
	kill.Force = true
	a.proc.executor.run(kill)
	w.more(time.Second)
	if a.copies["vm1"] != nil || b.copies["vm1"] != nil || w.violation != nil {
		t.Errorf("source %v, target %v, violation %v, want nothing left", a.copies["vm1"], b.copies["vm1"], w.violation)
	}
	if got := fmt.Sprint(cores["n1"].results()); got != "[start complete/ok migrate_to Cancelled/error stop complete/ok]" {
		t.Errorf("results are %s", got)
	}
}

func TestTwoStartsAreAViolation(t *testing.T) {
	w, _ := stageWith(t, 6, 2)
	for _, h := range w.hosts {
		h.proc.executor.run(order("start", "ip"))
	}
	w.more(time.Second)
	if w.violation == nil || w.violation.Invariant != "no primitive active twice" {
		t.Errorf("violation is %v", w.violation)
	}
}

func TestARestartedHostdFindsItsResources(t *testing.T) {
	w, cores := stageWith(t, 7, 2)
	a := w.host("n1")
	a.proc.executor.run(order("start", "ip"))
	w.more(5 * time.Second)
	(&Stage{w}).Kill("n1", 100*time.Millisecond)
	w.more(time.Second)
	a.proc.executor.run(order("monitor", "ip"))
	w.more(time.Second)
	if got := fmt.Sprint(cores["n1"].results()); got != "[monitor complete/ok]" {
		t.Errorf("the new run of hostd got %s", got)
	}
}

func TestPowerTakesResourcesAndLeavesTheDisk(t *testing.T) {
	w, cores := stageWith(t, 8, 2)
	a := w.host("n1")
	a.proc.executor.run(order("start", "ip"))
	a.proc.perform(node.Persist{Seq: 7, Data: []byte("kept")})
	w.more(5 * time.Second)
	answered := false
	for _, ev := range cores["n1"].event {
		answered = answered || ev == node.Event(node.Persisted{Seq: 7})
	}
	boot := a.bootID()
	w.powerOff(a, "test")
	w.powerOn(a)
	w.more(5 * time.Second)
	if !answered || string(a.disk.state) != "kept" || a.copies["ip"] != nil || a.bootID() == boot || a.proc == nil {
		t.Errorf("answered %v, disk %q, copy %v, boot %s after %s", answered, a.disk.state, a.copies["ip"], a.bootID(), boot)
	}
}

func TestAWriteThatIsCutLeavesTheOldStateOrTheNew(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(40) {
		w, _ := stageWith(t, seed, 2)
		a := w.host("n1")
		a.disk.state = []byte("old")
		a.proc.perform(node.Persist{Seq: 1, Data: []byte("new")})
		w.powerOff(a, "test")
		seen[string(a.disk.state)] = true
	}
	if len(seen) != 2 || !seen["old"] || !seen["new"] {
		t.Errorf("after a cut the disk held %v, want old and new", seen)
	}
}

func TestAFullDiskRefusesAndKeepsWhatItHas(t *testing.T) {
	w, cores := stageWith(t, 9, 2)
	a := w.host("n1")
	a.disk.state, a.disk.full = []byte("old"), true
	a.proc.perform(node.Persist{Seq: 3, Data: []byte("new")})
	w.more(time.Second)
	last := cores["n1"].event[len(cores["n1"].event)-1]
	if e, ok := last.(node.Persisted); !ok || e.Error == "" || string(a.disk.state) != "old" {
		t.Errorf("got %+v with %q on disk", last, a.disk.state)
	}
}

func TestFencingIsReportedAsItWent(t *testing.T) {
	level := func(ids ...string) node.FenceLevel {
		l := node.FenceLevel{Index: 1}
		for _, id := range ids {
			l.Devices = append(l.Devices, node.FenceDevice{ID: id})
		}
		return l
	}
	for name, tc := range map[string]struct {
		levels []node.FenceLevel
		broken bool
		ok     bool
	}{
		"a switch that works":   {levels: []node.FenceLevel{level("fence-n2")}, ok: true},
		"a broken switch":       {levels: []node.FenceLevel{level("fence-n2")}, broken: true},
		"another host's switch": {levels: []node.FenceLevel{level("fence-n1")}},
		"no device":             {},
		"the second level after the first one failed": {levels: []node.FenceLevel{level("fence-n2"), level("fence-n2-spare")}, broken: true, ok: true},
		"a level needs all of its devices":            {levels: []node.FenceLevel{level("fence-n2-spare", "fence-n2")}, broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			w, cores := stageWith(t, 10, 2)
			if tc.broken {
				w.devices["fence-n2"] = deviceFails
			}
			w.fence(w.host("n1").proc, node.Fence{ID: 1, Target: "n2", Action: "off", Levels: tc.levels, TimeoutMS: 60000})
			w.more(30 * time.Second)
			var done []node.FenceDone
			for _, ev := range cores["n1"].event {
				if e, ok := ev.(node.FenceDone); ok {
					done = append(done, e)
				}
			}
			if len(done) != 1 || done[0].OK != tc.ok || w.host("n2").powered == tc.ok {
				t.Errorf("n2 powered: %v, reports: %+v, want one with OK %v", w.host("n2").powered, done, tc.ok)
			}
		})
	}
}
