package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
	"kvmha/internal/node"
)

// clients turns requests on the control socket into events of the core, and
// the core's replies into answers.
type clients struct {
	post      func(node.Event)
	announcer *announcer

	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan node.Reply
}

func newClients(post func(node.Event), a *announcer) *clients {
	return &clients{post: post, announcer: a, waiting: map[uint64]chan node.Reply{}}
}

var _ socket.Handler = (*clients)(nil)

// Handle implements socket.Handler.
func (c *clients) Handle(ctx context.Context, verb control.Verb, args json.RawMessage, more func(any) error) (any, error) {
	if verb == control.Events {
		return nil, c.stream(ctx, more)
	}
	answer := make(chan node.Reply, 1)
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	c.waiting[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	c.post(node.ClientRequest{ID: id, Verb: string(verb), Args: args})
	select {
	case reply := <-answer:
		if reply.Error != "" {
			return nil, errors.New(reply.Error)
		}
		return reply.Body, nil
	case <-ctx.Done():
		c.post(node.ClientGone{ID: id})
		return nil, fmt.Errorf("gave up waiting for %s: %w", verb, ctx.Err())
	}
}

func (c *clients) stream(ctx context.Context, more func(any) error) error {
	lines, end := c.announcer.listen()
	defer end()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if err := more(line); err != nil {
				return err
			}
		}
	}
}

// reply hands the core's answer to the client that waits for it, if it still
// does.
func (c *clients) reply(r node.Reply) {
	c.mu.Lock()
	answer := c.waiting[r.ID]
	delete(c.waiting, r.ID)
	c.mu.Unlock()
	if answer != nil {
		answer <- r
	}
}
