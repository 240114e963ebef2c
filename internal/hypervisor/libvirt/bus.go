package libvirt

import (
	"context"
	"sync"

	"kvmha/internal/hypervisor"
)

// bus hands every event to every subscriber, in order. publish never blocks: a
// subscriber that is slow has a longer queue and holds up nobody.
type bus struct {
	mu   sync.Mutex
	subs map[*subscription]bool
}

type subscription struct {
	mu    sync.Mutex
	queue []hypervisor.Event
	wake  chan struct{}
}

func (b *bus) publish(e hypervisor.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		s.mu.Lock()
		s.queue = append(s.queue, e)
		s.mu.Unlock()
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// subscribe begins now; drop ends it.
func (b *bus) subscribe() *subscription {
	s := &subscription{wake: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[*subscription]bool{}
	}
	b.subs[s] = true
	return s
}

func (b *bus) drop(s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.subs, s)
}

func (s *subscription) take() []hypervisor.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.queue
	s.queue = nil
	return taken
}

// Watch implements hypervisor.Driver. sink is called from this goroutine.
func (d *Driver) Watch(ctx context.Context, sink func(hypervisor.Event)) error {
	s := d.bus.subscribe()
	defer d.bus.drop(s)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.ctx.Done():
			return errClosed
		case <-s.wake:
			for _, e := range s.take() {
				sink(e)
			}
		}
	}
}
