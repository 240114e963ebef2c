package sim

import (
	"fmt"
	"runtime/debug"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/node"
)

// stepsAtOnce is how many events one core may handle within moment before it
// counts as a busy loop.
const (
	stepsAtOnce = 1000
	moment      = time.Millisecond
)

// process is one run of hostd: a core and the shell around it.
type process struct {
	w           *world
	host        *host
	incarnation string
	boot        string // of the kernel below
	core        Core
	inspect     Inspector
	executor    *executor
	peers       map[string]*session // those in this run's view
	viewSince   time.Time           // when peers last changed
	alive       bool
	leaving     bool
	// stalledUntil: the process gets no CPU; what happens waits in inbox.
	stalledUntil time.Time
	inbox        []node.Event
	starved      time.Duration // the pause the next view admits to
	armed        time.Time     // the deadline the agenda has a tick for
	moment       time.Time     // when stepsNow began to be counted
	stepsNow     int
	// version and configVersion are those of the CIB when last looked at.
	version, configVersion cib.Version
}

func (w *world) startProcess(h *host) {
	h.runs++
	p := &process{
		w: w, host: h, alive: true, peers: map[string]*session{}, viewSince: w.agenda.now,
		incarnation: fmt.Sprintf("%s-run%d", h.name, h.runs), boot: h.bootID(),
	}
	p.executor = newExecutor(p)
	h.proc = p
	w.note(h.name, "hostd starts, incarnation %s, %s", p.incarnation, h.bootID())
	core := w.newCore(p, &h.disk)
	p.core, p.inspect = core, core
	if w.opts.Wrap != nil {
		p.core = w.opts.Wrap(h.name, core)
	}
	p.rearm()
	p.deliverView()
	w.network.refresh()
}

// deliver hands the core an event, now or when it has CPU again.
func (p *process) deliver(ev node.Event) {
	switch {
	case !p.alive || p.w.violation != nil:
	case p.stalledUntil.After(p.w.agenda.now) || len(p.inbox) > 0:
		p.inbox = append(p.inbox, ev)
	default:
		p.step(ev)
	}
}

// deliverView hands the core what the engine sees now.
func (p *process) deliverView() {
	if p.alive {
		v := p.w.network.view(p)
		p.w.viewSeen(p, v)
		p.deliver(node.ViewChanged{View: v})
	}
}

// stall takes the CPU from the process for a while.
func (p *process) stall(d time.Duration) {
	until := p.w.agenda.now.Add(d)
	if !p.alive || !until.After(p.stalledUntil) {
		return
	}
	p.stalledUntil = until
	p.w.note(p.host.name, "hostd gets no CPU for %v", d.Round(time.Millisecond))
	p.w.network.refresh()
	p.w.agenda.at(until, func() {
		if !p.alive || p.stalledUntil.After(p.w.agenda.now) {
			return
		}
		p.starved = d
		inbox := p.inbox
		p.inbox = nil
		for _, ev := range inbox {
			p.deliver(ev)
		}
		p.deliver(node.Tick{})
		p.deliverView()
		p.w.network.refresh()
		p.w.agenda.after(time.Second, func() {
			p.starved = 0
			p.deliverView()
		})
	})
}

func (p *process) stalled() bool { return p.stalledUntil.After(p.w.agenda.now) }

// step is one event into the core and its effects into the world.
func (p *process) step(ev node.Event) {
	w := p.w
	if w.agenda.now.Sub(p.moment) > moment {
		p.moment, p.stepsNow = w.agenda.now, 0
	}
	if p.stepsNow++; p.stepsNow > stepsAtOnce {
		w.violate("no busy loop", "%s handled %d events within %v, the last is %s", p.host.name, p.stepsNow, moment, describeEvent(ev))
		return
	}
	w.report.Steps++
	if _, tick := ev.(node.Tick); !tick {
		w.note(p.host.name, "< %s", describeEvent(ev))
	}
	for _, effect := range p.stepSafely(ev) {
		if !p.alive || w.violation != nil {
			break
		}
		w.note(p.host.name, "> %s", describeEffect(effect))
		p.perform(effect)
	}
	p.rearm()
	w.checkAlways(p)
}

// stepSafely turns a panic of the core into a violation with its stack.
func (p *process) stepSafely(ev node.Event) (effects []node.Effect) {
	defer func() {
		if r := recover(); r != nil {
			p.w.violate("no panic", "%s: %v at %s\n%s", p.host.name, r, describeEvent(ev), debug.Stack())
			p.alive = false
		}
	}()
	return p.core.Step(p.w.agenda.now, ev)
}

func (p *process) perform(effect node.Effect) {
	w := p.w
	switch e := effect.(type) {
	case node.Send:
		w.checkVote(p, e)
		w.network.send(p, e.To, e.Body)
	case node.Persist:
		w.persist(p, write{state: e.Data, done: func(failure string) node.Event { return node.Persisted{Seq: e.Seq, Error: failure} }})
	case node.WritePledge:
		w.persist(p, write{pledge: e.Data, done: func(string) node.Event { return node.PledgeWritten{Seq: e.Seq} }})
	case node.RunOperation:
		p.executor.run(e.Operation)
	case node.CancelOperation:
		p.executor.cancel(e)
	case node.Fence:
		w.fence(p, e)
	case node.Reply:
		w.clients.reply(p, e)
	case node.GuestReply:
		w.guests.reply(p, e)
	case node.LeftCluster:
		p.leave(e)
	case node.Archive, node.Announce:
	default:
		w.violate("known effects only", "%s: the simulator does not know the effect %T", p.host.name, effect)
	}
}

// leave is Engine.Leave and the end of the process. After a restart hostd
// comes back at once, after a shutdown the host is switched off.
func (p *process) leave(e node.LeftCluster) {
	if p.leaving {
		return
	}
	w, h := p.w, p.host
	p.leaving = true
	w.checkLeft(p, e)
	w.network.goodbye(p)
	w.agenda.after(w.dice.between(20*time.Millisecond, 60*time.Millisecond), func() {
		if !p.alive {
			return
		}
		w.note(h.name, "hostd has left")
		w.endProcess(h, true)
		w.network.refresh()
		if e.Restart {
			w.startLater(h, w.dice.between(100*time.Millisecond, 2*time.Second))
			return
		}
		w.startLater(h, w.dice.between(2*time.Second, 10*time.Second))
	})
}

// rearm plans the tick for the core's deadline.
func (p *process) rearm() {
	if !p.alive {
		return
	}
	d := p.core.Deadline()
	if d.IsZero() || d.Equal(p.armed) {
		return
	}
	p.armed = d
	p.w.agenda.at(d, func() {
		if p.alive && p.armed.Equal(d) {
			p.armed = time.Time{}
			p.deliver(node.Tick{})
		}
	})
}
