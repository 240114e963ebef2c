package sim

import (
	"time"

	"kvmha/internal/node"
)

// disk is what a host keeps over a power cut: the last state and the last
// pledge written whole. Writes replace a file by renaming, or use one of two
// places in turn, so a cut leaves the old or the new one.
type disk struct {
	state, pledge []byte
	pending       []*write
	// full makes writes of the state fail; a pledge needs no room. slow is the
	// worst duration of one.
	full bool
	slow time.Duration
	free time.Time // when the write before will be done
}

// write is one of a state or of a pledge; done makes the event that answers it.
type write struct {
	state, pledge []byte
	done          func(failure string) node.Event
}

// persist carries a write out for p, one after another.
func (w *world) persist(p *process, e write) {
	d := &p.host.disk
	one := &e
	d.pending = append(d.pending, one)
	took := w.dice.mostly(300*time.Microsecond, 3*time.Millisecond, 0.02, 40*time.Millisecond)
	if d.slow > 0 {
		took = w.dice.between(took, d.slow)
	}
	if d.free.Before(w.agenda.now) {
		d.free = w.agenda.now
	}
	d.free = d.free.Add(took)
	w.agenda.at(d.free, func() {
		if !p.alive {
			return
		}
		d.drop(one)
		failure := d.land(one)
		if failure == "" {
			w.checkWriter(p, one.state)
		}
		p.deliver(one.done(failure))
	})
}

// land puts a write on the disk, or says why that fails.
func (d *disk) land(one *write) (failure string) {
	switch {
	case one.pledge != nil:
		d.pledge = one.pledge
	case d.full:
		return "write /var/lib/kvmha/state.json.tmp: no space left on device"
	default:
		d.state = one.state
	}
	return ""
}

func (d *disk) drop(one *write) {
	for i, p := range d.pending {
		if p == one {
			d.pending = append(d.pending[:i], d.pending[i+1:]...)
			return
		}
	}
}

// cut ends the writes under way when the process dies: of those in the queue
// some first ones may have reached the disk, unreported.
func (d *disk) cut(dice dice) {
	for _, one := range d.pending {
		if dice.chance(0.5) {
			break
		}
		d.land(one)
	}
	d.pending = nil
	d.free = time.Time{}
}
