package ipaddr2

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"

	"kvmha/internal/cib"
)

// Watch implements agents.Watcher by the kernel's notifications about
// addresses and links.
func (a *Agent) Watch(ctx context.Context, op cib.Operation, changed func(string)) error {
	c, err := read(op)
	if err != nil {
		return fmt.Errorf("watch %s: %w", op.Resource, err)
	}
	index := 0 // of the address's interface; 0 = any
	if p, err := c.place(); err == nil {
		index = p.link.Attrs().Index
	}
	return subscribe(ctx, c.ip, index, changed)
}

// subscribe calls changed for every change of ip and of the link with index,
// and once when it has begun to listen: what happened before must be looked up.
func subscribe(ctx context.Context, ip netip.Addr, index int, changed func(string)) error {
	addrs, links, broken := make(chan netlink.AddrUpdate), make(chan netlink.LinkUpdate), make(chan error, 2)
	failed := func(err error) {
		select {
		case broken <- err:
		default:
		}
	}
	done := make(chan struct{})
	err := netlink.AddrSubscribeWithOptions(addrs, done, netlink.AddrSubscribeOptions{ErrorCallback: failed})
	if err != nil {
		close(done)
		return fmt.Errorf("subscribe to address changes: %w", err)
	}
	// The library's readers block on their channels until these are drained.
	defer func() {
		for range addrs { // until it is closed
		}
	}()
	err = netlink.LinkSubscribeWithOptions(links, done, netlink.LinkSubscribeOptions{ErrorCallback: failed})
	if err != nil {
		close(done)
		return fmt.Errorf("subscribe to link changes: %w", err)
	}
	defer func() {
		for range links { // until it is closed
		}
	}()
	defer close(done)

	changed("listening")
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-broken:
			return fmt.Errorf("changes of the network were lost: %w", err)
		case u, ok := <-addrs:
			if !ok {
				return errors.New("the kernel's address notifications ended")
			}
			if got, valid := netip.AddrFromSlice(u.LinkAddress.IP); valid && got.Unmap() == ip {
				changed(fmt.Sprintf("address %s changed (present: %t)", ip, u.NewAddr))
			}
		case u, ok := <-links:
			if !ok {
				return errors.New("the kernel's link notifications ended")
			}
			if index == 0 || u.Link.Attrs().Index == index {
				changed("link " + u.Link.Attrs().Name + " changed")
			}
		}
	}
}

// awaitDAD waits for the kernel's verdict on a new IPv6 address.
func awaitDAD(ctx context.Context, ip netip.Addr) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := subscribe(ctx, ip, -1, func(string) {
		held, err := holders(ip)
		switch {
		case err != nil:
			cancel(err)
		case len(held) == 0:
			cancel(fmt.Errorf("%s vanished while the kernel looked for a duplicate", ip))
		case dadFailed(held[0]):
			cancel(fmt.Errorf("%s is in use: the kernel's duplicate address detection found another host with it; stop it there, or fence that host", ip))
		case !tentative(held[0]):
			cancel(errUnique)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, errUnique) {
		return nil
	}
	return err
}

// errUnique is the good end of duplicate address detection.
var errUnique = errors.New("the address is unique")
