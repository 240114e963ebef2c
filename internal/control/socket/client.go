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
	"sync"

	"golang.org/x/sys/unix"

	"kvmha/internal/control"
)

// ErrNotRunning is wrapped by Dial's error when nobody serves the socket.
var ErrNotRunning = errors.New("the daemon is not running")

// RemoteError is an error that the daemon answered, word for word.
type RemoteError struct{ Text string }

func (e *RemoteError) Error() string { return e.Text }

// Client asks one daemon. Its calls are blocking and go one after another; a
// program that wants to wait for events and ask meanwhile dials twice.
type Client struct {
	mu    sync.Mutex
	conn  net.Conn
	lines *bufio.Scanner
	last  uint64
}

// Dial connects to the daemon that serves the socket at path. The error wraps
// ErrNotRunning when there is none.
func Dial(path string) (*Client, error) {
	conn, err := net.Dial("unix", path)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ECONNREFUSED):
		return nil, fmt.Errorf("%w: nobody serves %s", ErrNotRunning, path)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("the control socket %s is for root only: run vm-ctl as root", path)
	case err != nil:
		return nil, fmt.Errorf("connecting to the daemon: %w", err)
	}
	return NewClient(conn), nil
}

// NewClient speaks over a connection that is open already.
func NewClient(conn net.Conn) *Client {
	return &Client{conn: conn, lines: newLineReader(conn)}
}

// Close ends the connection; the daemon gives up what was asked and not yet
// answered. What it has accepted (a change of the cluster) stays.
func (c *Client) Close() error { return c.conn.Close() }

// Call asks verb with args (nil = none) and decodes the answer into reply (nil
// = ignored). A refusal is a *RemoteError. When ctx ends the connection is
// closed, because an answer that comes later has no reader.
func (c *Client) Call(ctx context.Context, verb control.Verb, args, reply any) error {
	return c.Stream(ctx, verb, args, func(body json.RawMessage) error {
		if reply == nil || len(body) == 0 {
			return nil
		}
		if err := json.Unmarshal(body, reply); err != nil {
			return fmt.Errorf("the daemon's answer to %q cannot be read (is vm-ctl of the same version?): %w", verb, err)
		}
		return nil
	})
}

// Stream asks verb and hands every part of the answer to each, until the last,
// an error of each, or the end of ctx.
func (c *Client) Stream(ctx context.Context, verb control.Verb, args any, each func(body json.RawMessage) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	err := c.exchange(verb, args, each)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *Client) exchange(verb control.Verb, args any, each func(body json.RawMessage) error) error {
	if err := c.send(verb, args); err != nil {
		return err
	}
	for {
		resp, err := c.receive()
		if err != nil {
			return fmt.Errorf("waiting for the answer to %q: %w", verb, err)
		}
		if resp.ID != c.last && resp.ID != 0 {
			continue // the rest of a stream that was left
		}
		if resp.Error != "" {
			return &RemoteError{resp.Error}
		}
		if resp.More || len(resp.Body) > 0 {
			if err := each(resp.Body); err != nil {
				return err
			}
		}
		if !resp.More {
			return nil
		}
	}
}

func (c *Client) send(verb control.Verb, args any) error {
	c.last++
	req := control.Request{Version: control.APIVersion, ID: c.last, Verb: verb}
	if args != nil {
		raw, err := json.Marshal(args)
		if err != nil {
			return fmt.Errorf("encoding the request %q: %w", verb, err)
		}
		req.Args = raw
	}
	line, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encoding the request %q: %w", verb, err)
	}
	if len(line) >= MaxLine {
		return fmt.Errorf("the request %q has %d bytes, more than the %d of a line", verb, len(line), MaxLine)
	}
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("asking the daemon %q: %w", verb, err)
	}
	return nil
}

func (c *Client) receive() (control.Response, error) {
	var resp control.Response
	if !c.lines.Scan() {
		if err := c.lines.Err(); err != nil {
			return resp, err
		}
		return resp, fmt.Errorf("the daemon closed the connection: %w", io.ErrUnexpectedEOF)
	}
	if err := json.Unmarshal(c.lines.Bytes(), &resp); err != nil {
		return resp, fmt.Errorf("the daemon's line is no JSON: %w", err)
	}
	if resp.Version != control.APIVersion && resp.Error == "" {
		return resp, fmt.Errorf("the daemon speaks version %d of the control API, vm-ctl version %d: use the vm-ctl that came with the daemon", resp.Version, control.APIVersion)
	}
	return resp, nil
}
