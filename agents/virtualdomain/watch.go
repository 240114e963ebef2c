package virtualdomain

import (
	"context"
	"fmt"

	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
)

// Watch implements agents.Watcher by the driver's events. A driver that comes
// back after it was lost may have missed some, so the monitor runs then too.
func (a *Agent) Watch(ctx context.Context, op cib.Operation, changed func(reason string)) error {
	p, err := parseParams(op)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Resource, err)
	}
	def, err := a.definition(op, p)
	if err != nil {
		return fmt.Errorf("watch %s: %w", op.Resource, err)
	}
	return a.driver.Watch(ctx, func(e hypervisor.Event) {
		if e.Kind == hypervisor.Restored {
			changed("the hypervisor can be reached again")
			return
		}
		if e.Domain != def.Name {
			return
		}
		switch e.Kind {
		case hypervisor.DomainStopped, hypervisor.DomainCrashed, hypervisor.DomainPanicked, hypervisor.DomainPaused:
			changed(fmt.Sprintf("domain %s %s: %s", def.Name, e.Kind, e.Detail))
		}
	})
}
