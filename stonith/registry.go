package stonith

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoDeviceType means that no fence agent of that name is on this host.
var ErrNoDeviceType = errors.New("fence agent is not installed")

// Finder makes openers for device types that are found on the host.
type Finder interface {
	// Opener returns the opener of a type, or an error that wraps
	// ErrNoDeviceType and says where it was looked for.
	Opener(agent string) (Opener, error)
}

// Capable is a Device that can tell which actions it has. A device that is not
// Capable has them all.
type Capable interface {
	Device
	// Can returns the actions of the device.
	Can(ctx context.Context) (map[Action]bool, error)
}

// Registry knows the device types of this host. It is filled when hostd starts
// and not changed afterwards.
type Registry struct {
	openers map[string]Opener
	others  Finder
}

// NewRegistry returns a registry that asks others (nil: nobody) for the types
// that are not added.
func NewRegistry(others Finder) *Registry {
	return &Registry{openers: map[string]Opener{}, others: others}
}

// Add makes a device type known.
func (r *Registry) Add(agent string, open Opener) { r.openers[agent] = open }

// Open makes the device of a spec. It touches no hardware.
func (r *Registry) Open(spec DeviceSpec) (Device, error) {
	open, ok := r.openers[spec.Agent]
	if !ok {
		if r.others == nil {
			return nil, fmt.Errorf("device %q: %w: %q", spec.ID, ErrNoDeviceType, spec.Agent)
		}
		var err error
		if open, err = r.others.Opener(spec.Agent); err != nil {
			return nil, fmt.Errorf("device %q: %w", spec.ID, err)
		}
	}
	device, err := open(spec.ID, spec.Params)
	if err != nil {
		return nil, fmt.Errorf("device %q (%s): %w", spec.ID, spec.Agent, err)
	}
	return device, nil
}
