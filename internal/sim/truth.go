package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// phase is what one copy of a resource really is on one host.
type phase string

const (
	starting phase = "starting" // may already touch what it serves
	running  phase = "running"
	stopping phase = "stopping"
	broken   phase = "broken"   // half there: needs a stop
	incoming phase = "incoming" // the paused half of a live migration
)

// replica is one copy of a resource on one host: the truth, whatever any CIB
// says. A resource that is not there has none.
type replica struct {
	resource string
	host     *host
	phase    phase
	// life is one run of the resource from start to stop; a live migration
	// moves it, nothing else has the same twice.
	life uint64
	// moving is the migration this copy is a half of.
	moving *migration
	since  time.Time
}

// spawn begins a new life of a resource on a host.
func (w *world) spawn(id string, h *host) *replica {
	w.lives++
	c := &replica{resource: id, host: h, life: w.lives, since: w.agenda.now}
	h.copies[id] = c
	w.become(c, starting)
	return c
}

// spawnHalf puts the other half of a migration's source on its target.
func (w *world) spawnHalf(m *migration, target *host) {
	m.to = &replica{resource: m.from.resource, host: target, life: m.from.life, since: w.agenda.now, moving: m}
	m.from.moving = m
	target.copies[m.to.resource] = m.to
	w.become(m.to, incoming)
}

// become changes the phase of a copy, tells the watches of its host, and looks
// whether that may be.
func (w *world) become(c *replica, ph phase) {
	c.phase = ph
	w.note(c.host.name, "= %s is %s (life %d)", c.resource, ph, c.life)
	w.changed(c.host, c.resource)
	w.checkActive(c.resource)
}

// remove ends a copy.
func (w *world) remove(c *replica) {
	if c.host.copies[c.resource] != c {
		return
	}
	delete(c.host.copies, c.resource)
	w.note(c.host.name, "= %s is gone (life %d)", c.resource, c.life)
	w.changed(c.host, c.resource)
}

// fails is a resource that breaks by itself: it is gone, or half gone.
func (w *world) fails(c *replica) {
	if c.phase != running || c.moving != nil {
		return
	}
	if w.dice.chance(0.8) {
		w.remove(c)
		return
	}
	w.become(c, broken)
}

// probeRC is what an honest monitor of a resource answers on a host.
func (h *host) probeRC(id string) cib.RC {
	switch c := h.copies[id]; {
	case c == nil:
		return cib.NotRunning
	case c.phase == broken:
		return cib.UnknownError
	}
	return cib.OK
}

// know adds a resource to those the world looks at, keeping them sorted.
func (w *world) know(id string) {
	if at, found := slices.BinarySearch(w.known, id); !found {
		w.known = slices.Insert(w.known, at, id)
	}
}

// copiesOf returns the copies of a resource in the order of the hosts.
func (w *world) copiesOf(id string) []*replica {
	var all []*replica
	for _, h := range w.hosts {
		if c := h.copies[id]; c != nil {
			all = append(all, c)
		}
	}
	return all
}

// baseID is a resource's id without the number of a clone's instance.
func baseID(id string) string {
	if at := strings.LastIndexByte(id, ':'); at > 0 {
		return id[:at]
	}
	return id
}

// exclusive tells whether a resource may be active once only: not a clone's,
// and no fencing device, which is nothing but a right to use one.
func (w *world) exclusive(id string) bool {
	return !w.cloned[id] && !strings.HasPrefix(id, fencePrefix)
}

func (c *replica) String() string {
	return fmt.Sprintf("%s on %s: %s, life %d, since %.3f", c.resource, c.host.name, c.phase, c.life, c.since.Sub(epoch).Seconds())
}
