package libvirt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kvmha/internal/hypervisor"
)

const (
	// targetLimit bounds the questions to the target's libvirtd.
	targetLimit = 5 * time.Second
	// settleLimit bounds the wait for an aborted or failed migration to leave
	// the domain running somewhere, also while libvirtd restarts.
	settleLimit = 15 * time.Second
	// reportEvery is the time between two progress reports.
	reportEvery = 100 * time.Millisecond
)

// errMoved means that a migration ended with the domain on the target, whatever
// libvirt said of it.
var errMoved = errors.New("the domain runs on the target")

// Migrate implements hypervisor.Driver: live, peer to peer, which the source's
// libvirtd manages, so that it goes on or is rolled back without us.
func (d *Driver) Migrate(ctx context.Context, def hypervisor.Definition, m hypervisor.Migration, report func(hypervisor.Progress)) error {
	if err := d.checkRemote(ctx, def, m.URI); err != nil {
		return fmt.Errorf("migrate domain %s to %s: %w; %w", def.Name, m.URI, err, hypervisor.ErrStays)
	}
	began := time.Now()
	ended := d.apart(ctx, func(conn daemon) error { return conn.migrate(def.UUID, m) })
	var last hypervisor.Progress
	err := d.awaitMigration(ctx, def, ended, func(p hypervisor.Progress) {
		last = p
		if report != nil {
			report(p)
		}
	})
	if err != nil {
		err = d.settle(def, m.URI, err)
	}
	last.Phase, last.Elapsed = "completed", time.Since(began)
	if err != nil {
		last.Phase = "failed"
		if ctx.Err() != nil {
			last.Phase = "cancelled"
		}
	}
	if report != nil {
		report(last)
	}
	return err
}

// awaitMigration reports progress until the migration has ended; when ctx ends
// first it aborts the migration and waits for that.
func (d *Driver) awaitMigration(ctx context.Context, def hypervisor.Definition, ended <-chan error, report func(hypervisor.Progress)) error {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-d.ctx.Done():
			return errClosed
		case <-ctx.Done():
			return d.abort(ctx, def, ended)
		case <-tick.C:
			if p, ok := d.progress(ctx, def); ok {
				report(p)
			}
		}
	}
}

// underWay are QEMU's names for the states of a migration that has begun and not
// ended; the other ones may be of the migration before ("QEMU QMP Reference
// Manual", MigrationStatus).
var underWay = []string{"active", "pre-switchover", "device", "postcopy-active", "wait-unplug"}

// progress asks QEMU itself, else libvirt; false when there is nothing to say.
func (d *Driver) progress(ctx context.Context, def hypervisor.Definition) (hypervisor.Progress, bool) {
	var p hypervisor.Progress
	var err error
	if session := d.mons.session(def.UUID); session != nil && def.QMP != "" {
		ask, cancel := context.WithTimeout(ctx, d.opts.CallTimeout)
		defer cancel()
		p, err = session.Migration(ask)
	} else {
		err = d.call(ctx, d.opts.CallTimeout, func(conn daemon) (err error) {
			p, err = conn.job(def.UUID)
			return err
		})
	}
	return p, err == nil && slices.Contains(underWay, p.Phase)
}

// abort cancels the migration. A migration that has just completed cannot be
// aborted any more, which settle finds out.
func (d *Driver) abort(ctx context.Context, def hypervisor.Definition, ended <-chan error) error {
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	aborted := d.call(cleanup, d.opts.CallTimeout, func(conn daemon) error { return conn.abortJob(def.UUID) })
	select {
	case err := <-ended:
		if err == nil {
			return nil
		}
		return fmt.Errorf("aborted: %w", context.Cause(ctx))
	case <-cleanup.Done():
		return errors.Join(fmt.Errorf("not aborted in time: %w", context.Cause(ctx)), aborted)
	case <-d.ctx.Done():
		return errClosed
	}
}

// settle waits after a failure until it is known where the domain runs, and
// says so. It returns nil when the domain has reached the target all the same.
func (d *Driver) settle(def hypervisor.Definition, uri string, cause error) error {
	ctx, cancel := context.WithTimeout(d.ctx, settleLimit)
	defer cancel()
	failed := fmt.Errorf("migrate domain %s to %s: %w", def.Name, uri, cause)
	where := d.whereabouts(ctx, def, uri)
	switch {
	case where == nil:
		return fmt.Errorf("%w; %w", failed, hypervisor.ErrStays)
	case errors.Is(where, errMoved):
		d.log.Warn("migration-completed-late", "domain", def.Name, "uri", uri, "error", cause)
		return nil
	}
	return fmt.Errorf("%w; %w", failed, where)
}

// whereabouts returns nil when the domain runs here, errMoved when it runs on
// the target only, and else what is known. A libvirtd that died in the middle is
// awaited: it alone knows what it will do with its half.
func (d *Driver) whereabouts(ctx context.Context, def hypervisor.Definition, uri string) error {
	s := d.bus.subscribe()
	defer d.bus.drop(s)
	recheck := time.NewTicker(reportEvery)
	defer recheck.Stop()
	known := errors.New("nobody could be asked")
	for {
		state, doing, err := d.standing(ctx, def)
		switch {
		case ctx.Err() != nil:
			return known
		case errors.Is(err, hypervisor.ErrUnavailable) && state != hypervisor.Stopped:
		case doing == quiet && state == hypervisor.Running:
			return nil
		case doing == quiet && state == hypervisor.Stopped:
			return d.remoteWhereabouts(ctx, def, uri)
		case doing == handedOver:
			if err = d.takeBack(ctx, def, uri); err == nil {
				continue
			}
		}
		known = errors.Join(fmt.Errorf("on this host it is still %s and %s", state, doing), err)
		select {
		case <-ctx.Done():
			return known
		case <-s.wake:
			s.take()
		case <-recheck.C:
		}
	}
}

// errUnproven means that a migration was cut off after everything had been sent.
var errUnproven = errors.New("that proves nothing, so its CPUs stand still here until the cluster has stopped it on both hosts")

// takeBack ends a migration of which the target alone knows the outcome: where
// the domain runs there, what is left here is destroyed. That it is not there is
// the word of one witness, a libvirtd that may have lost its QEMU; only the hostd
// there sees the processes. So nothing runs on here by that word: the migration
// has failed, and the stop that follows on both hosts is proven on both.
func (d *Driver) takeBack(ctx context.Context, def hypervisor.Definition, uri string) error {
	there, err := d.remoteState(ctx, def, uri)
	switch {
	case err != nil:
		return fmt.Errorf("%s cannot tell whether it arrived: %w", uri, err)
	case there == hypervisor.Running:
		return d.Destroy(ctx, def)
	case there == hypervisor.Stopped:
		return fmt.Errorf("%s says that it is not there: %w", uri, errUnproven)
	}
	return fmt.Errorf("at %s it is still %s", uri, there)
}

func (d *Driver) remoteWhereabouts(ctx context.Context, def hypervisor.Definition, uri string) error {
	state, err := d.remoteState(ctx, def, uri)
	switch {
	case err != nil:
		return fmt.Errorf("it does not run on this host, and %s cannot tell: %w", uri, err)
	case state == hypervisor.Stopped:
		return errors.New("it runs on neither host: start it again")
	}
	return errMoved
}

// checkRemote says what would make a migration to uri fail.
func (d *Driver) checkRemote(ctx context.Context, def hypervisor.Definition, uri string) error {
	state, err := d.remoteState(ctx, def, uri)
	if err != nil {
		return fmt.Errorf("target cannot be asked: %w", err)
	}
	if state != hypervisor.Stopped {
		return fmt.Errorf("a domain with UUID %s is already %s there", def.UUID, state)
	}
	return nil
}

// remoteState asks the libvirtd at uri over a connection of its own.
func (d *Driver) remoteState(ctx context.Context, def hypervisor.Definition, uri string) (hypervisor.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, targetLimit,
		fmt.Errorf("%w: %s has not answered within %v", hypervisor.ErrUnavailable, uri, targetLimit))
	defer cancel()
	type answer struct {
		state hypervisor.State
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		conn, err := d.opts.dial(uri, observer{})
		if err != nil {
			answered <- answer{hypervisor.Unknown, err}
			return
		}
		defer conn.close()
		state, err := conn.state(def.UUID)
		if errors.Is(err, errNoDomain) {
			state, err = hypervisor.Stopped, nil
		}
		answered <- answer{state, err}
	}()
	select {
	case a := <-answered:
		return a.state, a.err
	case <-ctx.Done():
		return hypervisor.Unknown, context.Cause(ctx)
	}
}
