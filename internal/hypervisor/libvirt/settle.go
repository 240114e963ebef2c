package libvirt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kvmha/internal/hypervisor"
)

const (
	// settleEvery is the time between two looks at what is half done; most
	// changes are told by events.
	settleEvery = 100 * time.Millisecond
	// returnLimit is how long libvirtd, which knows of migrations, may be away, or
	// nobody may know anything, before an answer is given all the same.
	returnLimit = 5 * time.Second
)

// Settle implements hypervisor.Driver.
func (d *Driver) Settle(ctx context.Context, def hypervisor.Definition) (hypervisor.State, error) {
	s := d.bus.subscribe()
	defer d.bus.drop(s)
	recheck := time.NewTicker(settleEvery)
	defer recheck.Stop()
	began := time.Now()
	aborted := false
	for {
		state, doing, err := d.standing(ctx, def)
		unsure := state == hypervisor.Unknown || errors.Is(err, hypervisor.ErrUnavailable) && state != hypervisor.Stopped
		switch {
		case doing == quiet && !unsure, unsure && time.Since(began) > returnLimit, errors.Is(err, hypervisor.ErrNotInstalled):
			return state, errIfUnknown(state, err)
		case doing == leaving && !aborted:
			// One that has just completed cannot be aborted any more; the next
			// looks find out.
			d.log.Warn("migration-abandoned", "domain", def.Name, "why", "nobody waits for its end any more")
			aborted = d.call(ctx, d.opts.CallTimeout, func(conn daemon) error { return conn.abortJob(def.UUID) }) == nil
		}
		select {
		case <-ctx.Done():
			return hypervisor.Unknown, errors.Join(fmt.Errorf("domain %s is still %s: %w", def.Name, doing, ctx.Err()), err)
		case <-d.ctx.Done():
			return hypervisor.Unknown, errClosed
		case <-s.wake:
			s.take()
		case <-recheck.C:
		}
	}
}

// standing returns a domain's state and what libvirtd is doing with it; err says
// why libvirtd, or why nobody, could be asked. Nothing is known when ctx has
// ended: half an answer would be that of a domain with which nothing is done.
func (d *Driver) standing(ctx context.Context, def hypervisor.Definition) (state hypervisor.State, doing phase, err error) {
	daemonErr := d.call(ctx, d.opts.CallTimeout, func(conn daemon) (err error) {
		doing, err = conn.phase(def.UUID)
		return err
	})
	if errors.Is(daemonErr, errNoDomain) {
		daemonErr = nil
	}
	state, err = d.State(ctx, def)
	if ctx.Err() != nil {
		return hypervisor.Unknown, quiet, context.Cause(ctx)
	}
	return state, doing, errors.Join(daemonErr, err)
}

// errIfUnknown is err where the answer is Unknown: a state that is known needs
// no excuse.
func errIfUnknown(state hypervisor.State, err error) error {
	if state == hypervisor.Unknown {
		return err
	}
	return nil
}
