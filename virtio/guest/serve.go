package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"kvmha/internal/control"
	"kvmha/virtio"
)

// Handle implements socket.Handler: the verbs of guestd.
func (c *Client) Handle(ctx context.Context, verb control.Verb, args json.RawMessage, _ func(any) error) (any, error) {
	switch verb {
	case control.GuestInfo:
		return c.Info(), nil
	case control.HostStatus:
		return c.ask(ctx, virtio.Request{Verb: virtio.VerbStatus})
	case control.HostMoved:
		var moved control.HostMovedArgs
		if err := json.Unmarshal(args, &moved); err != nil {
			return nil, fmt.Errorf("%s: arguments: %w", verb, err)
		}
		return c.ask(ctx, virtio.Request{Verb: virtio.VerbMoved, Target: moved.From})
	case control.HostAttributes:
		return c.ask(ctx, virtio.Request{Verb: virtio.VerbAttributes})
	case control.GuestFence:
		var fence control.GuestFenceArgs
		if err := json.Unmarshal(args, &fence); err != nil {
			return nil, fmt.Errorf("%s: arguments: %w", verb, err)
		}
		if fence.Target == "" {
			return nil, errors.New("fence: name the VM to fence, by its resource id in the hosts' cluster")
		}
		return c.ask(ctx, virtio.Request{ID: fence.Request, Verb: virtio.VerbFence, Target: fence.Target, Action: fence.Action})
	}
	return nil, fmt.Errorf("guestd has no verb %q; it serves %s, %s, %s, %s and %s", verb,
		control.GuestInfo, control.HostStatus, control.HostMoved, control.HostAttributes, control.GuestFence)
}

func (c *Client) ask(ctx context.Context, r virtio.Request) (any, error) {
	body, err := c.Do(ctx, r)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return body, nil
}
