package sim

import (
	"time"

	"kvmha/internal/node"
)

// fault is one thing that goes wrong. It plans its own mending; what is left
// at the end of a run, mend puts right.
type fault struct {
	name   string
	weight int
	do     func(w *world)
}

// faults is everything that may go wrong, and who asks for what meanwhile.
var faults = []fault{
	{"client", 22, func(w *world) { w.clients.someone() }},
	{"guest fence", 10, func(w *world) { w.guests.someone() }},
	{"resource fails", 8, (*world).resourceFails},
	{"split", 7, (*world).split},
	{"one way", 4, (*world).oneWay},
	{"link", 3, (*world).oneLink},
	{"slow network", 3, (*world).slowNetwork},
	{"kill hostd", 8, (*world).killSome},
	{"kill writer", 4, (*world).killWriter},
	{"crash apart", 4, (*world).crashApart},
	{"power cut", 8, (*world).powerCut},
	{"agents fail", 4, (*world).failAgents},
	{"slow disk", 3, (*world).slowDisk},
	{"full disk", 2, (*world).fullDisk},
	{"kill fencer", 3, (*world).killFencer},
	{"fence device", 5, (*world).breakDevice},
	{"stall", 5, (*world).stallSome},
	{"leave", 4, (*world).leaveSome},
}

// chaos throws faults until the time is up.
func (w *world) chaos(until time.Time) {
	d := w.dice.mostly(20*time.Millisecond, 1500*time.Millisecond, 0.15, 5*time.Second)
	w.agenda.after(d, func() {
		if w.agenda.now.After(until) {
			return
		}
		w.throwFault()
		w.chaos(until)
	})
}

func (w *world) throwFault() {
	sum := 0
	for _, f := range w.faults {
		sum += f.weight
	}
	if sum == 0 {
		return
	}
	n := w.dice.IntN(sum)
	for _, f := range w.faults {
		if n -= f.weight; n < 0 {
			w.note("", "fault: %s", f.name)
			w.report.Faults++
			f.do(w)
			return
		}
	}
}

// for lets a fault last a while; undo runs then unless all has been mended.
func (w *world) lasting(undo func()) {
	mends := w.mends
	w.agenda.after(w.dice.mostly(50*time.Millisecond, 4*time.Second, 0.3, 15*time.Second), func() {
		if w.mends == mends {
			undo()
		}
	})
}

func (w *world) resourceFails() {
	var all []*replica
	for _, h := range w.hosts {
		for _, id := range w.known {
			if c := h.copies[id]; c != nil && c.phase == running {
				all = append(all, c)
			}
		}
	}
	if c := pick(w.dice, all); c != nil {
		w.fails(c)
	}
}

// split cuts the hosts into two sides.
func (w *world) split() {
	side := map[string]bool{}
	for _, h := range w.hosts {
		side[h.name] = w.dice.chance(0.5)
	}
	var cuts []wire
	for _, a := range w.hosts {
		for _, b := range w.hosts {
			if side[a.name] != side[b.name] {
				cuts = append(cuts, wiresBetween(a, b)...)
			}
		}
	}
	w.cutWires(cuts)
}

// oneWay lets one host not hear another any more.
func (w *world) oneWay() {
	a, b := pick(w.dice, w.hosts), pick(w.dice, w.hosts)
	if a != b {
		w.cutWires(wiresBetween(a, b))
	}
}

func (w *world) oneLink() {
	a, b := pick(w.dice, w.hosts), pick(w.dice, w.hosts)
	if a != b {
		w.cutWires(wiresBetween(a, b)[:1])
		for _, h := range []*host{a, b} {
			if h.proc != nil {
				h.proc.deliverView()
			}
		}
	}
}

func wiresBetween(from, to *host) []wire {
	var all []wire
	for _, l := range linkNames {
		all = append(all, wire{from.name, to.name, l})
	}
	return all
}

func (w *world) cutWires(cuts []wire) {
	for _, c := range cuts {
		w.network.cut[c] = true
		w.note(c.from, "cut %s to %s", c.link, c.to)
	}
	w.network.refresh()
	w.lasting(func() {
		for _, c := range cuts {
			delete(w.network.cut, c)
			w.note(c.from, "mended %s to %s", c.link, c.to)
		}
		w.network.refresh()
	})
}

func (w *world) slowNetwork() {
	w.network.slow = w.dice.between(10*time.Millisecond, 400*time.Millisecond)
	w.lasting(func() { w.network.calm, w.network.slow = w.agenda.now.Add(w.network.slow), 0 })
}

func (w *world) killSome() {
	h := pick(w.dice, w.hosts)
	if h.proc != nil {
		w.kill(h, "fault")
		w.startLater(h, w.dice.mostly(50*time.Millisecond, 2*time.Second, 0.2, 15*time.Second))
	}
}

// killWriter kills the next hostd that is just writing to its disk.
func (w *world) killWriter() {
	end := w.agenda.now.Add(5 * time.Second)
	var look func()
	look = func() {
		for _, h := range w.hosts {
			if h.proc != nil && len(h.disk.pending) > 0 {
				w.kill(h, "while it writes")
				w.startLater(h, w.dice.between(50*time.Millisecond, time.Second))
				return
			}
		}
		if w.agenda.now.Before(end) {
			w.agenda.after(200*time.Microsecond, look)
		}
	}
	look()
}

// crashApart kills a hostd that comes back soon, but where nobody sees it.
func (w *world) crashApart() {
	h := pick(w.dice, w.hosts)
	if h.proc == nil {
		return
	}
	w.kill(h, "and its host is cut off")
	w.startLater(h, w.dice.between(50*time.Millisecond, 500*time.Millisecond))
	var cuts []wire
	for _, o := range w.hosts {
		if o != h {
			cuts = append(append(cuts, wiresBetween(h, o)...), wiresBetween(o, h)...)
		}
	}
	w.cutWires(cuts)
}

// powerCut takes the power from one host; rarely from all at once.
func (w *world) powerCut() {
	some := []*host{pick(w.dice, w.hosts)}
	if w.dice.chance(0.1) {
		some = w.hosts
	}
	for _, h := range some {
		w.powerOff(h, "power cut")
		w.agenda.after(w.dice.between(100*time.Millisecond, 15*time.Second), func() { w.powerOn(h) })
	}
}

func (w *world) failAgents() {
	w.agentsFail = true
	w.lasting(func() { w.agentsFail = false })
}

func (w *world) slowDisk() {
	d := &pick(w.dice, w.hosts).disk
	d.slow = w.dice.between(20*time.Millisecond, 3*time.Second)
	w.lasting(func() { d.slow = 0 })
}

func (w *world) fullDisk() {
	d := &pick(w.dice, w.hosts).disk
	d.full = true
	w.lasting(func() { d.full = false })
}

func (w *world) breakDevice() {
	id := fencePrefix + pick(w.dice, w.hosts).name
	w.devices[id] = pick(w.dice, []int{deviceFails, deviceDawdles})
	w.lasting(func() { delete(w.devices, id) })
}

func (w *world) stallSome() {
	if h := pick(w.dice, w.hosts); h.proc != nil {
		h.proc.stall(w.dice.mostly(20*time.Millisecond, 900*time.Millisecond, 0.3, 6*time.Second))
	}
}

func (w *world) leaveSome() {
	if h := pick(w.dice, w.hosts); h.proc != nil && !h.proc.leaving {
		h.proc.deliver(node.Shutdown{Restart: w.dice.chance(0.5)})
	}
}

// mend ends every fault and gives every host its power and its hostd back.
func (w *world) mend() {
	w.note("", "all faults end")
	w.mends++
	w.agentsFail, w.fencerDies = false, false
	w.devices = map[string]int{}
	w.network.calm, w.network.slow = w.agenda.now.Add(w.network.slow), 0
	w.mended = w.agenda.now
	clear(w.network.cut)
	for _, h := range w.hosts {
		h.disk.full, h.disk.slow = false, 0
	}
	w.network.refresh()
	w.raise()
}

// killFencer kills the next hostd that has fenced, when it has just done so.
func (w *world) killFencer() {
	w.fencerDies = true
	w.lasting(func() { w.fencerDies = false })
}

// raise is the administrator who switches on again what is off. What was switched
// off to be rebooted is the cluster's own to switch on; they look after that only
// when it has had all its time.
func (w *world) raise() {
	for _, h := range w.hosts {
		if !h.leftOff || w.agenda.now.Sub(w.mended) >= time.Minute {
			w.powerOn(h)
		}
		if h.proc == nil {
			w.startLater(h, w.dice.between(500*time.Millisecond, 3*time.Second))
		}
	}
	w.agenda.after(5*time.Second, w.raise)
}
