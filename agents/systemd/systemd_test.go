package systemd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
	"go.uber.org/goleak"

	"kvmha/agents"
	"kvmha/internal/cib"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manager is a service manager with one unit.
type manager struct {
	load, active string
	jobEnds      string // "" = never
	calls        []string
	updates      chan<- *dbus.PropertiesUpdate
	errs         chan<- error
	subscribed   chan struct{}
}

func (m *manager) job(what, unit string, ch chan<- string) (int, error) {
	m.calls = append(m.calls, what+" "+unit)
	if m.jobEnds != "" {
		ch <- m.jobEnds
	}
	return 7, nil
}

func (m *manager) StartUnitContext(_ context.Context, unit, _ string, ch chan<- string) (int, error) {
	return m.job("start", unit, ch)
}

func (m *manager) StopUnitContext(_ context.Context, unit, _ string, ch chan<- string) (int, error) {
	return m.job("stop", unit, ch)
}

func (m *manager) ReloadUnitContext(_ context.Context, unit, _ string, ch chan<- string) (int, error) {
	return m.job("reload", unit, ch)
}

func (m *manager) GetUnitPropertiesContext(context.Context, string) (map[string]any, error) {
	return map[string]any{"LoadState": m.load, "ActiveState": m.active, "SubState": "sub"}, nil
}

func (m *manager) SetPropertiesSubscriber(updates chan<- *dbus.PropertiesUpdate, errs chan<- error) {
	m.updates, m.errs = updates, errs
}

func (m *manager) Subscribe() error {
	close(m.subscribed)
	return nil
}

func (m *manager) Close() {}

func find(t *testing.T, m *manager, typ string) agents.Watcher {
	t.Helper()
	a, err := (&Class{Dial: func(context.Context) (Manager, error) { return m, nil }}).Find("", typ)
	if err != nil {
		t.Fatal(err)
	}
	return a.(agents.Watcher)
}

func TestUnitsAreStartedWatchedAndStopped(t *testing.T) {
	tests := map[string]struct {
		m        manager
		op       string
		interval time.Duration
		want     cib.RC
		reason   string
		calls    []string
	}{
		"start":                          {manager{load: "loaded", jobEnds: "done"}, "start", 0, cib.OK, "", []string{"start web.service"}},
		"a start that fails":             {manager{load: "loaded", jobEnds: "failed"}, "start", 0, cib.UnknownError, `ended as "failed"; see journalctl -u web.service`, []string{"start web.service"}},
		"start of what is not there":     {manager{load: "not-found"}, "start", 0, cib.NotInstalled, "no unit of that name", nil},
		"stop":                           {manager{load: "loaded", jobEnds: "done"}, "stop", 0, cib.OK, "", []string{"stop web.service"}},
		"stop of what is not there":      {manager{load: "not-found"}, "stop", 0, cib.OK, "", nil},
		"reload":                         {manager{load: "loaded", jobEnds: "done"}, "reload", 0, cib.OK, "", []string{"reload web.service"}},
		"monitor of an active unit":      {manager{load: "loaded", active: "active"}, "monitor", time.Minute, cib.OK, "", nil},
		"monitor of an inactive unit":    {manager{load: "loaded", active: "inactive"}, "monitor", time.Minute, cib.NotRunning, "", nil},
		"monitor of a failed unit":       {manager{load: "loaded", active: "failed"}, "monitor", time.Minute, cib.NotRunning, "web.service has failed", nil},
		"monitor of a stopping unit":     {manager{load: "loaded", active: "deactivating"}, "monitor", time.Minute, cib.UnknownError, "is being stopped", nil},
		"probe where it is not there":    {manager{load: "not-found"}, "monitor", 0, cib.NotRunning, "", nil},
		"an action that units have none": {manager{load: "loaded"}, "promote", 0, cib.Unimplemented, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := find(t, &tt.m, "web").Run(t.Context(), cib.Operation{Resource: "r", Name: tt.op, Interval: tt.interval})
			if got.RC != tt.want || !strings.Contains(got.ExitReason, tt.reason) || !slices.Equal(tt.m.calls, tt.calls) {
				t.Errorf("got %+v, calls %q", got, tt.m.calls)
			}
		})
	}
}

func TestAJobThatDoesNotEndIsCancelledWithTheContext(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		reason string
	}{
		"while it waits":         {nil, "in time; its job is cancelled"},
		"when it has just ended": {godbus.Error{Name: noSuchJob}, "in time"},
		"without a bus":          {errors.New("no such socket"), "its job 7 could not be cancelled: no such socket"},
	} {
		t.Run(name, func(t *testing.T) {
			var cancelled []int
			class := &Class{
				Dial: func(context.Context) (Manager, error) { return &manager{load: "loaded"}, nil },
				Cancel: func(ctx context.Context, job int) error {
					if ctx.Err() != nil {
						t.Error("the call has ended before it began")
					}
					cancelled = append(cancelled, job)
					return c.err
				},
			}
			a, err := class.Find("", "web.socket")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			got := a.Run(ctx, cib.Operation{Resource: "r", Name: "stop"})
			if got.RC != cib.UnknownError || !strings.Contains(got.ExitReason, "web.socket") || !strings.HasSuffix(got.ExitReason, c.reason) {
				t.Errorf("got %+v", got)
			}
			if !slices.Equal(cancelled, []int{7}) {
				t.Errorf("cancelled %v", cancelled)
			}
		})
	}
}

func TestAChangeOfTheUnitIsSeen(t *testing.T) {
	m := &manager{load: "loaded", subscribed: make(chan struct{})}
	seen, ended := make(chan string, 8), make(chan error, 1)
	go func() {
		ended <- find(t, m, "web").Watch(t.Context(), cib.Operation{}, func(why string) { seen <- why })
	}()
	<-m.subscribed
	<-seen
	m.updates <- change("other.service", "ActiveState")
	m.updates <- change("web.service", "MemoryCurrent")
	m.updates <- change("web.service", "ActiveState")
	if got := <-seen; got != "web.service changed its state" {
		t.Errorf("saw %q", got)
	}
	m.errs <- errors.New("connection closed")
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "were lost") {
		t.Errorf("got %v", err)
	}
}

func change(unit, property string) *dbus.PropertiesUpdate {
	u := &dbus.PropertiesUpdate{UnitName: unit}
	u.Changed = withKey(u.Changed, property)
	return u
}

// withKey makes a map of the type of like with one key.
func withKey[V any](_ map[string]V, key string) map[string]V {
	var zero V
	return map[string]V{key: zero}
}

func TestWithoutSystemdTheReasonIsSaid(t *testing.T) {
	a, err := (&Class{Dial: func(context.Context) (Manager, error) { return nil, errors.New("no such socket") }}).Find("", "web")
	if err != nil {
		t.Fatal(err)
	}
	c := a.(*agent).class
	if _, err := c.dial(t.Context()); err == nil || !strings.Contains(err.Error(), "is this host booted with systemd?") {
		t.Errorf("got %v", err)
	}
	if got := a.Run(t.Context(), cib.Operation{Name: "start"}); got.RC != cib.UnknownError {
		t.Errorf("got %+v", got)
	}
	if _, err := c.Find("", "../x"); !errors.Is(err, agents.ErrNoAgent) {
		t.Errorf("got %v", err)
	}
}
