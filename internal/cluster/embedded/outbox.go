package embedded

import (
	"context"
	"slices"
	"sync"

	"kvmha/internal/cluster"
)

// maxPending bounds the messages that wait for the engine's reader, in bytes.
// Above it the peers' connections are not read on, so the pressure goes back
// to the senders.
const maxPending = 64 << 20

// outbox hands events to the engine's reader, in order, without ever blocking
// the engine's loop. A view that nobody has read yet is replaced by its
// successor if both have the same members; a change of members is never
// hidden.
type outbox struct {
	mu      sync.Mutex
	queue   []delivery
	pending int
	freed   chan struct{} // closed and replaced when pending shrinks
	wake    chan struct{}
}

// delivery is an event. routes come into force with a view: from then on
// Send reaches the streams of the members in it.
type delivery struct {
	event  cluster.Event
	routes map[string]*stream
	size   int
}

func newOutbox() *outbox {
	return &outbox{freed: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// put queues an event; size was reserved for it before.
func (o *outbox) put(d delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if view, ok := d.event.(cluster.View); ok && len(o.queue) > 0 {
		last := &o.queue[len(o.queue)-1]
		if old, ok := last.event.(cluster.View); ok && slices.Equal(old.Members, view.Members) && sameRoutes(last.routes, d.routes) {
			*last = d
			return
		}
	}
	o.queue = append(o.queue, d)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func sameRoutes(a, b map[string]*stream) bool {
	if len(a) != len(b) {
		return false
	}
	for name, s := range a {
		if b[name] != s {
			return false
		}
	}
	return true
}

// reserve waits for room for a message of size bytes. An empty outbox takes
// any size.
func (o *outbox) reserve(ctx context.Context, size int) error {
	for {
		o.mu.Lock()
		if o.pending == 0 || o.pending+size <= maxPending {
			o.pending += size
			o.mu.Unlock()
			return nil
		}
		freed := o.freed
		o.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// release gives back what reserve took.
func (o *outbox) release(size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending -= size
	close(o.freed)
	o.freed = make(chan struct{})
}

// pump delivers until ctx ends. switchRoutes is called before a view is handed
// over.
func (o *outbox) pump(ctx context.Context, to chan<- cluster.Event, switchRoutes func(map[string]*stream)) {
	for {
		d, ok := o.take()
		if !ok {
			select {
			case <-o.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if d.routes != nil {
			switchRoutes(d.routes)
		}
		select {
		case to <- d.event:
		case <-ctx.Done():
			return
		}
		if d.size > 0 {
			o.release(d.size)
		}
	}
}

func (o *outbox) take() (delivery, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return delivery{}, false
	}
	d := o.queue[0]
	o.queue[0] = delivery{}
	o.queue = o.queue[1:]
	return d, true
}
