// Package fencing makes fencing devices resources: class "stonith" of the
// registry. A stonith resource is active where a node is responsible for
// watching the device: start asks the device whether it can be reached,
// a recurring monitor asks again, stop only ends the responsibility. Fencing
// itself needs none of it: any node with the agent installed may fence.
package fencing

import (
	"context"
	"errors"
	"sync"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/stonith"
)

// Class makes the agents of class "stonith". The zero value with Registry is
// ready; one Class serves one node.
type Class struct {
	Registry *stonith.Registry

	mu sync.Mutex
	// active are the resources started here. A new hostd begins with none:
	// starting one again does no harm.
	active map[string]bool
}

var _ agents.Finder = (*Class)(nil)

// Find implements agents.Finder. A device type needs its parameters to be
// judged, so what is missing is said by the operation.
func (c *Class) Find(_, typ string) (agents.Agent, error) { return agent{c, typ}, nil }

type agent struct {
	class *Class
	typ   string
}

// Run implements agents.Agent.
func (a agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	switch op.Name {
	case "start":
		out := a.ask(ctx, op)
		if out.RC == cib.OK {
			a.class.set(op.Resource, true)
		}
		return out
	case "stop":
		a.class.set(op.Resource, false)
		return agents.Done(cib.OK)
	case "monitor":
		if !a.class.isActive(op.Resource) {
			return agents.Done(cib.NotRunning)
		}
		if op.Interval == 0 {
			return agents.Done(cib.OK)
		}
		return a.ask(ctx, op)
	case "reload", "reload-agent", "validate-all", "notify":
		return agents.Done(cib.OK)
	}
	return agents.Failed(cib.Unimplemented, "a fencing device has no action %q", op.Name)
}

// ask opens the device and lets it look at its hardware. An agent without the
// action monitor has nothing to look at.
func (a agent) ask(ctx context.Context, op cib.Operation) agents.Outcome {
	device, err := a.class.Registry.Open(stonith.DeviceSpec{ID: op.Resource, Agent: a.typ, Params: op.Params})
	if errors.Is(err, stonith.ErrNoDeviceType) {
		return agents.Outcome{RC: cib.NotInstalled, Status: cib.ExecNotInst, ExitReason: err.Error()}
	}
	if err != nil {
		return agents.Failed(cib.NotConfigured, "%v", err)
	}
	if capable, ok := device.(stonith.Capable); ok {
		can, err := capable.Can(ctx)
		switch {
		case err != nil:
			return agents.Failed(cib.UnknownError, "%v", err)
		case !can[stonith.Monitor]:
			return agents.Done(cib.OK)
		}
	}
	if _, err := device.Do(ctx, stonith.Monitor, ""); err != nil {
		return agents.Failed(cib.UnknownError, "%v; until it answers, it can fence nobody", err)
	}
	return agents.Done(cib.OK)
}

func (c *Class) set(resource string, active bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active == nil {
		c.active = map[string]bool{}
	}
	if active {
		c.active[resource] = true
	} else {
		delete(c.active, resource)
	}
}

func (c *Class) isActive(resource string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active[resource]
}
