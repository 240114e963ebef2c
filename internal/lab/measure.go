package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kvmha/internal/control"
	"kvmha/internal/node"
)

// Series are the repeated measurements of one thing.
type Series struct {
	Name   string
	Values []time.Duration
}

// Add appends a measurement.
func (s *Series) Add(d time.Duration) { s.Values = append(s.Values, d) }

// Median returns the middle value (of an even number the lower one).
func (s *Series) Median() time.Duration {
	sorted := slices.Sorted(slices.Values(s.Values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)/2]
}

// Print writes the series as one line of ms.
func (s *Series) Print(w io.Writer) {
	var all []string
	for _, v := range s.Values {
		all = append(all, fmt.Sprint(v.Milliseconds()))
	}
	fmt.Fprintf(w, "%-58s median %5d  min %5d  max %5d ms  n=%d  [%s]\n", s.Name, s.Median().Milliseconds(),
		slices.Min(s.Values).Milliseconds(), slices.Max(s.Values).Milliseconds(), len(s.Values), strings.Join(all, " "))
}

// AddressConfig is the cluster of the measurements without guests: the service
// address alone, at deadtime 1s, with a monitor interval that plays no part.
const AddressConfig = `
[cluster]
name = "measure"
deadtime = "1s"
initdead = "10s"

[options]
stonith-timeout = "20s"

[[node]]
name = "alpha"
links = { hb0 = "10.77.0.1", hb1 = "10.77.1.1" }

[[node]]
name = "beta"
links = { hb0 = "10.77.0.2", hb1 = "10.77.1.2" }

[[resource]]
id = "vip"
agent = "ocf:kvmha:IPaddr2"
params = { ip = "10.77.9.100", cidr_netmask = 24, nic = "svc0" }
op = [{ name = "monitor", interval = "1h", timeout = "20s" }]

[[fencing]]
id = "fence-alpha"
agent = "fence_lab"
targets = ["alpha"]

[[fencing]]
id = "fence-beta"
agent = "fence_lab"
targets = ["beta"]
`

// MeasureColdStart boots both hosts and returns the time from the later
// power-on to the first answer of the service address.
func (s *Scene) MeasureColdStart(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	if err := s.PowerOn(ctx); err != nil {
		return 0, err
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at, err := s.VIP.WaitAnswer(wait, begin)
	return at.Sub(begin), err
}

// MeasurePowerCut cuts the power of the host with the service address and
// returns the time until the other one answers for it. Then it boots the host
// again and waits until it has rejoined.
func (s *Scene) MeasurePowerCut(ctx context.Context) (time.Duration, error) {
	status, err := s.Wait(ctx, "a quiet cluster", func(st *node.StatusReply) bool { return s.Formed(st) && s.AllRun(st) })
	if err != nil {
		return 0, err
	}
	victim := s.Host(Where(status, "vip")[0])
	cut := time.Now()
	victim.PowerOff()
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at, err := s.VIP.WaitAnswer(wait, time.Now())
	if err != nil {
		return 0, err
	}
	if err := victim.PowerOn(ctx); err != nil {
		return 0, err
	}
	_, err = s.Wait(ctx, victim.Name+" to rejoin", func(st *node.StatusReply) bool { return s.Formed(st) && s.AllRun(st) })
	return at.Sub(cut), err
}

// PowerOnAndWaitOnce boots the hosts that are off and waits until everything
// runs.
func (s *Scene) PowerOnAndWaitOnce(ctx context.Context) error {
	for _, h := range s.Hosts() {
		if !h.Powered() {
			if err := h.PowerOn(ctx); err != nil {
				return err
			}
		}
	}
	_, err := s.Wait(ctx, "everything to run", func(st *node.StatusReply) bool { return s.Formed(st) && s.AllRun(st) })
	return err
}

// MeasureLostAddress deletes the service address and returns the time until it
// answers again.
func (s *Scene) MeasureLostAddress(ctx context.Context) (time.Duration, error) {
	status, err := s.Wait(ctx, "a quiet cluster", s.AllRun)
	if err != nil {
		return 0, err
	}
	return s.DeleteAddress(ctx, Where(status, "vip")[0])
}

// MeasureMigration returns how long `vm-ctl migrate` takes on the DC, as the
// mean of a way there and back.
func (p *Play) MeasureMigration(ctx context.Context, vm string) (time.Duration, error) {
	status, err := p.Wait(ctx, "a quiet cluster", p.AllRun)
	if err != nil {
		return 0, err
	}
	if _, err := p.greet(ctx, vm); err != nil {
		return 0, err
	}
	home := Where(status, vm)[0]
	begin := time.Now()
	for _, to := range []string{p.Other(home), home} {
		if _, err := p.Host(status.DC).Run(ctx, "vm-ctl", "migrate", vm, "--to", to); err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / 2, nil
}

// MeasureVirshMigration returns how long virsh takes to migrate a guest, as
// the mean of a way there and back. The cluster has stopped the guest before
// and starts it again afterwards, so that it is the same guest in the same
// session and nobody else's hand is on it.
func (p *Play) MeasureVirshMigration(ctx context.Context, vm string) (took time.Duration, err error) {
	home, err := p.home(ctx, vm)
	if err != nil {
		return 0, err
	}
	rsc := control.RscArgs{Resource: vm}
	if err := p.Ask(ctx, home, control.RscStop, rsc, nil); err != nil {
		return 0, err
	}
	if _, err := p.Wait(ctx, vm+" to be stopped", func(s *node.StatusReply) bool { return Idle(s) && len(Where(s, vm)) == 0 }); err != nil {
		return 0, err
	}
	defer func() {
		_, destroyed := p.Host(home).Run(ctx, "virsh", "destroy", vm)
		err = errors.Join(err, destroyed, p.Ask(ctx, home, control.RscStart, rsc, nil))
	}()
	if _, err := p.Host(home).Run(ctx, "virsh", "create", "/etc/kvmha/vm/"+vm+".xml"); err != nil {
		return 0, err
	}
	// Until its daemon has spoken it is busy booting, and migrates slower.
	const booted = "until vm-ctl host info >/dev/null 2>&1; do sleep 0.1; done"
	if _, err := p.Host(home).InGuest(ctx, vm, booted); err != nil {
		return 0, err
	}
	begin := time.Now()
	for _, way := range [][2]string{{home, p.Other(home)}, {p.Other(home), home}} {
		_, err := p.Host(way[0]).Run(ctx, "virsh", "migrate", "--live", "--p2p", vm, "qemu+tcp://"+way[1]+"/system")
		if err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / 2, nil
}

// MeasureGuestFence has db1 fence db2 and returns the time from request to
// reply, as the guest's own clock has it.
func (p *Play) MeasureGuestFence(ctx context.Context) (time.Duration, error) {
	if _, err := p.greet(ctx, "db1"); err != nil {
		return 0, err
	}
	if _, err := p.greet(ctx, "db2"); err != nil {
		return 0, err
	}
	said, err := p.inGuest(ctx, "db1", "vm-ctl fence db2 --json")
	if err != nil {
		return 0, err
	}
	var reply struct {
		TookMS int64 `json:"took_ms"`
	}
	if err := json.Unmarshal([]byte(said), &reply); err != nil {
		return 0, fmt.Errorf("vm-ctl in the guest said %q: %w", said, err)
	}
	_, err = p.Wait(ctx, "db2 to be started again", p.AllRun)
	return time.Duration(reply.TookMS) * time.Millisecond, err
}

// MeasureDestroy returns how long virsh takes to destroy a guest; the cluster
// starts it again.
func (p *Play) MeasureDestroy(ctx context.Context, vm string) (time.Duration, error) {
	if _, err := p.greet(ctx, vm); err != nil {
		return 0, err
	}
	host, err := p.home(ctx, vm)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if _, err := p.Host(host).Run(ctx, "virsh", "destroy", vm); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	_, err = p.Wait(ctx, vm+" to be started again", p.AllRun)
	return took, err
}
