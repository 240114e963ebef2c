package sim

import (
	"time"

	"kvmha/internal/cib"
)

// migration is a live migration under way: two halves of one life.
type migration struct {
	from, to *replica
	task     *task // the migrate_to that is told of the end
	ended    bool
}

// beginMigration starts moving t's VM to the host it names.
func (w *world) beginMigration(t *task) {
	h := t.ex.p.host
	c, target := h.copies[t.id], w.host(t.op.MetaValue("migrate_target"))
	took := w.dice.mostly(150*time.Millisecond, 1200*time.Millisecond, 0.1, 6*time.Second)
	switch {
	case c == nil || c.phase != running || c.moving != nil:
		t.finishAfter(20*time.Millisecond, cib.UnknownError, "the VM does not run here")
		return
	case target == nil || target == h || !target.powered || !w.network.pathOpen(h, target):
		t.finishAfter(w.dice.between(50*time.Millisecond, time.Second), cib.UnknownError, "the target cannot be reached")
		return
	case target.copies[t.id] != nil:
		t.finishAfter(20*time.Millisecond, cib.UnknownError, "the target has a domain of that name")
		return
	}
	m := &migration{from: c, task: t}
	w.spawnHalf(m, target)
	t.moving = m
	fate := w.fate()
	w.agenda.after(took, func() {
		switch {
		case m.ended:
		case fate == failsClean || fate == failsDirty || !w.network.pathOpen(h, target):
			m.abort()
			t.finish(cib.UnknownError, cib.ExecDone, "migration failed: the target closed the connection")
		case fate == hangs: // until its time-out, see task.expire
		default:
			m.switchOver()
			w.agenda.after(w.dice.between(time.Millisecond, 30*time.Millisecond), func() { t.finish(cib.OK, cib.ExecDone, "") })
		}
	})
}

// switchOver ends it well: the VM runs on the target only.
func (m *migration) switchOver() {
	m.end()
	w := m.task.ex.p.w
	w.remove(m.from)
	w.become(m.to, running)
}

// abort ends it with the VM still on the source.
func (m *migration) abort() {
	m.end()
	m.task.ex.p.w.remove(m.to)
}

func (m *migration) end() {
	m.ended = true
	m.from.moving, m.to.moving = nil, nil
}

// migrationsPowerCut ends the migration of a copy whose host loses power.
// Cutting the source rarely comes just after the switch-over.
func (w *world) migrationsPowerCut(c *replica) {
	m := c.moving
	switch {
	case m == nil:
	case c == m.from && w.dice.chance(w.opts.lateCut()):
		m.switchOver()
	case c == m.from:
		m.abort()
	default:
		m.abort()
		t := m.task
		t.finishAfter(w.dice.between(10*time.Millisecond, 500*time.Millisecond), cib.UnknownError, "migration failed: the target is gone")
	}
}

// killHalf ends a copy by force; the migration it was a half of fails.
func (w *world) killHalf(c *replica) {
	m := c.moving
	if m == nil {
		w.remove(c)
		return
	}
	m.end()
	w.remove(m.to)
	if c == m.from {
		w.remove(m.from)
	}
	m.task.finishAfter(w.dice.between(time.Millisecond, 20*time.Millisecond), cib.UnknownError, "migration failed: the domain was destroyed")
}
