package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options describe a site.
type Options struct {
	// Dir holds the hosts' disks, logs and the guests' images. It must exist,
	// be short (unix sockets live below it) and is not removed by the site.
	Dir string
	// BinDir holds hostd, guestd and vm-ctl.
	BinDir string
	// Config is the cluster's TOML; every host gets a copy.
	Config []byte
	// Secret is the shared secret file's content.
	Secret []byte
	// VMs are the guests whose images and definitions are made ("db1", "db2").
	VMs []string
	// Hosts are the names in order; host N has address .N on every LAN.
	Hosts []string
	// NoLibvirt leaves libvirtd out: a bare-metal site.
	NoLibvirt bool
	// HostdArgs are added to every hostd's command line.
	HostdArgs []string
	// RebootAfterFence: the power switch boots a host again that it was asked
	// to reboot. Without it the host stays off until PowerOn.
	RebootAfterFence bool
	// Trace receives what the lab itself does, a line each; nil = nowhere.
	Trace io.Writer
}

// Site is a running lab: hosts, LANs and a power switch. Only the fabric
// process may make one, and one at a time.
type Site struct {
	dir, binDir      string
	labBinary        string
	options          Options
	hosts            map[string]*Host
	order            []*Host
	rebootAfterFence bool
	started          time.Time
	cancel           context.CancelFunc
	goroutines       sync.WaitGroup
	traceLock        sync.Mutex
}

// NewSite lays the cables, writes every host's disk and starts the power
// switch. The hosts are still off.
func NewSite(ctx context.Context, options Options) (*Site, error) {
	if !InFabric() {
		return nil, errors.New("a site can only be built inside the fabric: see EnterFabric")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	site := &Site{
		dir: options.Dir, binDir: options.BinDir, labBinary: self, options: options,
		hosts: map[string]*Host{}, rebootAfterFence: options.RebootAfterFence, started: time.Now(),
	}
	ctx, site.cancel = context.WithCancel(ctx)
	for i, name := range options.Hosts {
		host := &Host{Name: name, Number: i + 1, site: site, disk: filepath.Join(options.Dir, name)}
		site.hosts[name] = host
		site.order = append(site.order, host)
	}
	steps := []func() error{
		settleFabricOnce,
		buildLANsOnce,
		site.installFenceAgent,
		site.buildGuests,
		site.writeDisks,
		func() error { return site.servePower(ctx) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			site.Close()
			return nil, err
		}
	}
	return site, nil
}

// A fabric may hold several sites one after the other: its mounts and bridges
// are made once.
var (
	settleFabricOnce = sync.OnceValue(settleFabric)
	buildLANsOnce    = sync.OnceValue(buildLANs)
)

// Host returns the host of that name; it panics on a name the site was not
// made with, which is a mistake of the caller.
func (s *Site) Host(name string) *Host {
	host, ok := s.hosts[name]
	if !ok {
		panic(fmt.Sprintf("lab: no host %q in this site", name))
	}
	return host
}

// Hosts returns all hosts in order.
func (s *Site) Hosts() []*Host { return s.order }

// Dir returns the site's folder.
func (s *Site) Dir() string { return s.dir }

// PowerOn switches every host on.
func (s *Site) PowerOn(ctx context.Context) error {
	for _, host := range s.order {
		if err := host.PowerOn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close cuts every host's power and waits for everything of the site to end.
func (s *Site) Close() {
	for _, host := range s.order {
		host.PowerOff()
	}
	s.cancel()
	s.goroutines.Wait()
}

// trace notes what the lab does, with the milliseconds since the site began.
func (s *Site) trace(who, format string, args ...any) {
	if s.options.Trace == nil {
		return
	}
	s.traceLock.Lock()
	defer s.traceLock.Unlock()
	fmt.Fprintf(s.options.Trace, "%8d %s: %s\n", time.Since(s.started).Milliseconds(), who, fmt.Sprintf(format, args...))
}
