package systemd

import (
	"context"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/coreos/go-systemd/v22/dbus"
)

// Ready tells that the daemon serves.
func Ready() { _, _ = daemon.SdNotify(false, daemon.SdNotifyReady) }

// Stopping tells that the daemon is on its way out.
func Stopping() { _, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) }

// FeedWatchdog feeds the unit's watchdog (WatchdogSec) at half its time until
// ctx ends, each time after alive has returned true: alive must reach the
// daemon's main loop and come back, so that a loop which hangs is restarted.
func FeedWatchdog(ctx context.Context, alive func(context.Context) bool) {
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

// Restarts tells whether systemd ends the unit only to start it again
// (`systemctl restart`, an upgrade of the package), as opposed to
// `systemctl stop` or a shutdown of the host.
func Restarts(unit string) bool {
	if os.Getenv("INVOCATION_ID") == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := dbus.NewSystemConnectionContext(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	jobs, err := conn.ListJobsContext(ctx)
	if err != nil {
		return false
	}
	for _, job := range jobs {
		if job.Unit == unit && (job.JobType == "restart" || job.JobType == "try-restart") {
			return true
		}
	}
	return false
}
