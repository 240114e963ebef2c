package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"kvmha/internal/host"
)

// errAsked is the cause of an end for good.
var errAsked = errors.New("asked to leave the cluster")

// obey turns signals into the end of the daemon's context, and a second wish to
// end into hurry.
func obey(signals <-chan os.Signal, options host.Options, end context.CancelCauseFunc, hurry func()) {
	for <-signals == syscall.SIGHUP {
		err := host.Check(options)
		if err == nil {
			end(host.ErrRestart)
			return
		}
		options.Logger.Error("restart-refused", "err", err, "consequence", "hostd goes on with the configuration that it has")
	}
	end(errAsked)
	for <-signals == syscall.SIGHUP {
		options.Logger.Warn("restart-refused", "err", "hostd is leaving the cluster")
	}
	hurry()
}
