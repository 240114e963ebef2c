package stonith

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"kvmha/internal/pause"
)

// Options are what a Fencer works with.
type Options struct {
	// ConfirmWithin is how long a device's status may still say "on" after it
	// said that it switched off. Default: 5 s.
	ConfirmWithin time.Duration
}

// Fencer carries out orders. Its methods are safe for concurrent use.
type Fencer struct {
	registry *Registry
	opt      Options
	ctx      context.Context
	cancel   context.CancelFunc
	tasks    sync.WaitGroup

	mu      sync.Mutex
	flights map[flightKey]*flight
	targets map[string]*target
}

// flightKey names what two orders must share to be one.
type flightKey struct {
	target string
	action Action
}

// flight is an order in progress; result is valid when done is closed.
type flight struct {
	done   chan struct{}
	result Result
}

// target keeps the actions on one node from mixing.
type target struct {
	busy chan struct{} // holds one token while an order works on the node
	// endOn ends an order to switch the node on: one to take it down does not
	// wait for that. nil = there is none.
	endOn context.CancelCauseFunc
}

// New returns a Fencer for the device types of registry. Close it in the end.
func New(registry *Registry, opt Options) *Fencer {
	if opt.ConfirmWithin == 0 {
		opt.ConfirmWithin = 5 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Fencer{registry: registry, opt: opt, ctx: ctx, cancel: cancel, flights: map[flightKey]*flight{}, targets: map[string]*target{}}
}

// Close ends orders in progress, which then fail; it returns when no device is
// in use any more.
func (f *Fencer) Close() {
	f.mu.Lock()
	f.cancel()
	f.mu.Unlock()
	f.tasks.Wait()
}

// Fence carries out an order and returns its result. An order for the target
// and action of one in progress joins it and shares its result. After a
// successful Reboot the target is down; where the Result says so, an order to
// switch it on is due.
func (f *Fencer) Fence(ctx context.Context, order Order) Result {
	key := flightKey{order.Target, order.Action}
	f.mu.Lock()
	if f.ctx.Err() != nil {
		f.mu.Unlock()
		return order.failed(errors.New("this node's fencer is closed"))
	}
	fl, joined := f.flights[key]
	if !joined {
		fl = &flight{done: make(chan struct{})}
		f.flights[key] = fl
		f.tasks.Go(func() {
			fl.result = f.carryOut(ctx, order)
			f.mu.Lock()
			delete(f.flights, key)
			f.mu.Unlock()
			close(fl.done)
		})
	}
	f.mu.Unlock()
	select {
	case <-fl.done:
		result := fl.result
		result.ID = order.ID
		return result
	case <-ctx.Done():
		if !joined {
			<-fl.done // it ends with the same context
			return fl.result
		}
		return order.failed(context.Cause(ctx))
	}
}

func (o Order) failed(err error) Result {
	return Result{ID: o.ID, Target: o.Target, Error: fmt.Sprintf("%s of %s failed: %s", o.Action, o.Target, strings.ReplaceAll(err.Error(), "\n", "; "))}
}

// carryOut waits for the target to be free and for the delay, then tries the
// levels.
func (f *Fencer) carryOut(ctx context.Context, order Order) Result {
	if order.Timeout <= 0 {
		order.Timeout = DefaultTimeout
	}
	if order.Action != Off && order.Action != Reboot && order.Action != On {
		return order.failed(fmt.Errorf("%q is no fencing action; there are off, reboot and on", order.Action))
	}
	if len(order.Levels) == 0 {
		return order.failed(fmt.Errorf("no fencing device is configured for %s", order.Target))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, order.Delay+order.Timeout,
		fmt.Errorf("the time for it (%v) is over", order.Timeout))
	defer cancel()
	defer context.AfterFunc(f.ctx, cancel)()

	t := f.target(order.Target)
	ctx, ended := f.giveWay(ctx, t, order.Action)
	defer ended()
	select {
	case t.busy <- struct{}{}:
		defer func() { <-t.busy }()
	case <-ctx.Done():
		return order.failed(context.Cause(ctx))
	}
	if !pause.For(ctx, order.Delay) {
		return order.failed(context.Cause(ctx))
	}
	var errs []error
	for _, level := range order.Levels {
		if ctx.Err() != nil {
			errs = append(errs, context.Cause(ctx))
			break
		}
		units, leftOff, err := f.level(ctx, order, level)
		if err == nil {
			return Result{ID: order.ID, Target: order.Target, OK: true, Device: names(units), LeftOff: leftOff}
		}
		if len(order.Levels) > 1 {
			err = fmt.Errorf("level %d: %w", level.Index, err)
		}
		errs = append(errs, err)
	}
	return order.failed(errors.Join(errs...))
}

// giveWay ends an order in progress that switches the target on when another one
// is to take it down. ended must be called when the order is done.
func (f *Fencer) giveWay(ctx context.Context, t *target, action Action) (_ context.Context, ended func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if action != On {
		if t.endOn != nil {
			t.endOn(errors.New("it is to be taken down"))
		}
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	t.endOn = cancel
	return ctx, func() {
		f.mu.Lock()
		t.endOn = nil // orders to switch on are one at a time
		f.mu.Unlock()
		cancel(nil)
	}
}

func (f *Fencer) target(name string) *target {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.targets[name]
	if t == nil {
		t = &target{busy: make(chan struct{}, 1)}
		f.targets[name] = t
	}
	return t
}
