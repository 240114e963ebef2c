// Package port is the guest's end of a virtio-serial port, as the kernel of the
// guest offers it.
//
// virtio/guest reads and writes it as a stream. The package hides that a port
// whose host side is closed yields the end of file at once and always: Read waits
// then, without spinning, for the host to come back. The kernel sends SIGIO when
// the host side opens or closes (drivers/char/virtio_console.c); a slow look
// now and then is the net below that.
package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultPath is where udev names the port.
const DefaultPath = "/dev/virtio-ports/org.kvmha.guest.0"

const (
	// deviceEvery is how often a missing device is looked for.
	deviceEvery = 200 * time.Millisecond
	// hostEvery is how often a port without a host is read, beside SIGIO.
	hostEvery = 500 * time.Millisecond
)

// Port is an open port. Read and Write may be used by one goroutine each.
type Port struct {
	file   *os.File
	every  time.Duration // hostEvery; tests wait longer or less
	wake   chan os.Signal
	once   sync.Once
	closed chan struct{}
}

// Open opens the port at path, waiting for the device if it is not there yet. It
// fails when ctx ends, or at once when the port cannot be used.
func Open(ctx context.Context, path string) (*Port, error) {
	for {
		p, err := open(path)
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return p, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("virtio port %s: no such device; the host's domain XML needs <channel type='unix'><target type='virtio' name='%s'/></channel>: %w",
				path, filepath.Base(path), ctx.Err())
		case <-time.After(deviceEvery):
		}
	}
}

func open(path string) (*Port, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		if device := bySysfs("/sys/class/virtio-ports", filepath.Base(path)); device != "" {
			file, err = os.OpenFile(device, os.O_RDWR, 0)
		}
	}
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("virtio port %s is in use: another guestd runs", path)
	}
	if err != nil {
		return nil, fmt.Errorf("virtio port: %w", err)
	}
	p := &Port{file: file, every: hostEvery, wake: make(chan os.Signal, 1), closed: make(chan struct{})}
	signal.Notify(p.wake, unix.SIGIO)
	if err := p.signalChanges(); err != nil {
		p.Close()
		return nil, fmt.Errorf("virtio port %s: %w", path, err)
	}
	return p, nil
}

// bySysfs finds the device of a port by its name, for guests without udev.
func bySysfs(root, name string) string {
	ports, err := os.ReadDir(root)
	if err != nil {
		return ""
	}
	for _, p := range ports {
		text, err := os.ReadFile(filepath.Join(root, p.Name(), "name"))
		if err == nil && strings.TrimSpace(string(text)) == name {
			return filepath.Join("/dev", p.Name())
		}
	}
	return ""
}

// signalChanges asks the kernel for SIGIO.
func (p *Port) signalChanges() error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if _, failed = unix.FcntlInt(fd, unix.F_SETOWN, os.Getpid()); failed != nil {
			return
		}
		flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
		if err != nil {
			failed = err
			return
		}
		_, failed = unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_ASYNC)
	})
	return errors.Join(err, failed)
}

// Read returns bytes of the host, whichever host that is by now. It ends only
// with an error of the device or by Close.
func (p *Port) Read(b []byte) (int, error) {
	for {
		n, err := p.file.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		select {
		case <-p.wake:
		case <-time.After(p.every):
		case <-p.closed:
			return 0, os.ErrClosed
		}
	}
}

// Write blocks while the host side is closed.
func (p *Port) Write(b []byte) (int, error) { return p.file.Write(b) }

// Close ends Read and Write.
func (p *Port) Close() error {
	err := os.ErrClosed
	p.once.Do(func() {
		signal.Stop(p.wake)
		close(p.closed)
		err = p.file.Close()
	})
	return err
}
