package libvirt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kvmha/internal/hypervisor"
)

// Limits of the ways to end a domain, tried in this order.
const (
	// destroyLimit is for libvirtd, which itself gives QEMU a moment.
	destroyLimit = 3 * time.Second
	// quitLimit is for QEMU to end after QMP's quit.
	quitLimit = time.Second
	// cleanupLimit is for the end of what an interrupted Start has begun.
	cleanupLimit = 10 * time.Second
	// askAgain is how often a guest is asked to shut down: one that is booting
	// ignores the power button.
	askAgain = 5 * time.Second
)

// Start implements hypervisor.Driver. The domain is transient: nothing of it is
// left in libvirt when it has stopped. libvirtd finishes a start whose client
// has died; therefore it creates the domain with its CPUs standing still, and
// they run only by a second call. When that cannot be made, because ctx ends or
// libvirtd does, what was begun is destroyed again.
func (d *Driver) Start(ctx context.Context, def hypervisor.Definition) error {
	created := d.apart(ctx, func(conn daemon) error { return conn.create(def.XML) })
	var err error
	select {
	case err = <-created:
	case <-ctx.Done():
		err = fmt.Errorf("libvirt has not started it in time: %w", ctx.Err())
	}
	switch {
	case err == nil:
		err = d.call(ctx, d.opts.CallTimeout, func(conn daemon) error { return conn.resume(def.UUID) })
	case ctx.Err() == nil && !errors.Is(err, hypervisor.ErrUnavailable):
		return fmt.Errorf("start domain %s: %w", def.Name, err) // libvirt refused: nothing was begun
	}
	if err != nil {
		return fmt.Errorf("start domain %s: %w", def.Name, errors.Join(err, d.undo(ctx, def, created)))
	}
	return nil
}

// undo destroys what a start has begun, after its creation has ended.
func (d *Driver) undo(ctx context.Context, def hypervisor.Definition, created <-chan error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
	defer cancel()
	select {
	case <-created:
	case <-ctx.Done():
	}
	return d.Destroy(ctx, def)
}

// Shutdown implements hypervisor.Driver: by libvirt, else by QMP, the power
// button is pressed; then the end of the process is awaited.
func (d *Driver) Shutdown(ctx context.Context, def hypervisor.Definition) error {
	for {
		asked := d.press(ctx, def)
		if errors.Is(asked, errNoDomain) {
			asked = nil
		}
		wait, cancel := context.WithTimeout(ctx, askAgain)
		err := d.opts.Processes.Wait(wait, def.UUID)
		cancel()
		if err == nil {
			return d.awaitStopped(ctx, def)
		}
		if ctx.Err() != nil {
			return errors.Join(fmt.Errorf("domain %s has not shut down: %w", def.Name, ctx.Err()), asked)
		}
	}
}

func (d *Driver) press(ctx context.Context, def hypervisor.Definition) error {
	err := d.call(ctx, d.opts.CallTimeout, func(conn daemon) error { return conn.shutdown(def.UUID) })
	if !errors.Is(err, hypervisor.ErrUnavailable) {
		return err
	}
	if session := d.mons.session(def.UUID); session != nil {
		ctx, cancel := context.WithTimeout(ctx, d.opts.CallTimeout)
		defer cancel()
		return session.Run(ctx, "system_powerdown", nil, nil)
	}
	return err
}

// Destroy implements hypervisor.Driver.
func (d *Driver) Destroy(ctx context.Context, def hypervisor.Definition) error {
	byDaemon := d.destroy(ctx, def)
	if byDaemon == nil || errors.Is(byDaemon, errNoDomain) {
		byDaemon = nil
		if d.gone(ctx, def, quitLimit) {
			return nil
		}
	}
	byQMP := d.quit(ctx, def)
	if byQMP == nil && d.gone(ctx, def, quitLimit) {
		return nil
	}
	d.log.Warn("domain-killed", "domain", def.Name, "libvirt", errText(byDaemon), "qmp", errText(byQMP))
	if err := d.opts.Processes.Kill(ctx, def.UUID); err != nil {
		return fmt.Errorf("destroy domain %s: %w", def.Name, errors.Join(err, byQMP, byDaemon))
	}
	if err := d.awaitStopped(ctx, def); err != nil {
		return fmt.Errorf("destroy domain %s: %w", def.Name, err)
	}
	return nil
}

// destroy asks libvirtd.
func (d *Driver) destroy(ctx context.Context, def hypervisor.Definition) error {
	ctx, cancel := context.WithTimeoutCause(ctx, destroyLimit,
		fmt.Errorf("%w: libvirtd has not answered within %v", hypervisor.ErrUnavailable, destroyLimit))
	defer cancel()
	select {
	case err := <-d.apart(ctx, func(conn daemon) error { return conn.destroy(def.UUID) }):
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// gone says whether the domain is proven to be down within limit.
func (d *Driver) gone(ctx context.Context, def hypervisor.Definition, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if d.opts.Processes.Wait(ctx, def.UUID) != nil {
		return false
	}
	return d.awaitStopped(ctx, def) == nil
}

func errText(err error) string {
	if err == nil {
		return "done, but a process is left"
	}
	return err.Error()
}
