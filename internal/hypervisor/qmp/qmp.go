// Package qmp talks to the QEMU of one domain in its own language, over
// digitalocean/go-qemu: to the extra QMP socket of the domain if it has one,
// else through libvirtd's passthrough.
//
// internal/hypervisor/libvirt uses it for what libvirt does not tell (a guest's
// daemon opening its port, the phases of a migration) and to end a domain whose
// libvirtd is dead. It promises that every call ends with its context and that
// events never block QEMU: a reader that is too slow loses the session, not the
// domain. A QMP socket serves one client, so keep one Session a domain.
package qmp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	gqmp "github.com/digitalocean/go-qemu/qmp"
)

// ErrClosed means that the session has ended: QEMU or libvirtd went away.
var ErrClosed = errors.New("QMP session is closed")

// Event is one asynchronous message of QEMU.
type Event = gqmp.Event

// Session is one connection to a QEMU. It is safe for concurrent use.
type Session struct {
	monitor gqmp.Monitor
	name    string
	done    chan struct{}
	// events ends when the session does.
	events <-chan Event
	once   sync.Once
	cancel context.CancelFunc
	turn   chan struct{} // holds one token: commands go one at a time
}

// Dial opens the QMP socket at path and negotiates; it gives up when ctx ends,
// as happens when another client holds the socket.
func Dial(ctx context.Context, path string) (*Session, error) {
	monitor, err := gqmp.NewSocketMonitor("unix", path, time.Until(deadline(ctx)))
	if err != nil {
		return nil, fmt.Errorf("QMP socket %s: %w", path, err)
	}
	return open(ctx, "QMP socket "+path, monitor)
}

// DialLibvirt opens the monitor of a domain through the libvirtd whose unix
// socket is at path. libvirt marks a domain as tainted at the first command;
// events leave it clean.
func DialLibvirt(ctx context.Context, path, domain string) (*Session, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("QMP of %s through libvirtd: %w", domain, err)
	}
	return open(ctx, "QMP of "+domain+" through libvirtd", gqmp.NewLibvirtRPCMonitor(domain, conn))
}

// deadline of ctx; 3 s from now if it has none.
func deadline(ctx context.Context) time.Time {
	if at, ok := ctx.Deadline(); ok {
		return at
	}
	return time.Now().Add(3 * time.Second)
}

func open(ctx context.Context, name string, monitor gqmp.Monitor) (*Session, error) {
	connected := make(chan error, 1)
	go func() { connected <- monitor.Connect() }()
	select {
	case err := <-connected:
		if err != nil {
			monitor.Disconnect()
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	case <-ctx.Done():
		monitor.Disconnect() // ends Connect too
		if <-connected == nil {
			monitor.Disconnect() // it won the race: end what it started
		}
		return nil, fmt.Errorf("%s does not answer (is another client on it?): %w", name, ctx.Err())
	}
	life, cancel := context.WithCancel(context.Background())
	events, err := monitor.Events(life)
	if err != nil {
		cancel()
		monitor.Disconnect()
		return nil, fmt.Errorf("%s, events: %w", name, err)
	}
	s := &Session{monitor: monitor, name: name, done: make(chan struct{}), cancel: cancel, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	out := make(chan Event, 64)
	s.events = out
	go s.pump(events, out)
	return s, nil
}

// pump takes events from go-qemu, which waits for every one to be taken, until
// its channel ends; so it never stands still for a slow reader.
func (s *Session) pump(in <-chan Event, out chan<- Event) {
	defer close(s.done)
	defer close(out)
	for e := range in {
		select {
		case out <- e:
		default:
			go s.Close()
		}
	}
}

// Events ends when the session does.
func (s *Session) Events() <-chan Event { return s.events }

// Run executes one command. args may be nil; the command's "return" is decoded
// into reply unless that is nil.
func (s *Session) Run(ctx context.Context, command string, args, reply any) error {
	text, err := json.Marshal(gqmp.Command{Execute: command, Args: args})
	if err != nil {
		return fmt.Errorf("%s: %s: %w", s.name, command, err)
	}
	select {
	case <-s.turn:
	case <-s.done:
		return fmt.Errorf("%s: %s: %w", s.name, command, ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("%s: %s: %w", s.name, command, ctx.Err())
	}
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := s.monitor.Run(text)
		answered <- answer{text, err}
		s.turn <- struct{}{}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			return fmt.Errorf("%s: %s: %w", s.name, command, a.err)
		}
		return decode(a.text, reply)
	case <-s.done:
		return fmt.Errorf("%s: %s: %w", s.name, command, ErrClosed)
	case <-ctx.Done():
		// The answer could be taken for that of the next command: end here.
		go s.Close()
		return fmt.Errorf("%s: %s: %w", s.name, command, ctx.Err())
	}
}

func decode(text []byte, reply any) error {
	if reply == nil {
		return nil
	}
	envelope := struct {
		Return any `json:"return"`
	}{reply}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return fmt.Errorf("QMP reply: %w", err)
	}
	return nil
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Close ends the session; the domain is not disturbed.
func (s *Session) Close() {
	s.once.Do(func() {
		s.cancel()
		s.monitor.Disconnect()
	})
}
