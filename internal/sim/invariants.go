package sim

import (
	"fmt"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/internal/node"
)

// Violation is a broken invariant.
type Violation struct {
	// Invariant is its name, What the case in words with names and times.
	Invariant string
	What      string
	// At is the virtual time since the run's beginning.
	At time.Duration
}

func (v *Violation) Error() string {
	return fmt.Sprintf("invariant %q is violated at %.4f s: %s", v.Invariant, v.At.Seconds(), v.What)
}

// violate ends the run with the first violation.
func (w *world) violate(invariant, format string, args ...any) {
	if w.violation != nil {
		return
	}
	w.violation = &Violation{invariant, fmt.Sprintf(format, args...), w.agenda.now.Sub(epoch)}
	w.note("!!!!", "%s: %s", invariant, w.violation.What)
}

// checkActive: a primitive is active once in the world; two copies are allowed
// only as the halves of one live migration. It is called whenever a copy
// begins or changes.
func (w *world) checkActive(id string) {
	if !w.exclusive(id) {
		return
	}
	all := w.copiesOf(id)
	if len(all) < 2 {
		return
	}
	if len(all) == 2 && all[0].life == all[1].life && all[0].moving != nil && all[0].moving == all[1].moving {
		return
	}
	var where []string
	for _, c := range all {
		where = append(where, c.String())
	}
	w.violate("no primitive active twice", "%s", strings.Join(where, "; "))
}

// checkStart: nothing is recovered before the node it ran on is proven dead.
func (w *world) checkStart(t *task) {
	h := t.ex.p.host
	if t.op.Name != "start" || !w.exclusive(t.id) || h.copies[t.id] != nil {
		return
	}
	if m := w.suspects.find(h.name, t.id, w.connected(t.ex.p)); m != nil {
		w.violate("no recovery before confirmed fencing",
			"%s starts %s, which was active on %s (%s) when that was lost at %.4f; no fencing since, no reboot seen",
			h.name, t.id, m.lost, m.boot, m.since.Sub(epoch).Seconds())
	}
}

// lost marks what runs on a host whose hostd is about to end without goodbye.
func (w *world) lost(h *host) {
	if h.proc != nil && h.proc.leaving {
		return
	}
	for _, observer := range w.hosts {
		if observer != h {
			w.suspect(observer.name, h)
		}
	}
}

// peerLost marks what runs on a peer that has just left p's view; one that
// said goodbye has let go.
func (w *world) peerLost(p, peer *process) {
	if !peer.leaving && peer.host.bootID() == peer.boot {
		w.suspect(p.host.name, peer.host)
	}
}

func (w *world) suspect(observer string, h *host) {
	for _, id := range w.known {
		if c := h.copies[id]; c != nil && c.phase != incoming && w.exclusive(id) {
			w.suspects.mark(suspicion{observer: observer, lost: h.name, resource: id, boot: h.bootID(), since: w.agenda.now})
		}
	}
}

// viewSeen clears the nodes that are members again.
func (w *world) viewSeen(p *process, v cluster.View) {
	for _, m := range v.Members {
		if m.Name != p.host.name && !m.Left {
			w.suspects.returned(m.Name)
		}
	}
}

// operationEnded clears a resource that is proven to be stopped, for the nodes
// that may have heard of it.
func (w *world) operationEnded(t *task, rc cib.RC, status cib.ExecStatus) {
	gone := t.op.Name == "stop" && rc == cib.OK || t.op.Name == "monitor" && rc == cib.NotRunning ||
		t.op.Name == "migrate_to" && rc == cib.OK
	if status != cib.ExecDone || !gone {
		return
	}
	here := w.connected(t.ex.p)
	w.suspects.stopped(t.ex.p.host.name, t.id, func(observer string) bool { return here[observer] })
}

// connected returns the names of the hosts that p's messages can reach, over
// others as well.
func (w *world) connected(p *process) map[string]bool {
	reached := map[string]bool{p.host.name: true}
	for todo := []*process{p}; len(todo) > 0; todo = todo[1:] {
		for _, h := range w.hosts {
			if s := todo[0].peers[h.name]; s != nil && !reached[h.name] {
				reached[h.name] = true
				if h.proc != nil {
					todo = append(todo, h.proc)
				}
			}
		}
	}
	return reached
}

// checkLeft: who leaves for good has let go of everything.
func (w *world) checkLeft(p *process, e node.LeftCluster) {
	if e.Restart {
		return
	}
	for _, id := range w.known {
		if c := p.host.copies[id]; c != nil && c.phase != incoming && w.managed(p, id) {
			w.violate("a clean leave leaves nothing behind", "%s leaves with %s", p.host.name, c)
		}
	}
}

// checkForced: a copy is killed by force only while some guest's fence of it
// is open. It makes a fence that takes effect twice visible.
func (w *world) checkForced(t *task) {
	if c := t.ex.p.host.copies[t.id]; c != nil && !w.guests.wanted(t.id) {
		w.violate("a guest's fence takes effect once", "forced stop of %s, but no guest waits for that", c)
	}
}

// checkAlways looks at what may change with any event of p.
func (w *world) checkAlways(p *process) {
	if w.violation != nil || !p.alive {
		return
	}
	now := p.inspect.CIB()
	if now == nil || now.Version == p.version {
		return
	}
	p.version = now.Version
	w.checkVersion(p, now)
}

// checkVersion: two cores with the same configuration version have the same
// configuration.
func (w *world) checkVersion(p *process, now *cib.CIB) {
	v := now.Version
	v.NumUpdates = 0
	if v == p.configVersion {
		return
	}
	p.configVersion = v
	text := encode(now.Config)
	if old, known := w.versions[v]; !known {
		w.versions[v] = text
	} else if old != text {
		w.violate("one version, one content", "%s has another configuration under version %+v than a node before it", p.host.name, v)
	}
}

// checkPartition looks at the members of one partition whose views have agreed
// for a while: one DC, one of them, and every promise kept where there is
// quorum.
func (w *world) checkPartition(members []*process) {
	dc := members[0].inspect.DC()
	known := false
	for _, p := range members {
		known = known || p.host.name == dc
		if p.inspect.DC() != dc {
			w.violate("one DC a partition", "%s takes %q for the DC, %s takes %q", members[0].host.name, dc, p.host.name, p.inspect.DC())
			return
		}
	}
	if !known {
		w.violate("one DC a partition", "the members %s agree on the DC %q, which is none of them", names(members), dc)
		return
	}
	for _, p := range members {
		now := p.inspect.CIB()
		if !now.HaveQuorum {
			continue
		}
		if broken := w.clients.ledger.audit(func(key string) string { return readRegister(&now.Config, key) }); broken != "" {
			w.violate("nothing acknowledged is lost", "on %s: %s", p.host.name, broken)
			return
		}
	}
}

// agreed returns the partitions whose members have had the same view of each
// other for at least a while.
func (w *world) agreed(while time.Duration) [][]*process {
	var parts [][]*process
	for _, h := range w.hosts {
		if h.proc == nil || h.proc.leaving || h.proc.stalled() {
			continue
		}
		var members []*process
		whole := true
		for _, o := range w.hosts {
			if o != h && h.proc.peers[o.name] == nil {
				continue
			}
			ok := o.proc != nil && !o.proc.leaving && !o.proc.stalled() && w.agenda.now.Sub(o.proc.viewSince) >= while && sameView(w, h.proc, o.proc)
			whole = whole && ok
			members = append(members, o.proc)
		}
		if whole && members[0] == h.proc {
			parts = append(parts, members)
		}
	}
	return parts
}

func sameView(w *world, a, b *process) bool {
	if a == b {
		return true
	}
	if s := a.peers[b.host.name]; s == nil || b.peers[a.host.name] != s {
		return false
	}
	for _, h := range w.hosts {
		if h != a.host && h != b.host && (a.peers[h.name] == nil) != (b.peers[h.name] == nil) {
			return false
		}
	}
	return true
}

func names(members []*process) string {
	var all []string
	for _, p := range members {
		all = append(all, p.host.name)
	}
	return strings.Join(all, ",")
}
