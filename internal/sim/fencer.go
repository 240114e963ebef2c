package sim

import (
	"fmt"
	"strings"
	"time"

	"kvmha/internal/node"
)

// fencePrefix begins the id of every fencing device; the rest names its host.
const fencePrefix = "fence-"

// fencing is one Fence effect being carried out.
type fencing struct {
	p     *process
	e     node.Fence
	ended bool
}

// fence carries out an order to fence: after its delay level by level, all the
// devices of a level together, bounded by its time-out.
func (w *world) fence(p *process, e node.Fence) {
	f := &fencing{p: p, e: e}
	w.report.Fences++
	if e.TimeoutMS > 0 {
		w.agenda.after(time.Duration(e.TimeoutMS+e.DelayMS)*time.Millisecond, func() {
			f.finish(false, "", "timed out", time.Time{})
		})
	}
	w.agenda.after(time.Duration(e.DelayMS)*time.Millisecond, func() { f.level(0) })
}

// level tries one level of devices. A run of hostd that has ended tries none.
func (f *fencing) level(i int) {
	w := f.p.w
	switch {
	case f.ended || !f.p.alive:
		return
	case i >= len(f.e.Levels):
		f.finish(false, "", "no level of devices worked", time.Time{})
		return
	}
	took, failure, last := time.Duration(0), "", ""
	for _, d := range f.e.Levels[i].Devices {
		t, err := w.device(d, f.e.Target)
		took, last = max(took, t), d.ID
		if err != "" {
			failure = err
		}
	}
	if last == "" {
		failure = fmt.Sprintf("level %d has no device", f.e.Levels[i].Index)
	}
	w.agenda.after(took, func() {
		switch {
		case f.ended && w.dice.chance(0.5) || !f.p.alive && w.dice.chance(0.5):
			// Nobody waits for the slow device any more; this one gave up.
		case failure != "":
			w.note(f.p.host.name, "! fencing %s fails: %s", f.e.Target, failure)
			f.level(i + 1)
		default:
			f.act(last)
		}
	})
}

// device throws how a device does this time: how long, and why it fails.
func (w *world) device(d node.FenceDevice, target string) (time.Duration, string) {
	took := w.dice.between(30*time.Millisecond, 300*time.Millisecond)
	switch {
	case d.ID != fencePrefix+target && !strings.HasPrefix(d.ID, fencePrefix+target+"-"):
		return took, fmt.Sprintf("device %s cannot fence %s", d.ID, target)
	case w.devices[d.ID] == deviceFails:
		return w.dice.between(took, 2*time.Second), d.ID + ": connection refused"
	case w.devices[d.ID] == deviceDawdles:
		return w.dice.between(2*time.Second, 20*time.Second), ""
	}
	return took, ""
}

// The moods of a fencing device; the zero value works.
const (
	deviceWorks = iota
	deviceFails
	deviceDawdles
)

// act switches the power of the target.
func (f *fencing) act(device string) {
	w := f.p.w
	target := w.host(f.e.Target)
	switch f.e.Action {
	case "on":
		w.powerOn(target)
	case "reboot":
		target.leftOff = w.inSteps
		w.powerOff(target, fmt.Sprintf("rebooted by %s for %s: %s", device, f.p.host.name, f.e.Cause))
		boot := target.boot
		w.agenda.after(w.dice.between(200*time.Millisecond, 4*time.Second), func() {
			if target.boot == boot && !target.leftOff {
				w.powerOn(target)
			}
		})
	default:
		target.leftOff = false
		w.powerOff(target, fmt.Sprintf("switched off by %s for %s: %s", device, f.p.host.name, f.e.Cause))
	}
	off := w.agenda.now
	w.agenda.after(w.dice.between(time.Millisecond, 20*time.Millisecond), func() { f.finish(true, device, "", off) })
	if h := f.p.host; w.fencerDies && f.e.Action != "on" && f.p.alive {
		w.fencerDies = false
		w.agenda.after(w.dice.between(0, 40*time.Millisecond), func() {
			if h.proc == f.p {
				w.kill(h, "it has just fenced "+target.name)
				w.startLater(h, w.dice.between(100*time.Millisecond, 2*time.Second))
			}
		})
	}
}

// finish tells the core, once.
func (f *fencing) finish(ok bool, device, failure string, off time.Time) {
	if f.ended {
		return
	}
	f.ended = true
	if !f.p.alive {
		return
	}
	if ok && f.e.Action != "on" {
		f.p.w.suspects.fenced(f.e.Target, off)
	}
	f.p.deliver(node.FenceDone{ID: f.e.ID, Target: f.e.Target, OK: ok, Device: device, Error: failure,
		LeftOff: ok && f.e.Action == "reboot" && f.p.w.inSteps})
}
