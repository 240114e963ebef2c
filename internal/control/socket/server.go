// Package socket serves and asks the local API of package control over a unix
// socket. hostd and guestd serve it, vm-ctl asks.
//
// The server hands every request to its Handler and knows nothing of its
// meaning; the client is blocking and simple. Only root, and the user that the
// daemon runs as, may open the socket (mode 0600, SO_PEERCRED): that is the
// whole of the access control on a host.
package socket

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kvmha/internal/control"
	"kvmha/internal/pause"
)

// MaxLine bounds one line either way, in bytes. A configuration of thousands of
// resources is well below it.
const MaxLine = 8 << 20

// maxInFlight bounds the requests of one connection that are not answered yet.
// One more is refused, not queued: the server must go on reading to notice that
// the client has gone.
const maxInFlight = 64

// Handler answers requests. It is called on a goroutine of its own for each
// request; ctx ends when the client has gone, so that nothing waits for it.
type Handler interface {
	// Handle answers one request. A stream calls more for every part but the
	// last and stops when more fails; what Handle returns is the last part. The
	// returned body (nil = none) is encoded as JSON.
	Handle(ctx context.Context, verb control.Verb, args json.RawMessage, more func(body any) error) (body any, err error)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(ctx context.Context, verb control.Verb, args json.RawMessage, more func(body any) error) (any, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, verb control.Verb, args json.RawMessage, more func(body any) error) (any, error) {
	return f(ctx, verb, args, more)
}

// Listen makes the control socket: mode 0600 from the first moment. A socket
// file that nobody serves any more is replaced; one that is served is an error,
// because two daemons on one node must not be.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the control socket: %w", err)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("control socket %s is served by another daemon: stop it first", path)
	}
	if err := removeSocket(path); err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("making the control socket: %w", err)
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	// bind gives the file the mode of the socket, so it is never open wider.
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return nil, fmt.Errorf("protecting the control socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	if err := unix.Listen(fd, unix.SOMAXCONN); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(true)
	return listener, nil
}

// removeSocket removes a left-over socket, and nothing but a socket.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("control socket %s: %w", path, err)
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("control socket %s: there is a file of that name which is no socket: remove it or configure another path", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing the old control socket: %w", err)
	}
	return nil
}

// Serve answers the requests of everybody who connects until ctx ends. It
// closes listener, and returns when the last request has been given up.
func Serve(ctx context.Context, listener net.Listener, handler Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var connections sync.WaitGroup
	defer connections.Wait()
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
		case errors.Is(err, net.ErrClosed):
			return nil
		case passes(err):
			if pause.For(ctx, acceptPause) {
				continue
			}
			return nil
		default:
			cancel()
			listener.Close()
			return fmt.Errorf("control socket: %w", err)
		}
		connections.Go(func() { serveConn(ctx, conn, handler) })
	}
}

// acceptPause is waited before the next connection when the process has no
// descriptor left for one.
const acceptPause = 100 * time.Millisecond

// passes tells an error of accept that goes away by itself.
func passes(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ECONNABORTED) ||
		errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM)
}

// serveConn reads the requests of one client until it goes away.
func serveConn(ctx context.Context, conn net.Conn, handler Handler) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	s := &session{conn: conn}
	var requests sync.WaitGroup
	defer func() {
		cancel()
		requests.Wait()
		stop()
		conn.Close()
	}()
	if err := checkPeer(conn); err != nil {
		s.refuse(0, err)
		return
	}
	slots := make(chan struct{}, maxInFlight)
	lines := newLineReader(conn)
	for {
		req, err := readRequest(lines)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				s.refuse(req.ID, err)
			}
			return
		}
		select {
		case slots <- struct{}{}:
			requests.Go(func() {
				defer func() { <-slots }()
				s.answer(ctx, req, handler)
			})
		default:
			s.refuse(req.ID, fmt.Errorf("%d requests of this connection wait for their answers: wait, or connect again", maxInFlight))
		}
	}
}

// readRequest reads one line. An error ends the connection: what follows a
// line that is none cannot be trusted to be a request.
func readRequest(lines *bufio.Scanner) (control.Request, error) {
	var req control.Request
	if !lines.Scan() {
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			return req, fmt.Errorf("the request is longer than %d bytes", MaxLine)
		} else if err != nil {
			return req, err
		}
		return req, io.EOF
	}
	if err := json.Unmarshal(lines.Bytes(), &req); err != nil {
		return req, fmt.Errorf("the request is no line of JSON: %w", err)
	}
	if req.Version != control.APIVersion {
		return req, fmt.Errorf("the client speaks version %d of the control API, this daemon version %d: use the vm-ctl that came with the daemon", req.Version, control.APIVersion)
	}
	return req, nil
}

// session writes the answers of one connection, whole lines at a time.
type session struct {
	conn net.Conn
	mu   sync.Mutex
}

func (s *session) answer(ctx context.Context, req control.Request, handler Handler) {
	part := func(body any, more bool) error {
		raw, err := encodeBody(body)
		if err != nil {
			return err
		}
		return s.write(control.Response{Version: control.APIVersion, ID: req.ID, More: more, Body: raw})
	}
	body, err := handler.Handle(ctx, req.Verb, req.Args, func(body any) error { return part(body, true) })
	if err == nil {
		err = part(body, false)
	}
	if err != nil && ctx.Err() == nil {
		s.refuse(req.ID, err)
	}
}

// refuse answers with an error. That the client cannot be told is no more to
// be told to anybody: the reader of the connection will see it go.
func (s *session) refuse(id uint64, cause error) {
	_ = s.write(control.Response{Version: control.APIVersion, ID: id, Error: cause.Error()})
}

func encodeBody(body any) (json.RawMessage, error) {
	if body == nil {
		return nil, nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	if len(raw) > MaxLine-1024 {
		return nil, fmt.Errorf("the answer has %d bytes, more than the %d of a line", len(raw), MaxLine)
	}
	return raw, nil
}

func (s *session) write(resp control.Response) error {
	line, err := json.Marshal(resp)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.conn.Write(append(line, '\n'))
	return err
}

func newLineReader(r io.Reader) *bufio.Scanner {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), MaxLine)
	return lines
}

// checkPeer refuses anybody but root and the daemon's own user. The mode of the
// socket says the same; this holds also where somebody has changed the mode.
func checkPeer(conn net.Conn) error {
	sys, ok := conn.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return err
	}
	return judgePeer(cred, credErr, os.Getuid())
}

// judgePeer decides by the credentials the kernel has reported.
func judgePeer(cred *unix.Ucred, err error, self int) error {
	switch {
	case err != nil:
		return fmt.Errorf("the kernel does not tell who is calling: %w", err)
	case cred.Uid != 0 && int(cred.Uid) != self:
		return fmt.Errorf("user %d may not use the control socket: run vm-ctl as root", cred.Uid)
	}
	return nil
}
