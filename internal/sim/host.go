package sim

import (
	"fmt"
	"time"
)

// host is one machine: power, disk, what runs on it, and perhaps a hostd.
type host struct {
	name    string
	powered bool
	boot    int // counts boots; 0 before the first
	disk    disk
	proc    *process // the running hostd, nil without
	// runs counts runs of hostd; a planned start is void when it has changed.
	runs   int
	copies map[string]*replica
	// leftOff: a device has switched it off to reboot it and not on again.
	leftOff bool
	// offSince is when the power last went; see guests and the fencer.
	offSince time.Time
}

func (h *host) bootID() string { return fmt.Sprintf("boot-%s-%d", h.name, h.boot) }

// host returns the host of that name, or nil.
func (w *world) host(name string) *host {
	for _, h := range w.hosts {
		if h.name == name {
			return h
		}
	}
	return nil
}

// powerOn boots a host; its hostd starts once the kernel is up.
func (w *world) powerOn(h *host) {
	if h.powered {
		return
	}
	h.powered, h.leftOff = true, false
	h.boot++
	w.note(h.name, "power on, %s", h.bootID())
	w.startLater(h, w.dice.between(time.Second, 3*time.Second))
}

// powerOff is the cut: everything of this host is gone at once, but its disk.
func (w *world) powerOff(h *host, why string) {
	if !h.powered {
		return
	}
	w.note(h.name, "POWER OFF: %s", why)
	w.lost(h)
	h.powered = false
	h.offSince = w.agenda.now
	w.endProcess(h, false)
	for _, id := range w.known {
		if c := h.copies[id]; c != nil {
			w.migrationsPowerCut(c)
			w.remove(c)
		}
	}
	w.network.refresh()
}

// kill ends hostd at once (kill -9, a crash): resources stay as they are.
func (w *world) kill(h *host, why string) {
	if h.proc == nil {
		return
	}
	w.note(h.name, "hostd killed: %s", why)
	w.lost(h)
	w.endProcess(h, true)
	w.network.refresh()
}

// endProcess forgets the run of hostd. Its operations under way are settled in
// the world when the host goes on, for a new run waits for what is left over.
func (w *world) endProcess(h *host, hostGoesOn bool) {
	p := h.proc
	if p == nil {
		return
	}
	p.alive = false
	h.proc = nil
	h.runs++
	h.disk.cut(w.dice)
	w.network.died(p)
	if hostGoesOn {
		p.executor.orphan()
	} else {
		p.executor.abandon()
	}
	w.clients.gone(p)
}

// startLater starts hostd after a while, unless something else happens to the
// host first.
func (w *world) startLater(h *host, d time.Duration) {
	boot, runs := h.boot, h.runs
	w.agenda.after(d, func() {
		if h.powered && h.boot == boot && h.runs == runs && h.proc == nil {
			w.startProcess(h)
		}
	})
}
