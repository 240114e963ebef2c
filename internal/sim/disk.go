package sim

import (
	"time"

	"kvmha/internal/node"
)

// disk is what a host keeps over a power cut: the last state written whole.
// Writes replace the file by renaming, so a cut leaves the old or the new one.
type disk struct {
	state   []byte
	pending []*write
	// full makes writes fail; slow is the worst duration of one.
	full bool
	slow time.Duration
	free time.Time // when the write before will be done
}

type write struct {
	seq  uint64
	data []byte
}

// persist writes e for p, one write after another.
func (w *world) persist(p *process, e node.Persist) {
	d := &p.host.disk
	one := &write{e.Seq, append([]byte(nil), e.Data...)}
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
		failure := ""
		if d.full {
			failure = "write /var/lib/kvmha/state.json.tmp: no space left on device"
		} else {
			d.state = one.data
		}
		p.deliver(node.Persisted{Seq: one.seq, Error: failure})
	})
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
		if d.full || dice.chance(0.5) {
			break
		}
		d.state = one.data
	}
	d.pending = nil
	d.free = time.Time{}
}
