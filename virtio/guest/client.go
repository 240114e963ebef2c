package guest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"kvmha/virtio"
)

const (
	// presentEvery is how often open requests are presented again to the same
	// host, in case one was lost.
	presentEvery = 3 * time.Second
	// reopenAfter is the pause before a port that failed is opened again.
	reopenAfter = time.Second
)

// Port is the stream to the host. Read waits while there is no host.
type Port interface {
	io.ReadWriteCloser
}

// Options configure a Client. Open must be set.
type Options struct {
	// Open opens the port, waiting for its device.
	Open func(ctx context.Context) (Port, error)
	// Notify, if set, gets the host's notifications; it does not block.
	Notify func(virtio.Notify)
	// Logger, nil = discard.
	Logger *slog.Logger
}

// Info is what a client knows of itself and its host.
type Info struct {
	// Instance is the random id of this run, UptimeMS its age.
	Instance string `json:"instance"`
	UptimeMS int64  `json:"uptime_ms"`
	// Host and VM are the node this VM runs on and its resource id there, both as
	// the last host said; Session is the id of the session with it.
	Host    string `json:"host"`
	VM      string `json:"vm"`
	Session string `json:"session"`
	// Sessions counts the sessions so far: one more for every migration, restart
	// of hostd or of the VM's channel.
	Sessions int `json:"sessions"`
	// HeardMS is the time since the host was last heard, -1 = never.
	HeardMS int64 `json:"heard_ms"`
	// Open are the ids of the requests that wait for a reply.
	Open []string `json:"open"`
	// Refused says why the host does not talk, "" = it does.
	Refused string `json:"refused,omitempty"`
}

// Client keeps the session and the open requests.
type Client struct {
	opts     Options
	log      *slog.Logger
	instance string
	began    time.Time

	mu       sync.Mutex
	out      chan<- []byte // nil while no port is open
	open     map[string]*pending
	hello    virtio.Hello // the host's last
	sessions int
	heard    time.Time
}

// pending is one open request and those who wait for it.
type pending struct {
	request virtio.Request
	callers int
	done    chan struct{}
	reply   virtio.Reply
}

// New makes a client; Run works.
func New(opts Options) *Client {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Client{
		opts: opts, log: opts.Logger, instance: rand.Text(), began: time.Now(), open: map[string]*pending{},
	}
}

// Run keeps the port open until ctx ends.
func (c *Client) Run(ctx context.Context) error {
	for {
		port, err := c.opts.Open(ctx)
		if err == nil {
			c.log.Info("port-open")
			err = c.serve(ctx, port)
		}
		if ctx.Err() != nil {
			return nil
		}
		c.log.Warn("port-failed", "error", err)
		select {
		case <-time.After(reopenAfter):
		case <-ctx.Done():
			return nil
		}
	}
}

// serve works on one open port until it fails or ctx ends.
func (c *Client) serve(ctx context.Context, port Port) error {
	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { port.Close() })
	defer stop()
	out := make(chan []byte, 256)
	background.Go(func() { c.write(ctx, port, out) })
	c.setOut(out)
	defer c.setOut(nil)
	c.send(virtio.TypeHello, virtio.Hello{Min: virtio.MinVersion, Max: virtio.MaxVersion, Session: c.instance})
	frames := virtio.NewReader(port)
	for {
		f, err := frames.Next()
		if err != nil {
			return err
		}
		if err := c.handle(f); err != nil {
			c.log.Warn("host-message-refused", "error", err)
		}
	}
}

// write sends what is queued; on a tick it presents open requests again and
// pings the host.
func (c *Client) write(ctx context.Context, port Port, out <-chan []byte) {
	tick := time.NewTicker(presentEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case data := <-out:
			if _, err := port.Write(data); err != nil {
				port.Close() // ends the reader, which opens anew
				return
			}
		case <-tick.C:
			c.send(virtio.TypePing, nil)
			c.present()
		}
	}
}

func (c *Client) setOut(out chan<- []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = out
}

// send queues a message. What does not fit is dropped: everything that matters
// is presented again.
func (c *Client) send(t virtio.Type, body any) {
	data, err := virtio.Encode(t, body)
	if err != nil {
		c.log.Error("message-unsent", "error", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.out <- data:
	default:
	}
}

// present sends every open request, in the order of their ids.
func (c *Client) present() {
	c.mu.Lock()
	var requests []virtio.Request
	for _, id := range slices.Sorted(maps.Keys(c.open)) {
		requests = append(requests, c.open[id].request)
	}
	c.mu.Unlock()
	for _, r := range requests {
		c.send(virtio.TypeRequest, r)
	}
}

func (c *Client) handle(f virtio.Frame) error {
	c.mu.Lock()
	c.heard = time.Now()
	c.mu.Unlock()
	switch f.Type {
	case virtio.TypeHello:
		var hello virtio.Hello
		if err := json.Unmarshal(f.Body, &hello); err != nil {
			return fmt.Errorf("hello: %w", err)
		}
		c.greet(hello)
	case virtio.TypeReply:
		var reply virtio.Reply
		if err := json.Unmarshal(f.Body, &reply); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
		c.finish(reply)
		c.send(virtio.TypeAck, virtio.Ack{ID: reply.ID})
	case virtio.TypePing:
		c.send(virtio.TypePong, nil)
	case virtio.TypeNotify:
		var n virtio.Notify
		if err := json.Unmarshal(f.Body, &n); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
		if c.opts.Notify != nil {
			c.opts.Notify(n)
		}
	}
	return nil
}

// greet takes the host's hello: a new session gets our hello, which fetches the
// replies that were not acknowledged, and all open requests.
func (c *Client) greet(hello virtio.Hello) {
	c.mu.Lock()
	news := hello.Session != c.hello.Session
	c.hello = hello
	if news {
		c.sessions++
	}
	c.mu.Unlock()
	if hello.Refused != "" {
		c.log.Error("host-refused", "reason", hello.Refused)
		return
	}
	if news {
		c.log.Info("host-session", "host", hello.Host, "vm", hello.VM, "session", hello.Session)
		c.send(virtio.TypeHello, virtio.Hello{Min: virtio.MinVersion, Max: virtio.MaxVersion, Session: c.instance})
	}
	c.present()
}

// finish hands a reply to those who wait for it.
func (c *Client) finish(reply virtio.Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.open[reply.ID]; p != nil {
		p.reply = reply
		close(p.done)
		delete(c.open, reply.ID)
	}
}

// Do makes a request and waits for its reply. id "" = a new one; an id that is
// open already joins that request. When ctx ends, the request is given up here,
// but the cluster may carry it out.
func (c *Client) Do(ctx context.Context, r virtio.Request) (json.RawMessage, error) {
	if r.ID == "" {
		r.ID = rand.Text()
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	p := c.join(r)
	defer c.leave(p)
	c.send(virtio.TypeRequest, p.request)
	select {
	case <-p.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("request %s has no reply: %w%s", r.ID, ctx.Err(), c.hint())
	}
	if p.reply.Error != "" {
		return nil, errors.New(p.reply.Error)
	}
	return p.reply.Body, nil
}

func (c *Client) join(r virtio.Request) *pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.open[r.ID]
	if p == nil {
		p = &pending{request: r, done: make(chan struct{})}
		c.open[r.ID] = p
	}
	p.callers++
	return p
}

func (c *Client) leave(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.callers--; p.callers == 0 && c.open[p.request.ID] == p {
		delete(c.open, p.request.ID)
	}
}

// hint says why a reply may be missing.
func (c *Client) hint() string {
	info := c.Info()
	switch {
	case info.Refused != "":
		return "; the host refused: " + info.Refused
	case info.HeardMS < 0:
		return "; no host has been heard: is hostd running there, and is this VM a resource of its cluster?"
	}
	return ""
}

// Info tells how the client is.
func (c *Client) Info() Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	info := Info{
		Instance: c.instance, UptimeMS: time.Since(c.began).Milliseconds(),
		Host: c.hello.Host, VM: c.hello.VM, Session: c.hello.Session, Sessions: c.sessions,
		HeardMS: -1, Open: slices.Sorted(maps.Keys(c.open)), Refused: c.hello.Refused,
	}
	if !c.heard.IsZero() {
		info.HeardMS = time.Since(c.heard).Milliseconds()
	}
	return info
}
