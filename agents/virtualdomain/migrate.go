package virtualdomain

import (
	"context"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
)

func (a *Agent) migrateTo(ctx context.Context, op cib.Operation, p params) agents.Outcome {
	target := op.MetaValue("migrate_target")
	if target == "" {
		return agents.Failed(cib.NotConfigured, "%s: migrate_to without a target", op.Resource)
	}
	def, err := a.definition(op, p)
	if err != nil {
		return agents.Failed(cib.NotInstalled, "%s cannot migrate from here: %v", op.Resource, err)
	}
	switch state, err := a.driver.State(ctx, def); state {
	case hypervisor.Stopped:
		return agents.Failed(cib.NotRunning, "domain %s does not run here", def.Name)
	case hypervisor.Unknown:
		return agents.Failed(cib.UnknownError, "it is not known whether domain %s runs here: %v", def.Name, err)
	}
	report := func(progress hypervisor.Progress) {
		if a.opts.Progress != nil {
			a.opts.Progress(op.Resource, progress)
		}
	}
	err = a.persist(ctx, op, hypervisor.ErrStays, func() error { return a.driver.Migrate(ctx, def, p.migration(target), report) })
	if err != nil {
		return agents.Failed(cib.UnknownError, "%v", err)
	}
	return agents.Done(cib.OK)
}

// migrateFrom waits until the domain has arrived, that is, until its CPUs run
// here. The definition is kept first, so that the domain is found again even if
// the XML file is removed.
func (a *Agent) migrateFrom(ctx context.Context, op cib.Operation, p params) agents.Outcome {
	def, err := hypervisor.ReadDefinition(p.config)
	if err != nil {
		return agents.Failed(cib.NotInstalled, "%s cannot run here: %v", op.Resource, err)
	}
	if out := a.keep(op, def); out.RC != cib.OK {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, beforeTimeout(op.Timeout))
	defer cancel()
	state, err := a.await(ctx, def, func(s hypervisor.State) bool { return s == hypervisor.Running })
	if state != hypervisor.Running {
		return agents.Failed(cib.UnknownError, "domain %s has not arrived from %s: it is %v here (%v)",
			def.Name, op.MetaValue("migrate_source"), state, err)
	}
	if err := a.attempts.write(op.Resource, noAttempt); err != nil {
		return failed(err)
	}
	return agents.Done(cib.OK)
}

// await looks at the state at every event of the domain, and now and then, until
// it is as wanted or ctx ends. It returns the last state.
func (a *Agent) await(ctx context.Context, def hypervisor.Definition, wanted func(hypervisor.State) bool) (hypervisor.State, error) {
	happened := make(chan struct{}, 1)
	watch, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		// Without events the ticker is enough.
		_ = a.driver.Watch(watch, func(e hypervisor.Event) {
			if e.Domain == def.Name || e.Domain == "" {
				select {
				case happened <- struct{}{}:
				default:
				}
			}
		})
	}()
	ticker := time.NewTicker(recheck)
	defer ticker.Stop()
	for {
		// The state outlives ctx: the last look is what the caller reports.
		state, err := a.driver.State(context.WithoutCancel(ctx), def)
		if wanted(state) || ctx.Err() != nil {
			return state, err
		}
		select {
		case <-happened:
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
