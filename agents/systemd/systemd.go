// Package systemd runs units of systemd as resources: class "systemd" ("Pacemaker
// Explained, Systemd"). Start and stop are jobs of the service manager over
// D-Bus, waited for until they end; monitor reads the unit's state; and a watch
// on the unit's changes tells at once when a service dies.
//
// A unit under the cluster's control must not be enabled: the cluster starts
// it. Units take no parameters.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"

	"kvmha/agents"
	"kvmha/internal/cib"
)

// Manager is what the class needs of the service manager; *dbus.Conn is one.
type Manager interface {
	StartUnitContext(ctx context.Context, name, mode string, ch chan<- string) (int, error)
	StopUnitContext(ctx context.Context, name, mode string, ch chan<- string) (int, error)
	ReloadUnitContext(ctx context.Context, name, mode string, ch chan<- string) (int, error)
	GetUnitPropertiesContext(ctx context.Context, unit string) (map[string]any, error)
	Subscribe() error
	SetPropertiesSubscriber(updates chan<- *dbus.PropertiesUpdate, errs chan<- error)
	Close()
}

// Class runs units.
type Class struct {
	// Dial connects to the service manager; nil means the system's.
	Dial func(ctx context.Context) (Manager, error)
	// Cancel takes a job back that has not ended; nil means the system's.
	Cancel func(ctx context.Context, job int) error
}

var _ agents.Finder = (*Class)(nil)

// Find implements agents.Finder. Whether a unit exists is the service
// manager's to say, so a missing one is told by the operation.
func (c *Class) Find(_, typ string) (agents.Agent, error) {
	if !agents.PlainName(typ) {
		return nil, fmt.Errorf("systemd:%s: %w: the type must be a unit's name", typ, agents.ErrNoAgent)
	}
	unit := typ
	if filepath.Ext(typ) == "" {
		unit += ".service"
	}
	return &agent{class: c, unit: unit}, nil
}

func (c *Class) dial(ctx context.Context) (Manager, error) {
	dial := c.Dial
	if dial == nil {
		dial = func(ctx context.Context) (Manager, error) { return dbus.NewWithContext(ctx) }
	}
	m, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot reach systemd over D-Bus: %w; is this host booted with systemd?", err)
	}
	return m, nil
}

type agent struct {
	class *Class
	unit  string
}

var _ agents.Watcher = (*agent)(nil)

// Run implements agents.Agent.
func (a *agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	m, err := a.class.dial(ctx)
	if err != nil {
		return agents.Outcome{RC: cib.UnknownError, Status: cib.ExecError, ExitReason: err.Error()}
	}
	defer m.Close()
	switch op.Name {
	case "start":
		return a.job(ctx, op, m, m.StartUnitContext)
	case "stop":
		return a.job(ctx, op, m, m.StopUnitContext)
	case "reload", "reload-agent":
		return a.job(ctx, op, m, m.ReloadUnitContext)
	case "monitor":
		return a.monitor(ctx, op, m)
	}
	return agents.Failed(cib.Unimplemented, "a unit has no action %q", op.Name)
}

// job runs a job and waits for its end. "replace" overrides a conflicting job,
// as systemctl does.
func (a *agent) job(ctx context.Context, op cib.Operation, m Manager, begin func(context.Context, string, string, chan<- string) (int, error)) agents.Outcome {
	state, err := a.state(ctx, m)
	switch {
	case err != nil:
		return agents.Failed(cib.UnknownError, "%v", err)
	case state.load == "not-found" && op.Name == "stop":
		return agents.Done(cib.OK) // what is not there does not run
	case state.load == "not-found":
		return a.missing()
	}
	ended := make(chan string, 1)
	id, err := begin(ctx, a.unit, "replace", ended)
	if err != nil {
		return agents.Failed(cib.UnknownError, "systemd refused the %s of %s: %v", op.Name, a.unit, err)
	}
	select {
	case how := <-ended:
		if how != "done" {
			return agents.Failed(cib.UnknownError, "the %s of %s ended as %q; see journalctl -u %s", op.Name, a.unit, how, a.unit)
		}
		return agents.Done(cib.OK)
	case <-ctx.Done():
		return agents.Failed(cib.UnknownError, "the %s of %s was not finished by systemd in time%s", op.Name, a.unit, a.class.takeBack(ctx, id))
	}
}

func (a *agent) monitor(ctx context.Context, op cib.Operation, m Manager) agents.Outcome {
	state, err := a.state(ctx, m)
	switch {
	case err != nil:
		return agents.Failed(cib.UnknownError, "%v", err)
	case state.load == "not-found":
		if op.Interval == 0 {
			return agents.Done(cib.NotRunning)
		}
		return a.missing()
	}
	switch state.active {
	case "active", "reloading", "activating", "refreshing":
		return agents.Done(cib.OK)
	case "failed":
		return agents.Failed(cib.NotRunning, "%s has failed (%s); see journalctl -u %s", a.unit, state.result, a.unit)
	case "deactivating":
		return agents.Failed(cib.UnknownError, "%s is being stopped", a.unit)
	}
	return agents.Done(cib.NotRunning)
}

func (a *agent) missing() agents.Outcome {
	return agents.Outcome{RC: cib.NotInstalled, Status: cib.ExecNotInst,
		ExitReason: fmt.Sprintf("systemd:%s: %v: systemd knows no unit of that name on this host", a.unit, agents.ErrNoAgent)}
}

// state is what matters of a unit's properties.
type state struct{ load, active, result string }

func (a *agent) state(ctx context.Context, m Manager) (state, error) {
	p, err := m.GetUnitPropertiesContext(ctx, a.unit)
	if err != nil {
		return state{}, fmt.Errorf("systemd does not tell the state of %s: %w", a.unit, err)
	}
	text := func(name string) string {
		s, _ := p[name].(string)
		return s
	}
	return state{load: text("LoadState"), active: text("ActiveState"), result: text("SubState")}, nil
}

// Watch implements agents.Watcher by the service manager's change signals.
func (a *agent) Watch(ctx context.Context, _ cib.Operation, changed func(string)) error {
	m, err := a.class.dial(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	updates, errs := make(chan *dbus.PropertiesUpdate, 64), make(chan error, 1)
	m.SetPropertiesSubscriber(updates, errs)
	if err := m.Subscribe(); err != nil {
		return fmt.Errorf("subscribe to systemd's changes: %w", err)
	}
	changed("watching " + a.unit)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-errs:
			return fmt.Errorf("systemd's changes were lost: %w", err)
		case u, ok := <-updates:
			if !ok || u == nil {
				return errors.New("systemd's changes ended")
			}
			if _, active := u.Changed["ActiveState"]; active && strings.EqualFold(u.UnitName, a.unit) {
				changed(u.UnitName + " changed its state")
			}
		}
	}
}
