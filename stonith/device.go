package stonith

import (
	"context"

	"kvmha/internal/cib"
)

// Action is what a device is asked to do.
type Action string

// The actions of the fence-agents convention.
const (
	Off      Action = "off"
	On       Action = "on"
	Reboot   Action = "reboot"
	Status   Action = "status"
	Monitor  Action = "monitor"
	List     Action = "list"
	Metadata Action = "metadata"
)

// PowerState is a device's answer to Status.
type PowerState int

// A target is on, off, or the device cannot tell.
const (
	PowerUnknown PowerState = iota
	PowerOn
	PowerOff
)

// Device is one type of fencing device with its configuration.
type Device interface {
	// Do performs an action on target ("" for Monitor, List, Metadata). An
	// error names the device, the cause and what to do.
	Do(ctx context.Context, action Action, target string) (Answer, error)
}

// Answer is what a device said.
type Answer struct {
	Power  PowerState
	Output string
}

// Opener makes devices of one type from configured parameters.
type Opener func(id string, params []cib.NV) (Device, error)
