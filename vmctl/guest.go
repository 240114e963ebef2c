package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
)

const (
	// returnLimit is how long vm-ctl waits for a guestd that was there and has
	// died: its supervisor restarts it in much less.
	returnLimit = 30 * time.Second
	// returnLook is the time between two looks for it.
	returnLook = 100 * time.Millisecond
)

// askGuest asks guestd, and asks the same again when it dies meanwhile: questions
// change nothing, and a fence carries an id by which it takes effect once.
func (a *app) askGuest(ctx context.Context, verb control.Verb, args, reply any) error {
	a.guest = true // also while the socket is away
	path, _ := a.daemon()
	if !exists(path) {
		return a.ask(ctx, verb, args, reply)
	}
	var lost time.Time
	for {
		err := a.ask(ctx, verb, args, reply)
		switch {
		case connectionEnded(err), lost.IsZero() && errors.Is(err, socket.ErrNotRunning):
			lost = time.Now()
			a.warn("guestd has ended; waiting up to %v for its return to ask it again", returnLimit)
		case !errors.Is(err, socket.ErrNotRunning):
			return err
		case time.Since(lost) > returnLimit:
			return fmt.Errorf("guestd has not come back within %v: %w", returnLimit, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(returnLook):
		}
	}
}

// connectionEnded says whether the daemon went away in the middle of a request.
func connectionEnded(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}
