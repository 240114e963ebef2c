// Command guestd is the daemon inside a VM. It keeps the channel to the host that
// the VM runs on and serves vm-ctl on a local socket; package virtio/guest has
// the logic, docs/protocol.md the protocol.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
	"kvmha/internal/systemd"
	"kvmha/virtio/guest"
	"kvmha/virtio/port"
)

func main() {
	device := flag.String("port", port.DefaultPath, "virtio-serial port to the host")
	path := flag.String("socket", "/run/kvmha/guestd.sock", "control socket for vm-ctl")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *device, *path); err != nil {
		fmt.Fprintln(os.Stderr, "guestd:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, device, path string) error {
	client := guest.New(guest.Options{
		Open:   func(ctx context.Context) (guest.Port, error) { return port.Open(ctx, device) },
		Logger: systemd.Logger(slog.LevelInfo),
	})
	listener, err := socket.Listen(path)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() {
		defer cancel() // one without the other is of no use
		served <- socket.Serve(ctx, listener, client)
	}()
	var watchdog sync.WaitGroup
	defer watchdog.Wait()
	watchdog.Go(func() {
		systemd.FeedWatchdog(ctx, func(ctx context.Context) bool { return alive(ctx, path) })
	})
	systemd.Ready()
	err = client.Run(ctx)
	systemd.Stopping()
	cancel()
	if serveErr := <-served; serveErr != nil {
		return serveErr
	}
	return err
}

// alive asks the daemon as vm-ctl would: what answers has its socket, its
// handler and its client in order. A host that is silent is no fault of it.
func alive(ctx context.Context, path string) bool {
	self, err := socket.Dial(path)
	if err != nil {
		return false
	}
	defer self.Close()
	return self.Call(ctx, control.GuestInfo, nil, nil) == nil
}
