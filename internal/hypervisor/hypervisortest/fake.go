// Package hypervisortest is a hypervisor.Driver made of memory, for the tests of
// what is built on drivers: the VirtualDomain agent, the hub, the libvirt fencing
// device. It keeps the interface's promises, and fails where it is told to.
package hypervisortest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kvmha/internal/hypervisor"
)

// Driver is a host's domains in memory. The zero value is a host without
// domains.
type Driver struct {
	mu     sync.Mutex
	states map[string]hypervisor.State // by UUID
	fail   map[string]error            // by method
	calls  []string
	// times are the calls that fail, of methods that do not fail for good.
	times map[string]int
	subs  map[chan hypervisor.Event]bool
	// watched is closed when somebody watches; nil while nobody waits for that.
	watched chan struct{}
	peers   map[string]*Driver // by URI
	paths   map[string]string  // channel sockets by UUID
	// deaf domains ignore the power button.
	deaf map[string]bool
}

var _ hypervisor.Driver = (*Driver)(nil)

// Set puts a domain into a state and tells the watchers of it.
func (d *Driver) Set(def hypervisor.Definition, s hypervisor.State) {
	d.mu.Lock()
	if d.states == nil {
		d.states = map[string]hypervisor.State{}
	}
	d.states[def.UUID] = s
	d.mu.Unlock()
	d.Emit(hypervisor.Event{Domain: def.Name, Kind: map[hypervisor.State]hypervisor.EventKind{
		hypervisor.Running: hypervisor.DomainStarted, hypervisor.Stopped: hypervisor.DomainStopped,
		hypervisor.Paused: hypervisor.DomainPaused, hypervisor.Unknown: hypervisor.Lost,
	}[s]})
}

// SetQuietly is Set without an event.
func (d *Driver) SetQuietly(def hypervisor.Definition, s hypervisor.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.states == nil {
		d.states = map[string]hypervisor.State{}
	}
	d.states[def.UUID] = s
}

// Fail makes a method ("Start", "Destroy" …) return err; nil ends that.
func (d *Driver) Fail(method string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail == nil {
		d.fail, d.times = map[string]error{}, map[string]int{}
	}
	d.fail[method] = err
	delete(d.times, method)
}

// FailTimes makes the next calls of a method return err, as many as times.
func (d *Driver) FailTimes(method string, err error, times int) {
	d.Fail(method, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.times[method] = times
}

// Deafen makes a domain ignore Shutdown.
func (d *Driver) Deafen(def hypervisor.Definition) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.deaf == nil {
		d.deaf = map[string]bool{}
	}
	d.deaf[def.UUID] = true
}

// Peer makes another host reachable at uri.
func (d *Driver) Peer(uri string, other *Driver) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.peers == nil {
		d.peers = map[string]*Driver{}
	}
	d.peers[uri] = other
}

// SetChannel says where a domain's channel is.
func (d *Driver) SetChannel(def hypervisor.Definition, path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paths == nil {
		d.paths = map[string]string{}
	}
	d.paths[def.UUID] = path
}

// Calls returns the methods that changed something or tried to, in order.
func (d *Driver) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.calls...)
}

// call notes a call and returns the failure that was ordered.
func (d *Driver) call(method string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, method)
	err := d.fail[method]
	if left, counted := d.times[method]; counted {
		if d.times[method] = left - 1; left == 1 {
			delete(d.fail, method)
			delete(d.times, method)
		}
	}
	return err
}

// Start implements hypervisor.Driver.
func (d *Driver) Start(_ context.Context, def hypervisor.Definition) error {
	if err := d.call("Start"); err != nil {
		return err
	}
	d.Set(def, hypervisor.Running)
	return nil
}

// Shutdown implements hypervisor.Driver.
func (d *Driver) Shutdown(ctx context.Context, def hypervisor.Definition) error {
	if err := d.call("Shutdown"); err != nil {
		return err
	}
	d.mu.Lock()
	deaf := d.deaf[def.UUID]
	d.mu.Unlock()
	if deaf {
		<-ctx.Done()
		return ctx.Err()
	}
	d.Set(def, hypervisor.Stopped)
	return nil
}

// Destroy implements hypervisor.Driver.
func (d *Driver) Destroy(_ context.Context, def hypervisor.Definition) error {
	if err := d.call("Destroy"); err != nil {
		return err
	}
	d.Set(def, hypervisor.Stopped)
	return nil
}

// State implements hypervisor.Driver; a domain it never heard of is Stopped.
func (d *Driver) State(_ context.Context, def hypervisor.Definition) (hypervisor.State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail["State"]; err != nil {
		return hypervisor.Unknown, err
	}
	s, ok := d.states[def.UUID]
	if !ok {
		return hypervisor.Stopped, nil
	}
	if s == hypervisor.Unknown {
		return s, errors.New("nobody knows")
	}
	return s, nil
}

// Settle implements hypervisor.Driver; nothing is ever half done here.
func (d *Driver) Settle(ctx context.Context, def hypervisor.Definition) (hypervisor.State, error) {
	return d.State(ctx, def)
}

// Migrate implements hypervisor.Driver; the URI must be a Peer's.
func (d *Driver) Migrate(_ context.Context, def hypervisor.Definition, m hypervisor.Migration, report func(hypervisor.Progress)) error {
	if err := d.call("Migrate"); err != nil {
		return err
	}
	d.mu.Lock()
	peer := d.peers[m.URI]
	d.mu.Unlock()
	if peer == nil {
		return fmt.Errorf("no host at %s; %w", m.URI, hypervisor.ErrStays)
	}
	report(hypervisor.Progress{Phase: "active", TotalBytes: 100, RemainingBytes: 50})
	peer.Set(def, hypervisor.Running)
	d.Set(def, hypervisor.Stopped)
	report(hypervisor.Progress{Phase: "completed", TotalBytes: 100})
	return nil
}

// CheckTarget implements hypervisor.Driver.
func (d *Driver) CheckTarget(context.Context, hypervisor.Definition) error {
	return d.call("CheckTarget")
}

// ChannelPath implements hypervisor.Driver.
func (d *Driver) ChannelPath(_ context.Context, def hypervisor.Definition) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if path := d.paths[def.UUID]; path != "" {
		return path, nil
	}
	return "", errors.New("no channel")
}

// Watch implements hypervisor.Driver.
func (d *Driver) Watch(ctx context.Context, sink func(hypervisor.Event)) error {
	events := make(chan hypervisor.Event, 100)
	d.mu.Lock()
	if d.subs == nil {
		d.subs = map[chan hypervisor.Event]bool{}
	}
	d.subs[events] = true
	d.tellWatched()
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.subs, events)
		d.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-events:
			sink(e)
		}
	}
}

// AwaitWatcher returns when somebody watches: Emit reaches him from now on.
func (d *Driver) AwaitWatcher() {
	d.mu.Lock()
	if d.watched == nil {
		d.watched = make(chan struct{})
	}
	watched := d.watched
	if len(d.subs) > 0 {
		d.tellWatched()
	}
	d.mu.Unlock()
	<-watched
}

// tellWatched ends AwaitWatcher. mu is held.
func (d *Driver) tellWatched() {
	if d.watched != nil {
		close(d.watched)
		d.watched = nil
	}
}

// Emit tells the watchers of an event.
func (d *Driver) Emit(e hypervisor.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for events := range d.subs {
		events <- e
	}
}

// Close implements hypervisor.Driver.
func (d *Driver) Close() error { return nil }
