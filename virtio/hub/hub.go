package hub

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"sync"
	"time"

	"kvmha/internal/hypervisor"
)

// VM is a virtual machine of the cluster: its resource id, and the file with its
// domain XML on this host.
type VM struct {
	Resource string
	Config   string
}

// Request is what a guest asks. VM is the resource id of the asking VM.
type Request struct {
	VM     string
	ID     string
	Verb   string
	Target string
	Action string
}

// Options configure a Hub. Driver and VMs must be set.
type Options struct {
	Driver hypervisor.Driver
	// VMs lists the VM resources of the cluster as it is configured now. It is
	// called from the hub's goroutine and does not block.
	VMs func() []VM
	// Host is this node's name, told to guests.
	Host string
	// Rescan is the time between two looks at all VMs, 0 = 3 s.
	Rescan time.Duration
	// Logger, nil = discard.
	Logger *slog.Logger

	// dial is replaced in tests.
	dial func(ctx context.Context, path string) (net.Conn, error)
}

// Hub keeps the sessions. Its methods are safe for concurrent use and do not
// block.
type Hub struct {
	opts     Options
	log      *slog.Logger
	requests chan Request
	rescan   chan struct{}
	missing  chan struct{} // a session has ended or could not begin

	mu     sync.Mutex
	guests map[string]*guest // by resource id
	// looks are the VMs that are being looked at; true = look again after that.
	looks map[string]bool
}

// New makes a hub; nothing happens before Run.
func New(opts Options) *Hub {
	if opts.Rescan == 0 {
		opts.Rescan = 3 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.dial == nil {
		opts.dial = func(ctx context.Context, path string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	return &Hub{
		opts: opts, log: opts.Logger,
		requests: make(chan Request), rescan: make(chan struct{}, 1), missing: make(chan struct{}, 1),
		guests: map[string]*guest{}, looks: map[string]bool{},
	}
}

// Requests yields what guests ask. It is never closed. A reader that stands
// still holds up the guests, not the hub.
func (h *Hub) Requests() <-chan Request { return h.requests }

// Changed tells the hub that VMs answers differently now.
func (h *Hub) Changed() {
	select {
	case h.rescan <- struct{}{}:
	default:
	}
}

// Reply answers a request; failure is "" on success. It is kept until the guest
// acknowledges it. A reply for a VM that does not run here is dropped: its guest
// asks again wherever it is.
func (h *Hub) Reply(vm, id string, body json.RawMessage, failure string) {
	if g := h.guest(vm); g != nil {
		g.reply(id, body, failure)
		return
	}
	h.log.Debug("guest-reply-dropped", "vm", vm, "request", id, "reason", "VM is not connected here")
}

// Notify tells a guest of an event, if it is connected. It may be lost.
func (h *Hub) Notify(vm, event string, body json.RawMessage) {
	if g := h.guest(vm); g != nil {
		g.notify(event, body)
	}
}

func (h *Hub) guest(vm string) *guest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.guests[vm]
}
