package libvirt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/pause"
)

// Waits between attempts to reach libvirtd: short at first, because a daemon
// that was killed is mostly back within a second.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = time.Second
)

// link holds the present connection, or why there is none.
type link struct {
	mu    sync.Mutex
	conn  *sharedDaemon
	why   error
	tried chan struct{} // closed after the first attempt
	once  sync.Once
}

// sharedDaemon lets one call at a time into a connection and counts those that
// wait or are in it: the library frees a connection when it is closed, whoever
// is still in it, and up to libvirt 10.3 two threads that call at once may crash
// the process (CVE-2024-4418).
type sharedDaemon struct {
	daemon
	calls sync.WaitGroup
	turn  chan struct{} // holds one token
}

func (l *link) set(conn *sharedDaemon, why error) {
	l.mu.Lock()
	l.conn, l.why = conn, why
	l.mu.Unlock()
	l.once.Do(func() { close(l.tried) })
}

// acquire returns the connection, if need be after the very first attempt to
// make one. Who got it waits for its turn and calls calls.Done in the end.
func (l *link) acquire(ctx context.Context) (*sharedDaemon, error) {
	select {
	case <-l.tried:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil, l.why
	}
	l.conn.calls.Add(1)
	return l.conn, nil
}

// use runs fn when it is its turn, unless ctx ends before.
func (s *sharedDaemon) use(ctx context.Context, fn func(daemon) error) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { s.turn <- struct{}{} }()
	return fn(s.daemon)
}

// keepConnected owns the connection until the driver is closed.
func (d *Driver) keepConnected() {
	retry := firstRetry
	said := ""
	for d.ctx.Err() == nil {
		lost := make(chan string, 1)
		conn, err := d.opts.dial(d.opts.URI, observer{event: d.observed, lost: func(reason string) {
			select {
			case lost <- reason:
			default:
			}
		}})
		if err != nil {
			d.link.set(nil, err)
			if said != err.Error() {
				said = err.Error()
				d.log.Warn("libvirt-unavailable", "uri", d.opts.URI, "error", err)
			}
			if errors.Is(err, errNoLibrary) {
				return
			}
			pause.For(d.ctx, retry)
			retry = min(2*retry, lastRetry)
			continue
		}
		retry, said = firstRetry, ""
		d.serve(conn, lost)
	}
}

// serve holds one connection from its beginning to its end.
func (d *Driver) serve(conn daemon, lost <-chan string) {
	shared := &sharedDaemon{daemon: conn, turn: make(chan struct{}, 1)}
	shared.turn <- struct{}{}
	d.link.set(shared, nil)
	d.log.Info("libvirt-connected", "uri", d.opts.URI)
	d.followActive()
	d.bus.publish(hypervisor.Event{Kind: hypervisor.Restored})
	reason := "closed"
	select {
	case reason = <-lost:
	case <-d.ctx.Done():
	}
	d.link.set(nil, fmt.Errorf("%w: connection to libvirtd is lost: %s", hypervisor.ErrUnavailable, reason))
	if d.ctx.Err() == nil {
		d.log.Warn("libvirt-lost", "uri", d.opts.URI, "reason", reason)
		d.bus.publish(hypervisor.Event{Kind: hypervisor.Lost, Detail: reason})
	}
	// Calls under way end by themselves, now that the connection has.
	go func() {
		shared.calls.Wait()
		conn.close()
	}()
}

// observed takes an event from the library's thread.
func (d *Driver) observed(uuid string, e hypervisor.Event) {
	switch e.Kind {
	case hypervisor.DomainStarted, hypervisor.DomainResumed:
		d.follow(uuid, e.Domain)
	case hypervisor.DomainStopped, hypervisor.DomainCrashed:
		d.mons.end(uuid)
	}
	d.log.Debug("domain-event", "domain", e.Domain, "kind", string(e.Kind), "detail", e.Detail)
	d.bus.publish(e)
}
