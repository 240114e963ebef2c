// Package pause waits a while, or until a context ends: the one wait of all rooms
// that have to wait, so that none of them sleeps through its end.
package pause

import (
	"context"
	"time"
)

// For waits for d and reports whether ctx lives on: false means that it has
// ended, and so has the wait. A d of zero or less waits for nothing.
func For(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
