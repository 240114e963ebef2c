package host

import (
	"sync"

	"kvmha/internal/node"
)

// queue hands events to the loop in the order they came. Posting never blocks:
// a part that waits for the loop while the loop waits for it would be the end
// of both. What feeds it is bounded at its source (operations in flight,
// clients, guests' rates, the engine's windows).
type queue struct {
	mu      sync.Mutex
	pending []node.Event
	ready   chan struct{} // holds one token while pending is not empty
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

func (q *queue) post(ev node.Event) {
	q.mu.Lock()
	q.pending = append(q.pending, ev)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take returns everything posted so far.
func (q *queue) take() []node.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.pending
	q.pending = nil
	return events
}
