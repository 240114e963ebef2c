package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/policy"
)

// world is a cluster of cores in memory: messages arrive in the order sent,
// nothing happens by itself but what a story's commands let happen.
type world struct {
	t       *testing.T
	now     time.Time
	conf    cib.Configuration
	votes   map[string]int
	timings Timings
	hosts   []*box
	mail    []letter
	cut     map[string]bool // "a|b": no view and no mail between them
	out     bytes.Buffer
	clients uint64
	fencing string // "ok", "steps" (a reboot leaves off), "half" (and on fails), "fail" or "hold"
	fences  []func()
	boots   int
	quiet   bool
	real    func(policy.Input) *policy.Transition
}

// box is one host: what runs on it outlives its core.
type box struct {
	name     string
	core     *Core
	boot     int
	run      int
	disk     []byte
	pledge   []byte
	diskFull bool
	runs     map[string]bool
	held     []string // "RSC OP": operations that do not end by themselves
	fails    []string
	waiting  []cib.Operation
	watching map[string]cib.Operation
	trace    *Recorder
	events   *bytes.Buffer
	cfg      Config
}

type letter struct {
	from, to string
	body     json.RawMessage
	run      int
	event    Event // what the host's own disk, executor or fencer says
}

func newWorld(t *testing.T) *world {
	return &world{t: t, now: time.Unix(1_700_000_000, 0).UTC(), votes: map[string]int{}, cut: map[string]bool{}, fencing: "ok", real: tinySchedule}
}

func (w *world) host(name string) *box {
	for _, h := range w.hosts {
		if h.name == name {
			return h
		}
	}
	w.t.Fatalf("story names host %q, which the cluster does not have", name)
	return nil
}

func (w *world) printf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

// start makes the host's core; boot is true when the kernel starts, too.
func (w *world) start(name string, boot bool) {
	h := w.host(name)
	if boot {
		w.boots++
		h.boot = w.boots
		h.runs = map[string]bool{}
	}
	h.run++
	h.watching, h.waiting = map[string]cib.Operation{}, nil
	h.cfg = Config{
		Node: name, Cluster: "story", Incarnation: fmt.Sprintf("%s-run%d", name, h.run), BootID: fmt.Sprintf("%s-boot%d", name, h.boot),
		Quorum: cluster.QuorumRule{Votes: w.votes, TwoNode: len(w.votes) == 2}, State: h.disk, Pledge: h.pledge, Initial: w.conf, Seed: 1,
		Timings: w.timings, Schedule: w.real,
	}
	core, err := New(h.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	h.core = core
	h.events = &bytes.Buffer{}
	h.trace = NewRecorder(h.events)
	if err := h.trace.Start(w.now, h.cfg); err != nil {
		w.t.Fatal(err)
	}
}

// views tells every core who is there.
func (w *world) views(left ...string) {
	for _, h := range w.hosts {
		if h.core == nil {
			continue
		}
		v := cluster.View{}
		for _, o := range w.hosts {
			up := o.core != nil && !w.cut[h.name+"|"+o.name]
			gone := slices.Contains(left, o.name) && o != h
			if up || gone {
				v.Members = append(v.Members, cluster.Member{Name: o.name, Left: gone,
					Incarnation: fmt.Sprintf("%s-run%d", o.name, o.run), BootID: fmt.Sprintf("%s-boot%d", o.name, o.boot)})
			}
			if o != h {
				v.Links = append(v.Links, cluster.Link{Peer: o.name, Name: "eth1", Up: up})
			}
		}
		w.step(h, ViewChanged{View: v})
	}
}

// step gives one event to a core and carries its effects out.
func (w *world) step(h *box, ev Event) {
	if h.core == nil {
		return
	}
	effects := h.core.Step(w.now, ev)
	if err := h.trace.Step(w.now, ev, effects); err != nil {
		w.t.Fatal(err)
	}
	for _, e := range effects {
		w.effect(h, e)
	}
}

func (w *world) effect(h *box, e Effect) {
	switch e := e.(type) {
	case Send:
		w.mail = append(w.mail, letter{from: h.name, to: e.To, body: e.Body, run: h.run})
	case Persist:
		done := Persisted{Seq: e.Seq}
		if h.diskFull {
			done.Error = "no space left on device"
		} else {
			h.disk = e.Data
		}
		w.later(h, done)
	case WritePledge:
		h.pledge = e.Data
		w.later(h, PledgeWritten{Seq: e.Seq})
	case Archive:
		w.printf("%s: archive %s\n", h.name, e.Name)
	case RunOperation:
		w.operation(h, e.Operation)
	case CancelOperation:
		delete(h.watching, e.Resource)
	case Fence:
		w.fence(h, e)
	case Reply:
		w.printf("%s: reply to %d: %s%s\n", h.name, e.ID, e.Body, prefixed("error: ", e.Error))
	case GuestReply:
		w.printf("%s: reply to guest %s/%s: %s%s\n", h.name, e.VM, e.Request, e.Body, prefixed("error: ", e.Error))
	case Announce:
		if !w.quiet && e.Name != EventOpDone {
			d := Decision{Event: e.Name, Fields: e.Fields}
			w.printf("%s: %s\n", h.name, d.String())
		}
	case LeftCluster:
		w.printf("%s: left the cluster, restart=%v\n", h.name, e.Restart)
		h.core = nil
		w.views(h.name)
	}
}

// operation plays the executor: what is not held ends at once.
func (w *world) operation(h *box, op cib.Operation) {
	w.printf("%s: RUN %s %s\n", h.name, op.Resource, operationWords(&op))
	if op.Force { // cancels what runs for the resource, then kills
		for _, o := range slices.Clone(h.waiting) {
			if o.Resource == op.Resource {
				w.end(h, o, cib.UnknownError, cib.ExecCancelled)
			}
		}
	}
	if op.Interval > 0 {
		h.watching[op.Resource] = op
	}
	if slices.Contains(h.held, op.Resource+" "+op.Name) {
		h.waiting = append(h.waiting, op)
		return
	}
	w.finish(h, op)
}

// finish ends an operation as the world has it.
func (w *world) finish(h *box, op cib.Operation) {
	rc := cib.OK
	switch {
	case slices.Contains(h.fails, op.Resource+" "+op.Name):
		rc = cib.UnknownError
	case op.Name == "start":
		w.activate(h, op.Resource)
	case op.Name == "stop":
		delete(h.runs, op.Resource)
	case op.Name == "monitor" && !h.runs[op.Resource]:
		rc = cib.NotRunning
	case op.Name == "migrate_to":
		delete(h.runs, op.Resource)
		w.activate(w.host(op.MetaValue("migrate_target")), op.Resource)
	case op.Name == "migrate_from" && !h.runs[op.Resource]:
		rc = cib.UnknownError
	}
	w.end(h, op, rc, cib.ExecDone)
}

func (w *world) end(h *box, op cib.Operation, rc cib.RC, status cib.ExecStatus) {
	h.waiting = slices.DeleteFunc(h.waiting, func(o cib.Operation) bool { return o.ID == op.ID })
	w.later(h, OperationDone{Operation: op, Result: cib.Result{ID: op.ID, RC: rc, Status: status, Started: w.now, Ended: w.now}})
}

// activate makes a resource run, and fails the test when it runs twice.
func (w *world) activate(h *box, resource string) {
	for _, o := range w.hosts {
		if o != h && o.runs[resource] {
			w.printf("BROKEN: %s runs on %s and on %s\n", resource, o.name, h.name)
			w.t.Errorf("%s runs on %s and on %s", resource, o.name, h.name)
		}
	}
	h.runs[resource] = true
}

func (w *world) fence(h *box, e Fence) {
	var devices []string
	for _, l := range e.Levels {
		for _, d := range l.Devices {
			devices = append(devices, d.ID)
		}
	}
	w.printf("%s: FENCE %s (%s) with %s after %dms\n", h.name, e.Target, e.Action, strings.Join(devices, ","), e.DelayMS)
	fencing := w.fencing
	if fencing == "half" && e.Action == "on" {
		fencing = "fail"
	}
	switch fencing {
	case "hold":
		w.fences = append(w.fences, func() { w.fenced(h, e, devices[0]) })
	case "ok", "steps", "half":
		w.fenced(h, e, devices[0])
	case "fail":
		w.later(h, FenceDone{ID: e.ID, Target: e.Target, Error: "the switch does not answer"})
	}
}

func (w *world) fenced(h *box, e Fence, device string) {
	if e.Action == "on" {
		w.start(e.Target, true)
		w.views()
	} else {
		w.powerOff(e.Target)
	}
	w.later(h, FenceDone{ID: e.ID, Target: e.Target, OK: true, Device: device, LeftOff: (w.fencing == "steps" || w.fencing == "half") && e.Action == "reboot"})
}

func (w *world) powerOff(name string) {
	h := w.host(name)
	h.core, h.runs, h.waiting = nil, map[string]bool{}, nil
}

// later hands a host an event after those that are on their way.
func (w *world) later(h *box, ev Event) {
	w.mail = append(w.mail, letter{from: h.name, to: h.name, run: h.run, event: ev})
}

// settle delivers mail until none is left.
func (w *world) settle() {
	for n := 0; len(w.mail) > 0; n++ {
		if n > 100000 {
			w.t.Fatal("the cores never stop talking")
		}
		l := w.mail[0]
		w.mail = w.mail[1:]
		to := w.host(l.to)
		if l.event != nil && to.run == l.run {
			w.step(to, l.event)
		}
		if l.event != nil || to.core == nil || w.host(l.from).run != l.run || w.cut[l.from+"|"+l.to] {
			continue
		}
		w.step(to, PeerMessage{From: l.from, Body: l.body})
	}
}

// pass lets time pass, with a tick at every deadline.
func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	for n := 0; ; n++ {
		if n > 10000 {
			w.t.Fatal("the cores want a tick again and again")
		}
		w.settle()
		next, who := end, (*box)(nil)
		for _, h := range w.hosts {
			if h.core == nil {
				continue
			}
			if at := h.core.Deadline(); !at.IsZero() && !at.After(next) {
				next, who = at, h
			}
		}
		if who == nil {
			break
		}
		if next.After(w.now) {
			w.now = next
		}
		w.step(who, Tick{})
	}
	w.now = end
}
