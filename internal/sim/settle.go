package sim

import (
	"fmt"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

// The bounds of settling: from the end of the faults until the cluster is
// whole, how long it must then stay so, and how many events a whole cluster may
// handle in that time for each node.
const (
	settleLimit = 150 * time.Second
	quietSpan   = 3 * time.Second
	quietSteps  = 120
	lookEvery   = 250 * time.Millisecond
)

// settle waits until the cluster is whole and stays so.
func (w *world) settle() {
	begin := w.agenda.now
	for _, d := range []time.Duration{3 * time.Second, 20 * time.Second, 60 * time.Second} {
		w.agenda.after(d, w.tidy)
	}
	var wholeSince time.Time
	steps, why := 0, ""
	for w.violation == nil {
		w.runUntil(w.agenda.now.Add(lookEvery))
		if why = w.unsettled(); why != "" || !wholeSince.After(w.tidied) {
			wholeSince, steps = w.agenda.now, w.report.Steps
		}
		if why == "" && w.agenda.now.Sub(wholeSince) >= quietSpan {
			if n := w.report.Steps - steps; n > quietSteps*len(w.hosts) {
				w.violate("no busy loop", "a whole cluster that nobody asks anything handled %d events in %v", n, quietSpan)
			}
			w.sameContent()
			w.report.Settled = w.agenda.now.Sub(begin)
			return
		}
		if w.agenda.now.Sub(begin) > settleLimit {
			w.violate("it settles after the faults", "not settled %v after the last fault: %s", settleLimit, why)
		}
	}
}

// sameContent: a settled cluster has one CIB, to the last character.
func (w *world) sameContent() {
	first := encode(w.hosts[0].proc.inspect.CIB())
	for _, h := range w.hosts[1:] {
		if text := encode(h.proc.inspect.CIB()); text != first {
			w.violate("one version, one content", "%s and %s have different CIBs under version %v:\n%s\n%s",
				w.hosts[0].name, h.name, h.proc.inspect.CIB().Version, first, text)
		}
	}
}

// tidy is the administrator after the storm: nodes online, failures forgotten.
func (w *world) tidy() {
	w.tidied = w.agenda.now
	for _, h := range w.hosts {
		if h.proc == nil {
			continue
		}
		for _, o := range w.hosts {
			w.clients.standby(h, o.name, false)
		}
		w.clients.ask(h, control.Cleanup, control.CleanupArgs{}, nil)
		return
	}
}

// unsettled says what is not yet as it should be; "" when all is well.
func (w *world) unsettled() string {
	for _, check := range []func() string{w.notTogether, w.notOneCIB, w.notRunning, w.notAnswered} {
		if why := check(); why != "" {
			return why
		}
	}
	return ""
}

func (w *world) notTogether() string {
	for _, h := range w.hosts {
		switch {
		case !h.powered:
			return h.name + " has no power"
		case h.proc == nil || h.proc.leaving:
			return h.name + " runs no hostd"
		case len(h.proc.peers) != len(w.hosts)-1:
			return h.name + " does not see all others"
		case h.proc.executor.busy():
			return h.name + " carries out operations"
		}
	}
	return ""
}

func (w *world) notOneCIB() string {
	first := w.hosts[0].proc.inspect
	now := first.CIB()
	for _, h := range w.hosts {
		in := h.proc.inspect
		switch {
		case in.DC() == "" || in.DC() != first.DC():
			return fmt.Sprintf("%s takes %q for the DC, %s takes %q", w.hosts[0].name, first.DC(), h.name, in.DC())
		case in.CIB().Version != now.Version:
			return fmt.Sprintf("%s has CIB %v (term %d), %s has %v (term %d)", w.hosts[0].name, now.Version, now.Version.Term,
				h.name, in.CIB().Version, in.CIB().Version.Term)
		case !in.CIB().HaveQuorum:
			return h.name + " has no quorum"
		}
	}
	for _, i := range now.Status.Intents {
		if i.State == cib.IntentMoving {
			return "the move " + i.ID + " of " + i.Resource + " has not ended"
		}
	}
	for _, g := range now.Status.GuestFences {
		if !g.Done && g.Error == "" {
			return "the guest fence " + g.Request + " has not ended"
		}
	}
	return ""
}

func (w *world) notRunning() string {
	conf := &w.hosts[0].proc.inspect.CIB().Config
	wanted := w.wanted(conf)
	for _, id := range sortedKeys(wanted) {
		w.know(id)
	}
	for _, id := range w.known {
		active := 0
		for _, c := range w.copiesOf(id) {
			if c.phase != running {
				return c.String()
			}
			active++
		}
		if active != wanted[id] {
			return fmt.Sprintf("%s runs on %d nodes, wanted on %d", id, active, wanted[id])
		}
	}
	return ""
}

func (w *world) notAnswered() string {
	if r := w.clients.unanswered(); r != nil {
		return fmt.Sprintf("request %d (%s on %s, asked at %.3f) has no answer", r.id, r.verb, r.p.host.name, r.asked.Sub(epoch).Seconds())
	}
	if p := w.guests.unanswered(); p != nil {
		return fmt.Sprintf("guest request %s (%s fences %s) has no answer", p.request, p.vm, p.target)
	}
	return ""
}
