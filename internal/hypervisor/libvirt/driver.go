package libvirt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/process"
)

// Options configure a Driver; every zero value is the documented default.
type Options struct {
	// URI of libvirtd, "" = qemu:///system.
	URI string
	// Socket is libvirtd's unix socket, for QMP of domains without a socket of
	// their own; "" = /run/libvirt/libvirt-sock.
	Socket string
	// Processes is the process table, zero = /proc.
	Processes process.Table
	// CallTimeout bounds one question to libvirtd, 0 = 2 s. A libvirtd that
	// takes longer is unavailable for this call.
	CallTimeout time.Duration
	// Logger, nil = discard.
	Logger *slog.Logger

	// dial is replaced in tests.
	dial dialer
}

// Driver is a hypervisor.Driver over libvirt.
type Driver struct {
	opts Options
	log  *slog.Logger
	bus  bus
	link link
	mons monitors

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

var _ hypervisor.Driver = (*Driver)(nil)

// errClosed means that the driver was closed.
var errClosed = fmt.Errorf("%w: the driver is closed", hypervisor.ErrUnavailable)

// New starts a driver. It never fails: a host without libvirt has a driver that
// says so in every answer.
func New(opts Options) *Driver {
	if opts.URI == "" {
		opts.URI = "qemu:///system"
	}
	if opts.Socket == "" {
		opts.Socket = "/run/libvirt/libvirt-sock"
	}
	if opts.CallTimeout == 0 {
		opts.CallTimeout = 2 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.dial == nil {
		opts.dial = dialLibrary
	}
	d := &Driver{opts: opts, log: opts.Logger}
	d.link.tried = make(chan struct{})
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.running.Go(d.keepConnected)
	return d
}

// Close implements hypervisor.Driver. Calls under way end with an error.
func (d *Driver) Close() error {
	d.cancel()
	d.running.Wait()
	return nil
}

// call runs one question to libvirtd and waits for its answer at most limit.
func (d *Driver) call(ctx context.Context, limit time.Duration, fn func(daemon) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("%w: libvirtd has not answered within %v", hypervisor.ErrUnavailable, limit))
	defer cancel()
	answered, err := d.begin(ctx, fn)
	if err != nil {
		return err
	}
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.ctx.Done():
		return errClosed
	}
}

// begin runs fn on the connection in a goroutine of its own, which the library
// may hold for long, and returns where its result will be.
func (d *Driver) begin(ctx context.Context, fn func(daemon) error) (<-chan error, error) {
	shared, err := d.link.acquire(ctx)
	if err != nil {
		return nil, err
	}
	answered := make(chan error, 1)
	go func() {
		defer shared.calls.Done()
		answered <- shared.use(ctx, fn)
	}()
	return answered, nil
}

// apart runs fn, which takes long, on a connection of its own, so that nobody
// waits for its turn behind it. The channel is closed after the result.
func (d *Driver) apart(ctx context.Context, fn func(daemon) error) <-chan error {
	answered := make(chan error, 1)
	go func() {
		defer close(answered)
		conn, err := d.opts.dial(d.opts.URI, observer{})
		if err != nil {
			answered <- err
			return
		}
		defer conn.close()
		if ctx.Err() != nil {
			answered <- context.Cause(ctx)
			return
		}
		answered <- fn(conn)
	}()
	return answered
}

// State implements hypervisor.Driver by the rules in the package comment.
func (d *Driver) State(ctx context.Context, def hypervisor.Definition) (hypervisor.State, error) {
	said := hypervisor.Unknown
	daemonErr := d.call(ctx, d.opts.CallTimeout, func(conn daemon) (err error) {
		said, err = conn.state(def.UUID)
		return err
	})
	if daemonErr == nil && said != hypervisor.Stopped {
		return said, nil
	}
	pids, err := d.opts.Processes.Find(def.UUID)
	if err != nil {
		if errors.Is(daemonErr, errNoDomain) {
			daemonErr = nil
		}
		return hypervisor.Unknown, fmt.Errorf("domain %s: %w", def.Name, errors.Join(err, daemonErr))
	}
	if len(pids) == 0 {
		return hypervisor.Stopped, nil
	}
	if session := d.mons.session(def.UUID); session != nil {
		ctx, cancel := context.WithTimeout(ctx, d.opts.CallTimeout)
		defer cancel()
		if state, err := session.State(ctx); err == nil {
			return state, nil
		}
	}
	return hypervisor.Running, nil
}

// awaitStopped returns when State is Stopped, or with the reason why not when
// ctx ends. It looks at every event of the domain, and now and then besides,
// because an event may be lost with libvirtd.
func (d *Driver) awaitStopped(ctx context.Context, def hypervisor.Definition) error {
	s := d.bus.subscribe()
	defer d.bus.drop(s)
	recheck := time.NewTicker(100 * time.Millisecond)
	defer recheck.Stop()
	for {
		state, err := d.State(ctx, def)
		if state == hypervisor.Stopped {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("domain %s is still %s: %w", def.Name, state, ctx.Err()), err)
		case <-d.ctx.Done():
			return errClosed
		case <-s.wake:
			s.take()
		case <-recheck.C:
		}
	}
}
