package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/policy"
)

// TestStories plays the cluster stories under testdata. Each file is one
// cluster; each command's output is what the cores did, in order. Rewrite them
// with -rewrite and review the difference.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := newWorld(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.t = t
			w.out.Reset()
			w.command(d)
			w.settle()
			if w.out.Len() == 0 {
				return "ok\n"
			}
			return w.out.String()
		})
	})
}

// TestStoriesReplay plays every story again from the events that its cores were
// given, and wants the same effects.
func TestStoriesReplay(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := newWorld(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.t = t
			w.command(d)
			w.settle()
			return d.Expected
		})
		for _, h := range w.hosts {
			if h.events == nil {
				continue
			}
			if _, err := ReplayRecording(h.events, h.cfg.Schedule); err != nil {
				t.Errorf("replay of %s: %v", h.name, err)
			}
		}
	})
}

func names(d *datadriven.TestData) []string {
	var out []string
	for _, a := range d.CmdArgs {
		if len(a.Vals) == 0 {
			out = append(out, a.Key)
		}
	}
	return out
}

func arg(d *datadriven.TestData, key string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return strings.Join(a.Vals, " ")
		}
	}
	return ""
}

// command carries one line of a story out.
func (w *world) command(d *datadriven.TestData) {
	switch d.Cmd {
	case "cluster":
		w.cluster(d)
	case "boot", "restart":
		for _, n := range names(d) {
			w.start(n, d.Cmd == "boot")
		}
		w.views()
	case "crash":
		for _, n := range names(d) {
			w.powerOff(n)
		}
		w.views()
	case "kill-hostd":
		for _, n := range names(d) {
			w.host(n).core = nil
		}
		w.views()
	case "cut", "heal":
		n := names(d)
		w.cut[n[0]+"|"+n[1]], w.cut[n[1]+"|"+n[0]] = d.Cmd == "cut", d.Cmd == "cut"
		w.views()
	case "pass":
		span, err := time.ParseDuration(names(d)[0])
		if err != nil {
			w.t.Fatal(err)
		}
		w.pass(span)
	case "leave":
		w.step(w.host(names(d)[0]), Shutdown{Restart: arg(d, "how") == "restart"})
	case "fencing":
		w.fencing = names(d)[0]
		for _, end := range w.fences { // those that were held
			end()
		}
		w.fences = nil
	case "disk":
		w.host(names(d)[0]).diskFull = names(d)[1] == "full"
	case "attribute":
		w.step(w.host(names(d)[0]), AttributeChanged{Name: names(d)[1], Value: names(d)[2]})
	case "hold", "release", "fail", "break":
		w.executor(d)
	case "client":
		w.client(d)
	case "guest":
		n := names(d)
		w.step(w.host(n[0]), GuestRequest{VM: n[1], Request: n[2], Verb: n[3], Target: arg(d, "target"), Action: arg(d, "action")})
	case "status":
		w.status(names(d)[0])
	case "world":
		w.world()
	default:
		w.t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	}
}

// cluster reads the nodes and a resource a line: ID [migrate] [may-fence=VM].
func (w *world) cluster(d *datadriven.TestData) {
	w.timings.InitDead = 10 * time.Second
	for _, n := range names(d) {
		w.votes[n] = 1
		w.hosts = append(w.hosts, &box{name: n})
		w.conf.Nodes = append(w.conf.Nodes, cib.Node{ID: n, Uname: n})
	}
	w.conf.Resources = append(w.conf.Resources, &cib.Resource{ID: "switch", Kind: cib.Primitive, Class: "stonith", Type: "fence_switch",
		Params: []cib.NVSet{{ID: "p", Pairs: []cib.NV{{Name: "pcmk_host_check", Value: "none"}, {Name: "pcmk_delay_base", Value: arg(d, "delay")}}}}})
	for _, line := range strings.Fields(d.Input) {
		id, options, _ := strings.Cut(line, ",")
		r := &cib.Resource{ID: id, Kind: cib.Primitive, Class: "ocf", Provider: "kvmha", Type: "Dummy"}
		for _, o := range strings.Split(options, ",") {
			name, value, _ := strings.Cut(o, "=")
			switch name {
			case "migrate":
				r.Meta = setMetaForTest(r.Meta, "allow-migrate", "true")
			case "may-fence":
				r.Meta = setMetaForTest(r.Meta, cib.MetaGuestFence, value)
			case "may-ask":
				r.Meta = setMetaForTest(r.Meta, cib.MetaGuestStatus, cmpOr(value, "true"))
			}
		}
		w.conf.Resources = append(w.conf.Resources, r)
	}
}

func setMetaForTest(sets []cib.NVSet, name, value string) []cib.NVSet {
	return append(sets, cib.NVSet{ID: name, Pairs: []cib.NV{{Name: name, Value: value}}})
}

// executor changes how a host's operations end.
func (w *world) executor(d *datadriven.TestData) {
	n := names(d)
	h, what := w.host(n[0]), n[1]
	if len(n) > 2 {
		what += " " + n[2]
	}
	switch d.Cmd {
	case "hold":
		h.held = append(h.held, what)
	case "fail":
		h.fails = append(h.fails, what)
	case "release":
		h.held = slices.DeleteFunc(h.held, func(o string) bool { return o == what })
		for _, op := range slices.Clone(h.waiting) {
			if op.Resource+" "+op.Name == what {
				w.finish(h, op)
			}
		}
	case "break": // the resource dies and its monitor notices
		delete(h.runs, n[1])
		if op, ok := h.watching[n[1]]; ok {
			w.finish(h, op)
		}
	}
}

// client sends a verb with its arguments as JSON; apply takes ids of resources.
func (w *world) client(d *datadriven.TestData) {
	n := names(d)
	w.clients++
	args := json.RawMessage(d.Input)
	if control.Verb(n[1]) == control.Apply {
		conf := w.conf
		for _, id := range strings.Fields(d.Input) {
			conf.Resources = append(slices.Clip(conf.Resources), &cib.Resource{ID: id, Kind: cib.Primitive, Class: "ocf", Provider: "kvmha", Type: "Dummy"})
		}
		a := control.ApplyArgs{Config: conf, Source: "story"}
		if base := arg(d, "base"); base != "" {
			a.BaseVersion = &cib.Version{}
			if _, err := fmt.Sscanf(base, "%d", &a.BaseVersion.Epoch); err != nil {
				w.t.Fatal(err)
			}
		}
		args = mustJSON(a)
	}
	w.step(w.host(n[0]), ClientRequest{ID: w.clients, Verb: n[1], Args: args})
}

// status prints what a node's status shows, resources from the world's truth.
func (w *world) status(name string) {
	h := w.host(name)
	s := h.core.status()
	w.printf("dc=%s term=%d version=%s quorum=%v %s\n", s.DC, s.Term, s.Version, s.Quorum.Have, s.Note)
	for _, n := range s.Nodes {
		w.printf("node %s %s %s", n.Name, n.State, n.Why)
		for _, a := range n.Attributes {
			w.printf(" %s=%s", a.Name, a.Value)
		}
		w.printf("\n")
	}
	walkViews(s.Resources, func(v *policy.ResourceView) {
		w.printf("resource %s %s on %s\n", v.ID, v.Role, strings.Join(v.Active, ","))
	})
	for _, f := range s.Failed {
		w.printf("failed %s on %s rc=%d fail-count=%s\n", f.Key, f.Node, f.Operation.RC, f.FailCount)
	}
	for _, in := range s.Intents {
		w.printf("intent %s -> %s %s %s\n", in.Resource, in.Node, in.State, in.Reason)
	}
}

func (w *world) world() {
	for _, h := range w.hosts {
		power := "off"
		if h.core != nil {
			power = "on"
		}
		runs := []string{}
		for _, r := range sortedKeys(h.runs) {
			if h.runs[r] {
				runs = append(runs, r)
			}
		}
		w.printf("%s %s runs %s\n", h.name, power, strings.Join(runs, ","))
	}
}
