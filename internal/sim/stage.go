package sim

import (
	"time"

	"kvmha/internal/control"
	"kvmha/internal/node"
)

// Stage is what a scripted scenario may do to its cluster, by names and in
// virtual time.
type Stage struct{ w *world }

// After plans the next act.
func (s *Stage) After(d time.Duration, act func()) { s.w.agenda.after(d, act) }

// PowerOff and PowerOn are the power switch of a host.
func (s *Stage) PowerOff(host string) { s.w.powerOff(s.w.host(host), "script") }

// PowerOn boots a host.
func (s *Stage) PowerOn(host string) { s.w.powerOn(s.w.host(host)) }

// Kill is kill -9 of a hostd; it starts again after a while.
func (s *Stage) Kill(host string, again time.Duration) {
	h := s.w.host(host)
	s.w.kill(h, "script")
	s.w.startLater(h, again)
}

// Writing tells whether a host's state is on its way to the disk.
func (s *Stage) Writing(host string) bool { return len(s.w.host(host).disk.pending) > 0 }

// KillFencer is kill -9 of the next hostd that has fenced.
func (s *Stage) KillFencer() { s.w.fencerDies = true }

// Powered tells whether a host has power.
func (s *Stage) Powered(host string) bool { return s.w.host(host).powered }

// Cut severs both links from one host to another, one way, until all faults
// end.
func (s *Stage) Cut(from, to string) {
	for _, c := range wiresBetween(s.w.host(from), s.w.host(to)) {
		s.w.network.cut[c] = true
	}
	s.w.network.refresh()
}

// Heal ends every cut.
func (s *Stage) Heal() {
	clear(s.w.network.cut)
	s.w.network.refresh()
}

// BreakDevice makes the fencing device of a host fail until all faults end.
func (s *Stage) BreakDevice(host string) { s.w.devices[fencePrefix+host] = deviceFails }

// Leave asks a hostd to leave the cluster.
func (s *Stage) Leave(host string, restart bool) {
	if p := s.w.host(host).proc; p != nil {
		p.deliver(node.Shutdown{Restart: restart})
	}
}

// Move asks for a move, as vm-ctl does.
func (s *Stage) Move(at, resource, to string) {
	s.w.clients.ask(s.w.host(at), control.Move, control.MoveArgs{Resource: resource, Node: to}, nil)
}

// Standby asks to have a node in standby.
func (s *Stage) Standby(at, target string) { s.w.clients.standby(s.w.host(at), target, true) }

// RunsOn returns the hosts on which a resource is active now.
func (s *Stage) RunsOn(resource string) []string {
	var all []string
	for _, c := range s.w.copiesOf(resource) {
		all = append(all, c.host.name)
	}
	return all
}

// Sticky tells whether this seed's resources stay where they are although the
// load could be balanced better.
func (s *Stage) Sticky() bool {
	v, _ := lookup(s.w.initial.RscDefaults, "resource-stickiness")
	return v != "0"
}

// Reboots tells whether this seed's nodes are fenced to reboot, not to stay off.
func (s *Stage) Reboots() bool {
	v, _ := lookup(s.w.initial.Properties, "stonith-action")
	return v == "reboot"
}

// Fences returns how many fencings were ordered so far.
func (s *Stage) Fences() int { return s.w.report.Fences }

// Life returns which run of a resource from start to stop goes on, 0 for none.
func (s *Stage) Life(resource string) uint64 {
	for _, c := range s.w.copiesOf(resource) {
		return c.life
	}
	return 0
}

// Migrating tells whether a live migration of a VM is under way.
func (s *Stage) Migrating(resource string) bool {
	for _, c := range s.w.copiesOf(resource) {
		if c.moving != nil {
			return true
		}
	}
	return false
}

// Fail lets a resource end by itself wherever it runs.
func (s *Stage) Fail(resource string) {
	for _, c := range s.w.copiesOf(resource) {
		s.w.remove(c)
	}
}
