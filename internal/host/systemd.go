package host

import (
	"context"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/coreos/go-systemd/v22/dbus"
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

// unit is the name of the daemon's unit file.
const unit = "hostd.service"

// systemdRestarts tells whether systemd ends the daemon only to start it again
// (`systemctl restart`, an upgrade of the package): then nothing it runs is
// stopped. `systemctl stop` and a shutdown of the host mean to leave.
func systemdRestarts() bool {
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
