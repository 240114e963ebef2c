package libvirt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/process"
)

const testUUID = "6f1b0c4e-0000-4000-8000-00000000000f"

// fakeDaemon is a libvirtd with one answer about its domain's state.
type fakeDaemon struct {
	mu      sync.Mutex
	answer  hypervisor.State
	err     error
	blocked chan struct{} // if set, calls wait for its end
}

func (f *fakeDaemon) state(string) (hypervisor.State, error) {
	if f.blocked != nil {
		<-f.blocked
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answer, f.err
}

func (f *fakeDaemon) phase(string) (phase, error)                { return quiet, f.err }
func (f *fakeDaemon) resume(string) error                        { return nil }
func (f *fakeDaemon) xml(string) (string, error)                 { return "", errNoDomain }
func (f *fakeDaemon) active() ([]string, error)                  { return nil, nil }
func (f *fakeDaemon) create(string) error                        { return nil }
func (f *fakeDaemon) shutdown(string) error                      { return nil }
func (f *fakeDaemon) destroy(string) error                       { return nil }
func (f *fakeDaemon) migrate(string, hypervisor.Migration) error { return nil }
func (f *fakeDaemon) abortJob(string) error                      { return nil }
func (f *fakeDaemon) job(string) (hypervisor.Progress, error)    { return hypervisor.Progress{}, nil }
func (f *fakeDaemon) close()                                     {}

// table is a process table with or without the domain's QEMU.
func table(t *testing.T, running bool) process.Table {
	t.Helper()
	root := t.TempDir()
	if running {
		if err := os.Mkdir(filepath.Join(root, "7"), 0o755); err != nil {
			t.Fatal(err)
		}
		line := "/usr/bin/qemu-system-x86_64\x00-uuid\x00" + testUUID + "\x00"
		if err := os.WriteFile(filepath.Join(root, "7", "cmdline"), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return process.Table{Root: root}
}

func TestStateIsDecidedByThreeWitnesses(t *testing.T) {
	down := fmt.Errorf("%w: dead", hypervisor.ErrUnavailable)
	unreadable := process.Table{Root: "/does/not/exist"}
	hung := make(chan struct{})
	t.Cleanup(func() { close(hung) })
	for name, c := range map[string]struct {
		daemon    *fakeDaemon // nil = cannot be reached
		processes process.Table
		want      hypervisor.State
	}{
		"libvirt says running":                        {&fakeDaemon{answer: hypervisor.Running}, table(t, true), hypervisor.Running},
		"libvirt says running, no process is seen":    {&fakeDaemon{answer: hypervisor.Running}, table(t, false), hypervisor.Running},
		"libvirt says paused":                         {&fakeDaemon{answer: hypervisor.Paused}, table(t, true), hypervisor.Paused},
		"libvirt knows it not, a process runs":        {&fakeDaemon{err: errNoDomain}, table(t, true), hypervisor.Running},
		"libvirt knows it not, and no process runs":   {&fakeDaemon{err: errNoDomain}, table(t, false), hypervisor.Stopped},
		"libvirt says stopped, a process runs":        {&fakeDaemon{answer: hypervisor.Stopped}, table(t, true), hypervisor.Running},
		"libvirt says stopped, and the table is dark": {&fakeDaemon{answer: hypervisor.Stopped}, unreadable, hypervisor.Unknown},
		"libvirtd is down, a process runs":            {nil, table(t, true), hypervisor.Running},
		"libvirtd is down, no process runs":           {nil, table(t, false), hypervisor.Stopped},
		"libvirtd is down, and the table is dark":     {nil, unreadable, hypervisor.Unknown},
		"libvirtd dies as it answers":                 {&fakeDaemon{err: down}, table(t, false), hypervisor.Stopped},
		"libvirtd hangs, a process runs":              {&fakeDaemon{blocked: hung}, table(t, true), hypervisor.Running},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := New(Options{Processes: c.processes, CallTimeout: 50 * time.Millisecond, dial: func(string, observer) (daemon, error) {
				if c.daemon == nil {
					return nil, down
				}
				return c.daemon, nil
			}})
			defer d.Close()
			got, err := d.State(t.Context(), hypervisor.Definition{Name: "db1", UUID: testUUID})
			if got != c.want || (err != nil) != (got == hypervisor.Unknown) {
				t.Errorf("state = %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestHostWithoutLibvirtSaysSoAndStillProvesDomainsDown(t *testing.T) {
	d := New(Options{Processes: table(t, false), dial: func(string, observer) (daemon, error) {
		return nil, fmt.Errorf("%w: %w", hypervisor.ErrUnavailable, errNoLibrary)
	}})
	defer d.Close()
	def := hypervisor.Definition{Name: "db1", UUID: testUUID, Channel: hypervisor.GuestChannel, XML: "<domain/>"}
	if state, err := d.State(t.Context(), def); state != hypervisor.Stopped || err != nil {
		t.Errorf("state = %v, %v", state, err)
	}
	if err := d.Destroy(t.Context(), def); err != nil {
		t.Errorf("destroy = %v", err)
	}
	_, channel := d.ChannelPath(t.Context(), def)
	for what, err := range map[string]error{
		"start": d.Start(t.Context(), def), "channel": channel,
		"check": d.CheckTarget(t.Context(), def), "migrate": d.Migrate(t.Context(), def, hypervisor.Migration{URI: "qemu+tcp://b/system"}, nil),
	} {
		if !errors.Is(err, hypervisor.ErrUnavailable) || !errors.Is(err, hypervisor.ErrNotInstalled) {
			t.Errorf("%s = %v, want that there is no hypervisor", what, err)
		}
	}
}

func TestWatchersHearOfLossAndReturn(t *testing.T) {
	lost := make(chan func(string), 10)
	d := New(Options{Processes: table(t, false), dial: func(_ string, o observer) (daemon, error) {
		lost <- o.lost
		return &fakeDaemon{}, nil
	}})
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	sub := d.bus.subscribe()
	(<-lost)("it was killed")
	var seen []hypervisor.EventKind
	for len(seen) == 0 || seen[len(seen)-1] != hypervisor.Restored || len(seen) < 2 {
		select {
		case <-sub.wake:
			for _, e := range sub.take() {
				seen = append(seen, e.Kind)
			}
		case <-ctx.Done():
			t.Fatalf("events = %v, want lost and then restored", seen)
		}
	}
}

func TestChannelIsFoundWithoutLibvirtd(t *testing.T) {
	root := t.TempDir()
	def := hypervisor.Definition{Name: "a-name-that-is-longer-than-libvirt-takes", Channel: hypervisor.GuestChannel}
	if _, err := findChannel(root, def, hypervisor.ErrUnavailable); !errors.Is(err, hypervisor.ErrUnavailable) {
		t.Errorf("no socket: %v", err)
	}
	var newest string
	for i, dir := range []string{"domain-1-a-name-that-is-longe", "domain-12-a-name-that-is-longe"} {
		newest = filepath.Join(root, "var/lib/libvirt/qemu/channel/target", dir, def.Channel)
		if err := os.MkdirAll(filepath.Dir(newest), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(newest, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(newest, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if path, err := findChannel(root, def, nil); err != nil || path != newest {
		t.Errorf("channel = %q, %v; want %q", path, err, newest)
	}
}
