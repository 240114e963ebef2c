package node

import (
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// realWorld is a world of two hosts with the real scheduler, a fencing device
// and one address with a monitor.
func realWorld(t *testing.T) *world {
	w := newWorld(t)
	w.real = policy.Schedule
	for _, n := range []string{"a", "b"} {
		w.votes[n] = 1
		w.hosts = append(w.hosts, &box{name: n})
		w.conf.Nodes = append(w.conf.Nodes, cib.Node{ID: n, Uname: n})
	}
	w.conf.Resources = []*cib.Resource{
		{ID: "switch", Kind: cib.Primitive, Class: "stonith", Type: "fence_switch"},
		{ID: "vip", Kind: cib.Primitive, Class: "ocf", Provider: "kvmha", Type: "Dummy",
			Ops: []cib.OpSpec{{ID: "vip-monitor", Name: "monitor", Interval: "10s"}}},
	}
	return w
}

func (w *world) bootAll() {
	for _, h := range w.hosts {
		w.start(h.name, true)
	}
	w.views()
	w.pass(time.Second)
}

func (w *world) starts() int { return strings.Count(w.out.String(), "RUN vip start") }

// Pacemaker Explained, "start-failure-is-fatal".
func TestAStartThatFailedIsTriedOnceOnEachNode(t *testing.T) {
	w := realWorld(t)
	for _, h := range w.hosts {
		h.fails = []string{"vip start"}
	}
	w.bootAll()
	if w.starts() != 2 {
		t.Errorf("%d starts, want one a node:\n%s", w.starts(), w.out.String())
	}
}

func TestAMonitorThatFailsInTheSecondOfItsStartIsRecovered(t *testing.T) {
	w := realWorld(t)
	w.bootAll()
	for range 3 { // the world's clock stands still meanwhile
		for _, h := range w.hosts {
			if h.runs["vip"] {
				delete(h.runs, "vip")
				w.finish(h, h.watching["vip"])
				w.settle()
				break
			}
		}
	}
	if w.starts() != 4 {
		t.Errorf("%d starts, want the first and three recoveries:\n%s", w.starts(), w.out.String())
	}
}

func TestALostHostIsFencedAndItsAddressRecoveredWithTheRealScheduler(t *testing.T) {
	w := realWorld(t)
	w.bootAll()
	for _, h := range w.hosts {
		if h.runs["vip"] {
			w.powerOff(h.name)
			break
		}
	}
	w.views()
	w.pass(time.Second)
	if !w.hosts[0].runs["vip"] && !w.hosts[1].runs["vip"] || w.starts() != 2 || !strings.Contains(w.out.String(), "FENCE") {
		t.Errorf("the address was not recovered after fencing:\n%s", w.out.String())
	}
}
