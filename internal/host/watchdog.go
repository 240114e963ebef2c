package host

import (
	"context"
	"fmt"
	"os"
	"time"
)

// watchdogPeriod is how often the watchdog device is fed; the shortest timeout
// that common drivers allow is ten times as long.
const watchdogPeriod = time.Second

// openWatchdog arms the configured watchdog device. From then on the host is
// reset when the daemon hangs, fails, or restarts and does not come back in the
// driver's time: only a node that has left the cluster has nothing to guard. A
// device that cannot be opened ends the start: somebody counts on it.
func (h *Host) openWatchdog() (err error) {
	if h.config.Watchdog == "" {
		return nil
	}
	h.watchdog, err = os.OpenFile(h.config.Watchdog, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("watchdog: %w: load its driver (softdog, iTCO_wdt), free it from other programs, or take the key watchdog out of %s",
			err, h.options.ConfigPath)
	}
	h.closers = append(h.closers, h.watchdog)
	return nil
}

// feedDevice feeds the device as long as the loop goes round.
func (h *Host) feedDevice(ctx context.Context) error {
	if h.watchdog == nil {
		return nil
	}
	ticker := time.NewTicker(watchdogPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if !h.alive(ctx) {
				continue
			}
			if _, err := h.watchdog.Write([]byte{0}); err != nil {
				return fmt.Errorf("feed %s: %w", h.config.Watchdog, err)
			}
		}
	}
}

// disarmWatchdog writes the letter that lets the device be closed without a
// reset ("The Linux Watchdog driver API", magic close). Nothing may feed the
// device behind it: that would arm it again.
func (h *Host) disarmWatchdog() {
	if h.watchdog == nil {
		return
	}
	if _, err := h.watchdog.Write([]byte("V")); err != nil {
		h.log.Error("watchdog-not-disarmed", "device", h.config.Watchdog, "err", err, "consequence", "this host will be reset")
	}
}
