package hub

import (
	"context"
	"sync"
	"time"

	"kvmha/internal/hypervisor"
)

const (
	// questionLimit bounds one question to the driver.
	questionLimit = 5 * time.Second
	// redial is how long a channel that could not be connected, or whose session
	// has ended, is left alone while its VM runs.
	redial = 100 * time.Millisecond
)

// Run keeps a session on the channel of every VM that runs here, until ctx ends.
// Each VM is looked at by itself: a domain that the driver is slow about, or a
// channel that does not answer, holds up no other guest.
func (h *Hub) Run(ctx context.Context) error {
	var background sync.WaitGroup
	defer background.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	touched := make(chan string, 64)
	background.Go(func() {
		_ = h.opts.Driver.Watch(ctx, func(e hypervisor.Event) { h.observe(ctx, e, touched) })
	})
	tick := time.NewTicker(h.opts.Rescan)
	defer tick.Stop()
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case domain := <-touched:
			h.scan(ctx, domain, &background)
		case <-h.rescan:
			h.scan(ctx, "", &background)
		case <-h.missing:
			retry.Reset(redial)
		case <-tick.C:
			h.scan(ctx, "", &background)
		case <-retry.C:
			h.scan(ctx, "", &background)
		}
	}
}

// observe passes on which domain an event is of, "" for all.
func (h *Hub) observe(ctx context.Context, e hypervisor.Event, touched chan<- string) {
	switch e.Kind {
	case hypervisor.DomainPanicked, hypervisor.ChannelClosed, hypervisor.Lost:
		return
	}
	select {
	case touched <- e.Domain:
	case <-ctx.Done():
	}
}

// scan begins to compare what runs here with the sessions there are: of the
// domain with this name, or of all for "".
func (h *Hub) scan(ctx context.Context, domain string, background *sync.WaitGroup) {
	listed := map[string]bool{}
	for _, vm := range h.opts.VMs() {
		listed[vm.Resource] = true
		def, err := hypervisor.ReadDefinition(vm.Config)
		if err != nil || def.Channel == "" || domain != "" && def.Name != domain {
			continue
		}
		h.look(ctx, vm, def, background)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, g := range h.guests {
		if !listed[name] {
			g.end("the VM is no resource any more")
		}
	}
}

// look begins a look at one VM. While another one is under way it is noted for
// the end of that one, which may have seen what is no longer so.
func (h *Hub) look(ctx context.Context, vm VM, def hypervisor.Definition, background *sync.WaitGroup) {
	h.mu.Lock()
	_, looking := h.looks[vm.Resource]
	h.looks[vm.Resource] = looking
	h.mu.Unlock()
	if looking {
		return
	}
	background.Go(func() {
		for again := true; again; {
			if !h.connect(ctx, vm, def, background) {
				h.soon()
			}
			h.mu.Lock()
			if again = h.looks[vm.Resource] && ctx.Err() == nil; again {
				h.looks[vm.Resource] = false
			} else {
				delete(h.looks, vm.Resource)
			}
			h.mu.Unlock()
		}
	})
}

// soon asks for another look at what is not connected.
func (h *Hub) soon() {
	select {
	case h.missing <- struct{}{}:
	default:
	}
}

// connect brings one VM's session in line with its state; false = try again soon.
func (h *Hub) connect(ctx context.Context, vm VM, def hypervisor.Definition, background *sync.WaitGroup) bool {
	ask, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	g := h.guest(vm.Resource)
	state, _ := h.opts.Driver.State(ask, def)
	switch {
	case state == hypervisor.Unknown:
		return true
	case state == hypervisor.Stopped:
		if g != nil {
			g.end("the VM does not run here any more")
		}
		return true
	case g != nil:
		return true // its reader notices when the channel ends
	}
	path, err := h.opts.Driver.ChannelPath(ask, def)
	if err != nil {
		h.log.Debug("guest-channel-missing", "vm", vm.Resource, "error", err)
		return false
	}
	conn, err := h.opts.dial(ask, path)
	if err != nil {
		h.log.Debug("guest-channel-refused", "vm", vm.Resource, "path", path, "error", err)
		return false
	}
	g = newGuest(vm.Resource, h, conn)
	h.mu.Lock()
	h.guests[vm.Resource] = g
	h.mu.Unlock()
	h.log.Info("guest-channel-open", "vm", vm.Resource, "domain", def.Name, "session", g.session)
	background.Go(func() {
		g.run(ctx)
		h.mu.Lock()
		delete(h.guests, vm.Resource)
		h.mu.Unlock()
		h.soon()
	})
	return true
}
