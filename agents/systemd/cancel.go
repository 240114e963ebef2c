package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// cancelTime bounds the call that takes a job back.
const cancelTime = 2 * time.Second

// takeBack cancels a job whose operation has ended before it, so that systemd
// does not carry it out behind the cluster's back, and returns what is to be
// said of it. A unit that is being started already goes on with that: the stop
// that follows every failed start ends it.
func (c *Class) takeBack(ended context.Context, job int) string {
	// The connection the job was begun on has ended with its context.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), cancelTime)
	defer cancel()
	undo := c.Cancel
	if undo == nil {
		undo = cancelJob
	}
	switch err := undo(ctx, job); {
	case err == nil:
		return "; its job is cancelled"
	case jobHasEnded(err):
		return ""
	default:
		return fmt.Sprintf("; its job %d could not be cancelled: %v", job, err)
	}
}

// noSuchJob is systemd's name for the error that a job has ended meanwhile
// (org.freedesktop.systemd1(5), CancelJob).
const noSuchJob = "org.freedesktop.systemd1.NoSuchJob"

func jobHasEnded(err error) bool {
	var e dbus.Error
	return errors.As(err, &e) && e.Name == noSuchJob
}

// cancelJob asks the system's service manager, which go-systemd cannot.
func cancelJob(ctx context.Context, job int) error {
	bus, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	defer bus.Close()
	manager := bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
	return manager.CallWithContext(ctx, "org.freedesktop.systemd1.Manager.CancelJob", 0, uint32(job)).Err
}
