package host

import (
	"context"
	"sync"

	"kvmha/internal/cib"
	"kvmha/internal/node"
	"kvmha/virtio/hub"
)

// vmTable is the list of the cluster's VMs as the hub needs it, kept beside
// the core because the hub asks from another goroutine.
type vmTable struct {
	mu      sync.Mutex
	version cib.Version
	vms     []hub.VM
}

// update takes the VMs of a configuration and reports whether it is a new one.
func (t *vmTable) update(c *cib.CIB) bool {
	version := c.Version
	version.NumUpdates = 0 // status changes list no VM
	t.mu.Lock()
	defer t.mu.Unlock()
	if version == t.version {
		return false
	}
	t.version, t.vms = version, nil
	for _, top := range c.Config.Resources {
		top.Walk(func(r, _ *cib.Resource) {
			if r.Kind == cib.Primitive && r.Type == "VirtualDomain" {
				t.vms = append(t.vms, hub.VM{Resource: r.ID, Config: lookupParam(r, "config")})
			}
		})
	}
	return true
}

func (t *vmTable) list() []hub.VM {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.vms
}

// lookupParam is the value of a resource's parameter, "" if it has none.
func lookupParam(r *cib.Resource, name string) string {
	for i := range r.Params {
		if value, ok := r.Params[i].Get(name); ok {
			return value
		}
	}
	return ""
}

func (h *Host) openGuests() error {
	h.vms = &vmTable{}
	h.hub = hub.New(hub.Options{Driver: h.driver, VMs: h.vms.list, Host: h.options.Node, Logger: h.log})
	return nil
}

// runGuests keeps the guests' channels and posts what they ask.
func (h *Host) runGuests(ctx context.Context) error {
	h.background.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case r := <-h.hub.Requests():
				h.events.post(node.GuestRequest{VM: r.VM, Request: r.ID, Verb: r.Verb, Target: r.Target, Action: r.Action})
			}
		}
	})
	return h.hub.Run(ctx)
}

func (h *Host) replyGuest(e node.GuestReply) { h.hub.Reply(e.VM, e.Request, e.Body, e.Error) }
