package stonith

import (
	"context"
	"fmt"
	"time"
)

// unit is an opened device with what the cluster knows of it.
type unit struct {
	spec     DeviceSpec
	device   Device
	settings Settings
	can      map[Action]bool // nil = everything
}

func (u unit) able(a Action) bool { return u.can == nil || u.can[a] }

// rebootsInSteps tells whether a reboot is done as off, look, on: the only way
// to know that the node was down. A device without "on" or "status" is better
// asked for its own reboot, unless it has none.
func (u unit) rebootsInSteps() bool {
	switch {
	case u.settings.Actions[Reboot] != "":
		return false
	case !u.able(Reboot):
		return true
	}
	for _, p := range u.spec.Params {
		if p.Name == "method" && p.Value == "cycle" {
			return false // the agent's own wish to power-cycle in one go
		}
	}
	return u.able(Off) && u.able(On) && u.able(Status)
}

// do performs an action, as often as pcmk_ACTION_retries allows.
func (u unit) do(ctx context.Context, action Action, target string) error {
	if !u.able(action) {
		return fmt.Errorf("device %q (%s) has no action %q", u.spec.ID, u.spec.Agent, action)
	}
	var err error
	for range u.settings.tries(action) {
		if _, err = u.once(ctx, action, target); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (u unit) once(ctx context.Context, action Action, target string) (Answer, error) {
	limit := u.settings.timeout(action)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %v (pcmk_%s_timeout)", limit, action))
	defer cancel()
	return u.device.Do(ctx, action, target)
}

// confirmPause is the time between two looks at a device's power state.
const confirmPause = 100 * time.Millisecond

// confirmOff asks the device for the power state until it is off. A device that
// keeps saying "on", or cannot say, has not proven anything.
func (f *Fencer) confirmOff(ctx context.Context, u unit, target string) error {
	if !u.able(Status) {
		return nil
	}
	patience := time.NewTimer(f.opt.ConfirmWithin)
	defer patience.Stop()
	for {
		answer, err := u.once(ctx, Status, target)
		if err == nil && answer.Power == PowerOff {
			return nil
		}
		retry := time.NewTimer(confirmPause)
		select {
		case <-retry.C:
			continue
		case <-patience.C:
		case <-ctx.Done():
		}
		retry.Stop()
		switch {
		case err != nil:
			return fmt.Errorf("device %q says that %s was switched off, but its status cannot be read: %w", u.spec.ID, target, err)
		case answer.Power == PowerOn:
			return fmt.Errorf("device %q says that %s was switched off, but its status says that the power is still on: it lies, or switches another machine; check its plug and the device itself", u.spec.ID, target)
		}
		return fmt.Errorf("device %q says that %s was switched off, but cannot tell its power state", u.spec.ID, target)
	}
}
