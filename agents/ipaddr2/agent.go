package ipaddr2

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"kvmha/agents"
	"kvmha/internal/cib"
)

// Agent runs service addresses. It owns the announcements that go on after
// start; Close ends them.
type Agent struct {
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu sync.Mutex
	// announcing holds the end of the running announcement of each resource.
	announcing map[string]context.CancelFunc
}

var (
	_ agents.Watcher   = (*Agent)(nil)
	_ agents.Describer = (*Agent)(nil)
)

// New returns an agent that logs failed announcements to log.
func New(log *slog.Logger) *Agent {
	ctx, cancel := context.WithCancel(context.Background())
	return &Agent{log: log, ctx: ctx, cancel: cancel, announcing: map[string]context.CancelFunc{}}
}

// Close ends the announcements in the background; addresses stay.
func (a *Agent) Close() {
	a.mu.Lock()
	a.cancel()
	a.mu.Unlock()
	a.tasks.Wait()
}

// Metadata implements agents.Describer.
func (a *Agent) Metadata() *agents.Metadata {
	m := metadata
	return &m
}

// Run implements agents.Agent.
func (a *Agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	c, err := read(op)
	if err != nil {
		return agents.Failed(cib.NotConfigured, "%s: %s", op.Resource, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	switch op.Name {
	case "start":
		return a.start(ctx, op, c)
	case "stop":
		return a.stop(op, c)
	case "monitor":
		return a.monitor(op, c)
	case "validate-all", "reload", "reload-agent", "notify":
		return agents.Done(cib.OK)
	}
	return agents.Failed(cib.Unimplemented, "IPaddr2 has no action %q", op.Name)
}

func (a *Agent) start(ctx context.Context, op cib.Operation, c config) agents.Outcome {
	p, err := c.place()
	if err != nil {
		return agents.Failed(cib.NotConfigured, "%s: %v", op.Resource, err)
	}
	if why := down(p.link); why != "" {
		return agents.Failed(cib.UnknownError, "%s cannot take %s: %s", op.Resource, c.ip, why)
	}
	held, err := holders(c.ip)
	if err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	for _, h := range held {
		if h.LinkIndex != p.link.Attrs().Index {
			return agents.Failed(cib.UnknownError, "%s: %s is already on another interface of this host, not on %s; remove it there", op.Resource, c.ip, p.link.Attrs().Name)
		}
	}
	if len(held) == 0 {
		if err := take(ctx, c, p); err != nil {
			return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
		}
	}
	a.announce(ctx, op.Resource, c, p.link, c.announceCount)
	return agents.Done(cib.OK)
}

// take puts the address on its interface when nobody else has it. If it
// fails, the address is not there.
func take(ctx context.Context, c config, p place) error {
	if c.duplicateCheck && c.ip.Is4() && speaksARP(p.link) {
		if err := probe(ctx, p.link, c); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s was not taken: %w", c.ip, err)
	}
	if err := add(c, p); err != nil {
		return err
	}
	if c.ip.Is6() && c.duplicateCheck {
		if err := awaitDAD(ctx, c.ip); err != nil {
			return fmt.Errorf("%w%s", err, also(remove(c.ip)))
		}
	}
	return nil
}

func also(err error) string {
	if err == nil {
		return ""
	}
	return "; and " + err.Error()
}

func (a *Agent) stop(op cib.Operation, c config) agents.Outcome {
	a.endAnnouncement(op.Resource)
	if err := remove(c.ip); err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	return agents.Done(cib.OK)
}

func (a *Agent) monitor(op cib.Operation, c config) agents.Outcome {
	held, err := holders(c.ip)
	if err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	if len(held) == 0 {
		if op.Interval == 0 {
			return agents.Done(cib.NotRunning)
		}
		return agents.Failed(cib.NotRunning, "%s is on no interface of this host any more", c.ip)
	}
	link, err := linkOf(held[0])
	if err != nil {
		return agents.Failed(cib.UnknownError, "%s: %v", op.Resource, err)
	}
	switch why := down(link); {
	case c.nic != "" && link.Attrs().Name != c.nic:
		return agents.Failed(cib.UnknownError, "%s is on %s instead of %s", c.ip, link.Attrs().Name, c.nic)
	case why != "":
		return agents.Failed(cib.UnknownError, "%s is not reachable: %s", c.ip, why)
	case dadFailed(held[0]):
		return agents.Failed(cib.UnknownError, "%s is on %s, but another host has it as well (duplicate address detection)", c.ip, link.Attrs().Name)
	}
	if op.Interval > 0 && c.announceRefresh > 0 {
		a.announce(a.ctx, op.Resource, c, link, c.announceRefresh)
	}
	return agents.Done(cib.OK)
}
