package guest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Console is a shell on a guest's serial console. One at a time may be open for
// a guest; it is not safe for concurrent use. It ends with the guest and with
// a migration: dial the new host's socket then.
type Console struct {
	conn  net.Conn
	calls int
}

// DialConsole opens the console socket at path and waits until the guest's
// shell answers, which it does when the guest has booted, or until ctx ends.
func DialConsole(ctx context.Context, path string) (*Console, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("guest console: %w (does the guest run on this host?)", err)
	}
	return openConsole(ctx, conn)
}

// openConsole waits for the shell at the other end of conn, which it closes when
// there is none.
func openConsole(ctx context.Context, conn net.Conn) (*Console, error) {
	c := &Console{conn: conn}
	// What is written before the shell runs may be lost, so ask again.
	for {
		try, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		_, err := c.Run(try, "stty -echo; PS1= PS2=")
		cancel()
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			conn.Close()
			return nil, fmt.Errorf("guest console %s: the shell does not answer: %w", conn.RemoteAddr(), ctx.Err())
		}
	}
}

// Run runs one line of shell in the guest and returns what it printed. A status
// other than 0 is an error that names it.
func (c *Console) Run(ctx context.Context, line string) (string, error) {
	c.calls++
	// The marks are put together by printf, so that an echo of the line does
	// not contain them.
	begin, end := fmt.Sprintf("<begin:%d>", c.calls), fmt.Sprintf("<end:%d:", c.calls)
	command := fmt.Sprintf("printf '<%%s:%d>\\n' begin; %s\nprintf '<%%s:%d:%%d>\\n' end $?\n", c.calls, line, c.calls)
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() {
			c.conn.SetDeadline(time.Time{})
		}
	}()
	if _, err := c.conn.Write([]byte(command)); err != nil {
		return "", fmt.Errorf("guest console: %w", err)
	}
	var seen []byte
	chunk := make([]byte, 4096)
	for {
		n, err := c.conn.Read(chunk)
		seen = append(seen, chunk[:n]...)
		if output, status, ok := between(seen, begin, end); ok {
			if status != 0 {
				return output, fmt.Errorf("guest: %q ended with status %d: %s", line, status, output)
			}
			return output, nil
		}
		if err != nil {
			return "", fmt.Errorf("guest console, waiting for the end of %q: %w", line, err)
		}
	}
}

// Close lets go of the console; the guest's shell stays.
func (c *Console) Close() error { return c.conn.Close() }

// between finds what a command printed between its two marks, and its status.
func between(seen []byte, begin, end string) (output string, status int, ok bool) {
	_, rest, ok := bytes.Cut(seen, []byte(begin))
	if !ok {
		return "", 0, false
	}
	body, tail, ok := bytes.Cut(rest, []byte(end))
	if !ok {
		return "", 0, false
	}
	number, _, ok := bytes.Cut(tail, []byte(">"))
	if !ok {
		return "", 0, false
	}
	status, err := strconv.Atoi(string(number))
	return strings.TrimSpace(strings.ReplaceAll(string(body), "\r", "")), status, err == nil
}
