package libvirt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/process"
)

// cutOff is the source's libvirtd after it was killed between the end of the
// transfer and the target's answer.
type cutOff struct {
	*fakeDaemon
	processes          process.Table
	resumed, destroyed bool
}

func (c *cutOff) phase(string) (phase, error) {
	if c.destroyed {
		return quiet, errNoDomain
	}
	return handedOver, nil
}

func (c *cutOff) state(string) (hypervisor.State, error) {
	if c.destroyed {
		return hypervisor.Unknown, errNoDomain
	}
	return hypervisor.Paused, nil
}

func (c *cutOff) resume(string) error { c.resumed = true; return nil }

func (c *cutOff) destroy(string) error {
	c.destroyed = true
	return os.RemoveAll(filepath.Join(c.processes.Root, "7"))
}

func TestACutOffMigrationRunsOnHereByNobodysWord(t *testing.T) {
	for name, tt := range map[string]struct {
		target    *fakeDaemon // nil = cannot be reached
		want      string      // part of the error, "" = the domain has moved
		destroyed bool
	}{
		"the target runs it":                {&fakeDaemon{answer: hypervisor.Running}, "", true},
		"the target knows it not":           {&fakeDaemon{err: errNoDomain}, errUnproven.Error(), false},
		"the target says that it has ended": {&fakeDaemon{answer: hypervisor.Stopped}, errUnproven.Error(), false},
		"the target holds it still":         {&fakeDaemon{answer: hypervisor.Paused}, "at qemu+tcp://b/system it is still paused", false},
		"the target cannot be asked":        {nil, "cannot tell whether it arrived", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &cutOff{fakeDaemon: &fakeDaemon{}, processes: table(t, true)}
				d := New(Options{Processes: source.processes, dial: func(uri string, _ observer) (daemon, error) {
					switch {
					case strings.HasPrefix(uri, "qemu:"):
						return source, nil
					case tt.target == nil:
						return nil, hypervisor.ErrUnavailable
					}
					return tt.target, nil
				}})
				defer d.Close()
				err := d.settle(hypervisor.Definition{Name: "db1", UUID: testUUID}, "qemu+tcp://b/system", errors.New("libvirtd ended"))
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || errors.Is(err, hypervisor.ErrStays) || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("got %v, want it to say %q", err, tt.want)
				}
				if source.resumed || source.destroyed != tt.destroyed {
					t.Errorf("here it was resumed (%t) or destroyed (%t)", source.resumed, source.destroyed)
				}
			})
		})
	}
}

func TestWhatIsHalfDoneWhenTheTimeIsUpIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &cutOff{fakeDaemon: &fakeDaemon{}, processes: table(t, true)}
		d := New(Options{Processes: source.processes, dial: func(string, observer) (daemon, error) { return source, nil }})
		defer d.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		state, err := d.Settle(ctx, hypervisor.Definition{Name: "db1", UUID: testUUID})
		if state != hypervisor.Unknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("settled as %v (%v), want unknown", state, err)
		}
	})
}
