package sim

import (
	"fmt"
	"time"

	"kvmha/internal/node"
)

// guests plays the daemons in the VMs: they ask for each other's death, ask
// again wherever they find themselves, and remember what was answered.
type guests struct {
	w    *world
	made int
	asks []*plea
}

// plea is one fence request of a guest.
type plea struct {
	vm, request, target, action string
	asked                       time.Time
	// askerLife is the life of the VM that asks; a VM started again knows
	// nothing of it. targetLives ran when it was asked: all must end.
	askerLife   uint64
	targetLives []uint64
	allowed     bool
	answered    bool
	failure     string
	shownTo     *process // whom it was last presented to
	shownAt     time.Time
}

// rights are who may fence whom in every scenario.
var rights = map[string]string{"vm1": "vm2 vm3", "vm2": "vm1"}

// again is how often a guest without an answer repeats itself.
const again = 2 * time.Second

// someone lets a guest ask for the fence of another; rarely of one that it may
// not fence.
func (g *guests) someone() {
	w := g.w
	vm := pick(w.dice, []string{"vm1", "vm2"})
	c := g.runningCopy(vm)
	if c == nil {
		return
	}
	p := &plea{vm: vm, askerLife: c.life, asked: w.agenda.now, allowed: true, action: pick(w.dice, []string{"reboot", "reboot", ""})}
	p.target = map[string]string{"vm1": pick(w.dice, []string{"vm2", "vm3"}), "vm2": "vm1"}[vm]
	if w.dice.chance(0.1) {
		p.target, p.allowed = map[string]string{"vm1": "vm1", "vm2": "vm3"}[vm], false
	}
	g.made++
	p.request = fmt.Sprintf("%s-%d-%d", vm, c.life, g.made)
	for _, t := range w.copiesOf(p.target) {
		p.targetLives = append(p.targetLives, t.life)
	}
	g.asks = append(g.asks, p)
	g.present(p)
}

// present shows a plea to the hostd below its VM, and plans to look again.
func (g *guests) present(p *plea) {
	w := g.w
	c := g.runningCopy(p.vm)
	if p.answered || c == nil && !g.alive(p) || c != nil && c.life != p.askerLife {
		return
	}
	if c != nil && c.host.proc != nil && (c.host.proc != p.shownTo || w.agenda.now.Sub(p.shownAt) >= again) {
		p.shownTo, p.shownAt = c.host.proc, w.agenda.now
		c.host.proc.deliver(node.GuestRequest{VM: p.vm, Request: p.request, Verb: "fence", Target: p.target, Action: p.action})
	}
	w.agenda.after(100*time.Millisecond, func() { g.present(p) })
}

// runningCopy returns the copy of a VM whose CPUs run.
func (g *guests) runningCopy(vm string) *replica {
	for _, c := range g.w.copiesOf(vm) {
		if c.phase == running {
			return c
		}
	}
	return nil
}

// alive tells whether the asking life goes on somewhere.
func (g *guests) alive(p *plea) bool {
	for _, c := range g.w.copiesOf(p.vm) {
		if c.life == p.askerLife {
			return true
		}
	}
	return false
}

// reply takes the core's answer to a guest. An answer on a host that the guest
// has left is kept by the hub there and never seen.
func (g *guests) reply(p *process, e node.GuestReply) {
	for _, a := range g.asks {
		if a.vm != e.VM || a.request != e.Request {
			continue
		}
		if c := p.host.copies[e.VM]; c == nil || c.life != a.askerLife {
			return
		}
		switch {
		case e.Error == "" && !a.allowed:
			g.w.violate("a guest has its rights only", "%s may not fence %s, but request %s was granted", a.vm, a.target, a.request)
		case e.Error == "":
			g.mustBeDown(a)
		}
		if a.answered && (a.failure == "") != (e.Error == "") {
			g.w.violate("one request, one answer", "request %s of %s: answered %q, now %q", a.request, a.vm, a.failure, e.Error)
		}
		a.answered, a.failure = true, e.Error
		g.w.report.GuestFences++
		if e.Error == "" && g.w.dice.chance(0.2) {
			g.repeat(a)
		}
		return
	}
	g.w.violate("one reply a request", "%s answers guest request %s of %s, which nobody made", p.host.name, e.Request, e.VM)
}

// mustBeDown: every life that the target had when the fence was asked for has
// ended, so it was down at some moment since.
func (g *guests) mustBeDown(a *plea) {
	for _, c := range g.w.copiesOf(a.target) {
		for _, life := range a.targetLives {
			if c.life == life {
				g.w.violate("a fence is answered when the target is down", "%s was told that %s is down, but %s", a.vm, a.target, c)
			}
		}
	}
}

// repeat presents an answered request once more, as a guest does that lost the
// answer: nothing may happen but the same answer.
func (g *guests) repeat(a *plea) {
	w := g.w
	w.agenda.after(w.dice.between(10*time.Millisecond, 5*time.Second), func() {
		c := g.runningCopy(a.vm)
		if c != nil && c.life == a.askerLife && c.host.proc != nil {
			c.host.proc.deliver(node.GuestRequest{VM: a.vm, Request: a.request, Verb: "fence", Target: a.target, Action: a.action})
		}
	})
}

// wanted tells whether some allowed plea for the target is open. A plea whose
// asker died stays open: the cluster has accepted it, perhaps.
func (g *guests) wanted(target string) bool {
	for _, a := range g.asks {
		if a.target == target && a.allowed && !a.answered {
			return true
		}
	}
	return false
}

// unanswered returns a plea whose living asker should have its answer by now.
func (g *guests) unanswered() *plea {
	for _, a := range g.asks {
		if c := g.runningCopy(a.vm); !a.answered && c != nil && c.life == a.askerLife {
			return a
		}
	}
	return nil
}
