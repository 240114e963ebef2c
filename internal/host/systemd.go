package host

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Under systemd the daemon says when it is ready, and while its loop goes
// round it feeds the unit's watchdog (WatchdogSec): a loop that hangs is
// restarted, which disturbs no resource. Elsewhere these calls do nothing.

func notifyReady()    { _, _ = daemon.SdNotify(false, daemon.SdNotifyReady) }
func notifyStopping() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) }

// feedWatchdog calls alive at half the watchdog's time; alive must reach the
// loop and come back before the notification is sent.
func feedWatchdog(ctx context.Context, alive func(context.Context) bool) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil || limit == 0 {
		return
	}
	ticker := time.NewTicker(limit / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if alive(ctx) {
				_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}
