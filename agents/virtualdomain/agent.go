package virtualdomain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
)

const (
	// unknownTries is how many unknown answers in a row are an error.
	unknownTries = 3
	// recheck is the time between two looks at a state that should change; the
	// driver's events make most waits much shorter.
	recheck = 200 * time.Millisecond
	// returnLimit is how long an operation waits for a libvirtd that has died.
	// After it another host is the better place.
	returnLimit = 15 * time.Second
	// defaultTimeout is an operation's timeout when it has none.
	defaultTimeout = 20 * time.Second
)

// Options configure an Agent; every zero value is the documented default.
type Options struct {
	// StateDir holds the definitions of the domains that run here; it must not
	// outlive a boot. "" = /run/kvmha/domains.
	StateDir string
	// Progress, if set, is told how a migration from this host goes. It does not
	// block.
	Progress func(resource string, p hypervisor.Progress)
}

// Agent runs VirtualDomain resources.
type Agent struct {
	driver hypervisor.Driver
	opts   Options
	saved  savedDefinitions
	// attempts are the starts that have not succeeded yet.
	attempts attempts

	mu sync.Mutex
	// unknowns counts the unknown answers in a row, by resource.
	unknowns map[string]int
}

var (
	_ agents.Watcher   = (*Agent)(nil)
	_ agents.Describer = (*Agent)(nil)
)

// New returns the agent over driver.
func New(driver hypervisor.Driver, opts Options) *Agent {
	if opts.StateDir == "" {
		opts.StateDir = "/run/kvmha/domains"
	}
	return &Agent{
		driver: driver, opts: opts, unknowns: map[string]int{},
		saved: savedDefinitions{opts.StateDir}, attempts: attempts{opts.StateDir},
	}
}

// Run implements agents.Agent.
func (a *Agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	p, err := parseParams(op)
	if err != nil {
		return agents.Failed(cib.NotConfigured, "%s: %v", op.Resource, err)
	}
	switch op.Name {
	case "start":
		return a.start(ctx, op, p)
	case "stop":
		return a.stop(ctx, op, p)
	case "monitor":
		return a.monitor(ctx, op, p)
	case "migrate_to":
		return a.migrateTo(ctx, op, p)
	case "migrate_from":
		return a.migrateFrom(ctx, op, p)
	case "validate-all":
		return a.validate(p)
	case "notify", "reload", "reload-agent":
		return agents.Done(cib.OK)
	}
	return agents.Failed(cib.Unimplemented, "VirtualDomain has no action %s", op.Name)
}

func (a *Agent) start(ctx context.Context, op cib.Operation, p params) agents.Outcome {
	def, err := hypervisor.ReadDefinition(p.config)
	if err != nil {
		return agents.Failed(cib.NotInstalled, "%s cannot start here: %v", op.Resource, err)
	}
	switch state, err := a.settle(ctx, op, def); state {
	case hypervisor.Running:
		return a.keep(op, def)
	case hypervisor.Paused:
		return agents.Failed(cib.UnknownError, "domain %s exists here and its CPUs stand still: end it by 'virsh destroy %s', or let it go on by 'virsh resume %s'",
			def.Name, def.Name, def.Name)
	case hypervisor.Unknown:
		return agents.Failed(cib.UnknownError, "it is not known whether domain %s runs here: %v", def.Name, err)
	}
	// Both are kept before the start, so that what was begun is found also if
	// hostd dies now.
	if err := a.attempts.write(op.Resource, begun); err != nil {
		return failed(err)
	}
	if out := a.keep(op, def); out.RC != cib.OK {
		return out
	}
	if err := a.boot(ctx, op, def); err != nil {
		return failed(err)
	}
	if err := a.attempts.write(op.Resource, noAttempt); err != nil {
		return failed(err)
	}
	return agents.Done(cib.OK)
}

func (a *Agent) boot(ctx context.Context, op cib.Operation, def hypervisor.Definition) error {
	return a.persist(ctx, op, hypervisor.ErrUnavailable, func() error {
		if err := a.driver.CheckTarget(ctx, def); err != nil {
			return err
		}
		return a.driver.Start(ctx, def)
	})
}

// persist tries again what failed for want of a libvirtd, if its error is also
// again: one that was killed is back in a moment.
func (a *Agent) persist(ctx context.Context, op cib.Operation, again error, try func() error) error {
	patience, cancel := context.WithTimeout(ctx, min(returnLimit, beforeTimeout(op.Timeout)))
	defer cancel()
	for {
		err := try()
		if !errors.Is(err, hypervisor.ErrUnavailable) || errors.Is(err, hypervisor.ErrNotInstalled) || !errors.Is(err, again) {
			return err
		}
		select {
		case <-patience.Done():
			return err
		case <-time.After(recheck):
		}
	}
}

// keep saves the definition of a domain that runs here.
func (a *Agent) keep(op cib.Operation, def hypervisor.Definition) agents.Outcome {
	if err := a.saved.write(op.Resource, def); err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	return agents.Done(cib.OK)
}

func (a *Agent) stop(ctx context.Context, op cib.Operation, p params) agents.Outcome {
	def, err := a.definition(op, p)
	if errors.Is(err, errNeverRan) {
		return agents.Failed(cib.OK, "%v", err)
	}
	if err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	if err := a.bringDown(ctx, op, p, def); err != nil {
		return agents.Failed(cib.UnknownError, "domain %s is not proven to be down: %v", def.Name, err)
	}
	if err := errors.Join(a.saved.remove(op.Resource), a.attempts.abandon(op.Resource)); err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	return agents.Done(cib.OK)
}

// bringDown returns nil when the domain is down. A domain whose CPUs stand
// still cannot hear the power button.
func (a *Agent) bringDown(ctx context.Context, op cib.Operation, p params, def hypervisor.Definition) error {
	if !op.Force && !p.forceStop {
		switch state, _ := a.driver.State(ctx, def); state {
		case hypervisor.Stopped:
			return nil
		case hypervisor.Running:
			graceful, cancel := context.WithTimeout(ctx, p.shutdownLimit(op.Timeout))
			err := a.driver.Shutdown(graceful, def)
			cancel()
			if err == nil {
				return nil
			}
		}
	}
	return a.driver.Destroy(ctx, def)
}

func (a *Agent) monitor(ctx context.Context, op cib.Operation, p params) agents.Outcome {
	def, err := a.definition(op, p)
	if errors.Is(err, errNeverRan) {
		return agents.Failed(cib.NotInstalled, "%v", err)
	}
	if err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	var state hypervisor.State
	if op.Interval > 0 {
		state, err = a.driver.State(ctx, def)
	} else {
		state, err = a.settle(ctx, op, def)
	}
	if state != hypervisor.Unknown {
		a.known(op.Resource)
	}
	switch state {
	case hypervisor.Stopped:
		return agents.Done(cib.NotRunning)
	case hypervisor.Unknown:
		if tries := a.unknown(op.Resource); op.Interval > 0 && tries < unknownTries {
			out := agents.Done(cib.OK)
			out.Output = fmt.Sprintf("state is unknown (%d of %d): %v", tries, unknownTries, err)
			return out
		}
		return agents.Failed(cib.UnknownError, "it is not known whether domain %s runs here: %v", def.Name, err)
	}
	return agents.Done(cib.OK)
}

func (a *Agent) unknown(resource string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unknowns[resource]++
	return a.unknowns[resource]
}

func (a *Agent) known(resource string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.unknowns, resource)
}

func (a *Agent) validate(p params) agents.Outcome {
	if _, err := hypervisor.ReadDefinition(p.config); err != nil {
		return agents.Failed(cib.NotInstalled, "%v", err)
	}
	return agents.Done(cib.OK)
}

// failed is the outcome of an error of the driver's.
func failed(err error) agents.Outcome {
	if errors.Is(err, hypervisor.ErrNotInstalled) {
		return agents.Failed(cib.NotInstalled, "%v", err)
	}
	return agents.Failed(cib.UnknownError, "%v", err)
}
