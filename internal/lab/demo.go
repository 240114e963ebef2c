package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/node"
)

// Play is one run of the demo's steps over a scene.
type Play struct {
	*Scene
	say   func(at time.Duration, text string)
	begin time.Time
}

// NewPlay prepares a run; say takes the time line.
func NewPlay(scene *Scene, say func(at time.Duration, text string)) *Play {
	return &Play{Scene: scene, say: say, begin: time.Now()}
}

// Note adds a line to the time line, at the present moment.
func (p *Play) Note(format string, args ...any) { p.NoteAt(time.Now(), format, args...) }

// NoteAt adds a line to the time line for a moment that has passed.
func (p *Play) NoteAt(at time.Time, format string, args ...any) {
	p.say(at.Sub(p.begin), fmt.Sprintf(format, args...))
}

// Step is one part of the demo. It can be run again after it failed, because
// something was killed meanwhile: it begins by looking at what is.
type Step struct {
	// Title tells a newcomer what is going to happen.
	Title string
	Run   func(ctx context.Context, p *Play) error
}

// Demo is the main job, from power-on to the end.
var Demo = []Step{
	{"1. Power on. The hosts find each other and agree on who coordinates.", formCluster},
	{"2. The service address is brought up on one host.", startAddress},
	{"3. Both virtual machines boot and their daemons greet their hosts.", startGuests},
	{"4. db1 asks its host something that takes a while, and is live-migrated meanwhile.", migrateWithOpenRequest},
	{"5. db2 is moved to the other host; a moment later db1 has it fenced.", fenceAfterMove},
	{"6. db1 has db2 fenced again, this time in the middle of its live migration.", fenceDuringMove},
	{"7. The service address is deleted behind the cluster's back.", loseAddress},
	{"8. Power cut on the host with the service address. It is fenced, then all of its is recovered.", powerCut},
	{"9. The host comes back and rejoins.", comeBack},
	{"10. Last look: everything runs, once.", lastLook},
}

func formCluster(ctx context.Context, p *Play) error {
	for _, h := range p.Hosts() {
		if h.Powered() {
			continue
		}
		if err := h.PowerOn(ctx); err != nil {
			return err
		}
		p.Note("power on: %s", h.Name)
	}
	status, err := p.Wait(ctx, "the cluster to form", p.Formed)
	if err != nil {
		return err
	}
	p.Note("cluster formed: %s; %s coordinates (DC)", status.Quorum.Why, status.DC)
	return nil
}

func startAddress(ctx context.Context, p *Play) error {
	at, err := p.VIP.WaitAnswer(ctx, time.Time{})
	if err != nil {
		return err
	}
	status, err := p.Wait(ctx, "the address in the cluster's status", func(s *node.StatusReply) bool {
		return len(Where(s, "vip")) == 1
	})
	if err != nil {
		return err
	}
	p.NoteAt(at, "%s answers on the service network, from %s", ServiceAddress, Where(status, "vip")[0])
	return nil
}

func startGuests(ctx context.Context, p *Play) error {
	status, err := p.Wait(ctx, "both guests to run", p.AllRun)
	if err != nil {
		return err
	}
	for _, vm := range p.options.VMs {
		p.Note("%s was started on %s", vm, Where(status, vm)[0])
	}
	for _, vm := range p.options.VMs {
		info, err := p.greet(ctx, vm)
		if err != nil {
			return err
		}
		p.Note("%s has booted; its guestd says: my host is %s", vm, info.Host)
	}
	return nil
}

// inGuest runs a command inside a guest, on whichever host it executes.
func (p *Play) inGuest(ctx context.Context, vm, line string) (string, error) {
	hosts := p.Running(vm)
	if len(hosts) != 1 {
		return "", fmt.Errorf("guest %s executes on %v, not on one host", vm, hosts)
	}
	return p.Host(hosts[0]).InGuest(ctx, vm, line)
}

// migrate asks for a move as `vm-ctl migrate` does and waits for its end.
func (p *Play) migrate(ctx context.Context, vm, to string) error {
	var old, failure string // the reasons of the last move and of this one
	if status, err := p.Status(ctx, p.anyHost()); err == nil {
		old = moveFailure(status, vm)
	}
	if err := p.askMove(ctx, vm, to); err != nil {
		return err
	}
	_, err := p.Wait(ctx, vm+" to arrive on "+to, func(s *node.StatusReply) bool {
		if failure = moveFailure(s, vm); failure == old {
			failure = ""
		}
		return failure != "" || Idle(s) && len(Where(s, vm)) == 1 && Where(s, vm)[0] == to
	})
	if err == nil && failure != "" {
		err = fmt.Errorf("the move of %s to %s has failed: %s", vm, to, failure)
	}
	return err
}

// moveFailure says why the last move of a VM has failed, "" if it has not.
func moveFailure(s *node.StatusReply, vm string) string {
	for _, in := range s.Intents {
		if in.Resource == vm && in.State == cib.IntentFailed {
			return in.ID + ": " + in.Reason
		}
	}
	return ""
}

func (p *Play) askMove(ctx context.Context, vm, to string) error {
	return p.Ask(ctx, p.anyHost(), control.Move, control.MoveArgs{Resource: vm, Node: to}, nil)
}

func (p *Play) anyHost() string {
	for _, h := range p.Hosts() {
		if h.Powered() {
			return h.Name
		}
	}
	return p.Hosts()[0].Name
}

// home returns where a guest executes, once it does so on exactly one host.
func (p *Play) home(ctx context.Context, vm string) (string, error) {
	var hosts []string
	err := p.Eventually(ctx, vm+" to execute on one host", func() bool {
		hosts = p.Running(vm)
		return len(hosts) == 1
	})
	if err != nil {
		return "", err
	}
	return hosts[0], nil
}

func migrateWithOpenRequest(ctx context.Context, p *Play) error {
	if _, err := p.Wait(ctx, "a quiet cluster", p.AllRun); err != nil {
		return err
	}
	from, err := p.home(ctx, "db1")
	if err != nil {
		return err
	}
	to := p.Other(from)
	before, err := p.greet(ctx, "db1")
	if err != nil {
		return err
	}
	// Nobody waits any more for the answer to an earlier try of this step.
	if _, err = p.inGuest(ctx, "db1", "killall vm-ctl 2>/dev/null; true"); err == nil {
		err = p.openRequests(ctx, 0)
	}
	if err != nil {
		return err
	}
	// The request stays open until the guest stands on another host.
	const ask = "rm -f /run/moved; ( (vm-ctl host status --wait-move --json >/run/moved.new 2>/run/moved.err; mv /run/moved.new /run/moved) & )"
	if _, err = p.inGuest(ctx, "db1", ask); err != nil {
		return err
	}
	if err = p.openRequests(ctx, 1); err != nil {
		return err
	}
	p.Note("db1 on %s asks: tell me when I have moved (its guestd is up %s)", from, before.Uptime.Round(time.Millisecond))
	asked := time.Now()
	if err := p.migrate(ctx, "db1", to); err != nil {
		return err
	}
	p.Note("db1 runs on %s: live-migrated in %d ms", to, time.Since(asked).Milliseconds())
	answer, err := p.openAnswer(ctx)
	if err != nil {
		return err
	}
	after, err := p.greet(ctx, "db1")
	if err != nil {
		return err
	}
	p.Note("the open request was answered by the new host: %s (guestd is up %s, it never stopped)", answer.Host, after.Uptime.Round(time.Millisecond))
	return nil
}

// journey returns where a guest executes in a quiet cluster, and the host that
// it can be moved to.
func (p *Play) journey(ctx context.Context, vm string) (from, to string, err error) {
	if _, err := p.Wait(ctx, "a quiet cluster", p.AllRun); err != nil {
		return "", "", err
	}
	from, err = p.home(ctx, vm)
	return from, p.Other(from), err
}

func fenceAfterMove(ctx context.Context, p *Play) error {
	from, to, err := p.journey(ctx, "db2")
	if err != nil {
		return err
	}
	if err := p.migrate(ctx, "db2", to); err != nil {
		return err
	}
	p.Note("db2 has moved from %s to %s", from, to)
	return p.fencePeer(ctx)
}

// fencePeer has db1 fence db2, and waits for db2's return.
func (p *Play) fencePeer(ctx context.Context) error {
	if _, err := p.greet(ctx, "db1"); err != nil {
		return err
	}
	asked := time.Now()
	said, err := p.inGuest(ctx, "db1", "vm-ctl fence db2")
	if err != nil {
		return fmt.Errorf("db1 fences db2: %w: %s", err, said)
	}
	p.Note("db1: vm-ctl fence db2 -> %q after %d ms", strings.TrimSpace(said), time.Since(asked).Milliseconds())
	status, err := p.Wait(ctx, "db2 to be started again", p.AllRun)
	if err != nil {
		return err
	}
	info, err := p.greet(ctx, "db2")
	if err != nil {
		return err
	}
	p.Note("db2 was started again on %s and has booted; its guestd is up %s", Where(status, "db2")[0], info.Uptime.Round(time.Millisecond))
	return nil
}

func fenceDuringMove(ctx context.Context, p *Play) error {
	from, to, err := p.journey(ctx, "db2")
	if err != nil {
		return err
	}
	if err := p.askMove(ctx, "db2", to); err != nil {
		return err
	}
	err = p.Eventually(ctx, "the migration of db2 to be under way", func() bool {
		return len(p.processesOf("db2")) == 2
	})
	if err != nil {
		return err
	}
	p.Note("db2 is on its way from %s to %s", from, to)
	return p.fencePeer(ctx)
}

func loseAddress(ctx context.Context, p *Play) error {
	status, err := p.Wait(ctx, "a quiet cluster", p.AllRun)
	if err != nil {
		return err
	}
	host := Where(status, "vip")[0]
	gap, err := p.DeleteAddress(ctx, host)
	if err != nil {
		return err
	}
	p.Note("ip addr del %s on %s: noticed and restored, it answered again after %d ms", ServiceAddress, host, gap.Milliseconds())
	return nil
}

// DeleteAddress removes the service address on a host as a careless hand would
// and returns how long it took to answer again.
func (p *Scene) DeleteAddress(ctx context.Context, host string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := p.Host(host).Run(ctx, "ip", "addr", "del", ServiceAddress+"/24", "dev", ServiceLAN); err != nil {
		return 0, err
	}
	// The last answer before the gap is the moment of the deletion, to 5 ms.
	deleted := time.Now()
	again, err := p.VIP.WaitAnswer(ctx, deleted)
	return again.Sub(deleted), err
}

func powerCut(ctx context.Context, p *Play) error {
	status, err := p.Wait(ctx, "a quiet cluster", p.AllRun)
	if err != nil {
		return err
	}
	victim := Where(status, "vip")[0]
	var lost []string
	for _, vm := range p.options.VMs {
		if hosts := Where(status, vm); len(hosts) == 1 && hosts[0] == victim {
			lost = append(lost, vm)
		}
	}
	cut := time.Now()
	p.Host(victim).PowerOff()
	p.NoteAt(cut, "power cut on %s, which had %s %s", victim, ServiceAddress, strings.Join(lost, " "))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at, err := p.VIP.WaitAnswer(ctx, time.Now())
	if err != nil {
		return err
	}
	p.NoteAt(at, "%s answers again, from %s: %d ms after the power cut", ServiceAddress, p.Other(victim), at.Sub(cut).Milliseconds())
	status, err = p.Wait(ctx, "everything to be recovered", p.AllRun)
	if err != nil {
		return err
	}
	for _, d := range status.Decisions {
		if d.Event == node.EventNodeFenced && d.Field("node") == victim && d.At.After(cut) {
			p.NoteAt(d.At, "on the way there: %s", d.String())
			break
		}
	}
	for _, vm := range lost {
		if _, err := p.greet(ctx, vm); err != nil {
			return err
		}
		p.Note("%s was recovered on %s and has booted", vm, Where(status, vm)[0])
	}
	return nil
}

func comeBack(ctx context.Context, p *Play) error {
	for _, h := range p.Hosts() {
		if h.Powered() {
			continue
		}
		on := time.Now()
		if err := h.PowerOn(ctx); err != nil {
			return err
		}
		p.Note("power on: %s", h.Name)
		if _, err := p.Wait(ctx, h.Name+" to rejoin", func(s *node.StatusReply) bool { return p.Formed(s) && Idle(s) }); err != nil {
			return err
		}
		p.Note("%s is a member again, %d ms after its power-on; nothing had to move", h.Name, time.Since(on).Milliseconds())
	}
	return nil
}

func lastLook(ctx context.Context, p *Play) error {
	status, err := p.Wait(ctx, "everything to run", func(s *node.StatusReply) bool { return p.Formed(s) && p.AllRun(s) })
	if err != nil {
		return err
	}
	for _, r := range p.Cluster.Config.Resources {
		p.Note("%-12s runs on %s", r.ID, Where(status, r.ID)[0])
	}
	return nil
}

// processesOf returns the hosts with a QEMU process of a guest, executing or
// not.
func (s *Site) processesOf(vm string) []string {
	var hosts []string
	for _, p := range processes() {
		if strings.HasPrefix(p.program, "qemu-system-") && isGuest(p.args, vm) {
			hosts = append(hosts, p.host)
		}
	}
	return hosts
}
