package stonith

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// level carries an order out with one level's devices, in the order given as
// Pacemaker does: a device may be there to judge (fence_heuristics_ping), and
// those after it act only if it agrees. A reboot is off with all devices, and
// only when all are off, on again with all, by an order of its own: a node with
// two power supplies does not notice it otherwise. leftOff tells that this order
// is due.
func (f *Fencer) level(ctx context.Context, order Order, level Level) (units []unit, leftOff bool, err error) {
	units, err = f.open(ctx, order, level)
	if err != nil {
		return nil, false, err
	}
	if order.Action == On { // one that is there to judge switches nothing on
		units = slices.DeleteFunc(units, func(u unit) bool { return !u.able(On) })
	}
	if len(units) == 0 {
		return nil, false, errors.New("it has no device for that")
	}
	for _, u := range units {
		switch {
		case order.Action == On:
			err = u.do(ctx, On, order.Target)
		case order.Action == Off || len(units) > 1 || u.rebootsInSteps():
			err = f.off(ctx, u, order.Target)
			leftOff = leftOff || order.Action == Reboot && u.able(On)
		default:
			err = f.rebootAtOnce(ctx, u, order.Target)
		}
		if err != nil {
			return nil, false, err
		}
	}
	return units, leftOff, nil
}

// open makes all devices of a level before anything is switched.
func (f *Fencer) open(ctx context.Context, order Order, level Level) ([]unit, error) {
	var units []unit
	for _, spec := range level.Devices {
		settings, _, err := SplitParams(spec.Params)
		if err != nil {
			return nil, fmt.Errorf("device %q: %w", spec.ID, err)
		}
		if !settings.Serves(order.Target) {
			return nil, fmt.Errorf("device %q is not for %s: its pcmk_host_list or pcmk_host_map names %s",
				spec.ID, order.Target, strings.Join(settings.Hosts, ", "))
		}
		device, err := f.registry.Open(spec)
		if err != nil {
			return nil, err
		}
		u := unit{spec: spec, device: device, settings: settings}
		if capable, ok := device.(Capable); ok {
			if u.can, err = capable.Can(ctx); err != nil {
				return nil, err
			}
		}
		units = append(units, u)
	}
	return units, nil
}

// off switches off and makes sure of it.
func (f *Fencer) off(ctx context.Context, u unit, target string) error {
	if err := u.do(ctx, Off, target); err != nil {
		return err
	}
	return f.confirmOff(ctx, u, target)
}

// rebootAtOnce leaves a reboot to the device, on its word, because it cannot
// do it in steps or is configured so (pcmk_reboot_action). If what it does is
// off, that is confirmed.
func (f *Fencer) rebootAtOnce(ctx context.Context, u unit, target string) error {
	if err := u.do(ctx, Reboot, target); err != nil {
		return err
	}
	if u.settings.Actions[Reboot] == string(Off) {
		return f.confirmOff(ctx, u, target)
	}
	return nil
}

func names(units []unit) string {
	var ids []string
	for _, u := range units {
		ids = append(ids, u.spec.ID)
	}
	return strings.Join(ids, "+")
}
