package hub

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"kvmha/internal/pause"
	"kvmha/virtio"
)

// Limits on one guest. A frame costs one token, and one more for every KiB;
// bytes that are no frame cost the same.
const (
	tokensPerSecond = 50
	tokensBurst     = 100
	// maxOpen bounds the requests of a guest that are open or whose reply is not
	// acknowledged.
	maxOpen = 32
	// renewEvery is the least time between two runs of guestd whose requests are
	// counted apart: maxOpen bounds also a guest that pretends to restart.
	renewEvery = time.Minute
	// complainEvery is the least time between two complaints about one guest.
	complainEvery = time.Minute
)

// guest is the session with one VM. It ends with the connection; what is still
// open then is presented again by the guest, here or elsewhere.
type guest struct {
	hub     *Hub
	vm      string
	session string
	conn    net.Conn
	out     chan []byte
	limiter *limiter

	complained time.Time // of the reader alone
	skipped    uint64

	mu      sync.Mutex
	open    []string // ids that wait for a reply
	replies []virtio.Reply
	ended   bool
	// daemon is the id of the run of guestd that opened these requests, renewed
	// when it was last another one.
	daemon  string
	renewed time.Time
}

func newGuest(vm string, h *Hub, conn net.Conn) *guest {
	return &guest{
		hub: h, vm: vm, session: rand.Text(), conn: conn,
		// Every open request may have a reply in the queue, beside pongs, a hello
		// and some notifications.
		out:     make(chan []byte, 2*maxOpen),
		limiter: newLimiter(tokensPerSecond, tokensBurst, time.Now()),
	}
}

// run reads and writes until the connection or ctx ends.
func (g *guest) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { g.end("hostd ends") })
	defer stop()
	g.hello()
	var writer sync.WaitGroup
	writer.Go(func() { g.write(ctx) })
	err := g.read(ctx)
	cancel()
	g.end(fmt.Sprintf("channel ended: %v", err))
	writer.Wait()
}

// end closes the session, once, and logs why.
func (g *guest) end(reason string) {
	g.mu.Lock()
	ended := g.ended
	g.ended = true
	g.mu.Unlock()
	if !ended {
		g.conn.Close()
		g.hub.log.Info("guest-channel-closed", "vm", g.vm, "session", g.session, "reason", reason)
	}
}

func (g *guest) hello() {
	g.send(virtio.TypeHello, virtio.Hello{
		Min: virtio.MinVersion, Max: virtio.MaxVersion, Session: g.session, Host: g.hub.opts.Host, VM: g.vm,
	})
}

// send queues a message; when the guest takes nothing it is dropped, as a guest
// that comes back says hello and gets all that matters again.
func (g *guest) send(t virtio.Type, body any) {
	data, err := virtio.Encode(t, body)
	if err != nil {
		g.hub.log.Error("guest-message-unsent", "vm", g.vm, "error", err)
		return
	}
	select {
	case g.out <- data:
	default:
	}
}

// write sends what is queued. A guest that has not opened its port takes nothing,
// for however long: that is no failure.
func (g *guest) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case data := <-g.out:
			if _, err := g.conn.Write(data); err != nil {
				g.end(fmt.Sprintf("write: %v", err))
				return
			}
		}
	}
}

// read handles frames until the connection ends.
func (g *guest) read(ctx context.Context) error {
	frames := virtio.NewReader(&meter{g: g, ctx: ctx})
	for {
		f, err := frames.Next()
		if skipped := frames.Skipped(); skipped > g.skipped {
			g.complain("guest-garbage", "bytes", skipped-g.skipped)
			g.skipped = skipped
		}
		if err != nil {
			return err
		}
		if err := g.handle(ctx, f); err != nil {
			g.complain("guest-message-refused", "error", err)
		}
		if !pause.For(ctx, g.limiter.take(1, time.Now())) {
			return ctx.Err()
		}
	}
}

// meter charges the guest for every byte it makes the host read.
type meter struct {
	g   *guest
	ctx context.Context
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.g.conn.Read(b)
	if !pause.For(m.ctx, m.g.limiter.take(float64(n)/1024, time.Now())) {
		return n, m.ctx.Err()
	}
	return n, err
}

// complain logs a guest's misbehaviour, but not at its pace.
func (g *guest) complain(event string, args ...any) {
	if now := time.Now(); now.Sub(g.complained) >= complainEvery {
		g.complained = now
		g.hub.log.Warn(event, append([]any{"vm", g.vm}, args...)...)
	}
}

func (g *guest) handle(ctx context.Context, f virtio.Frame) error {
	switch f.Type {
	case virtio.TypeHello:
		var hello virtio.Hello
		if err := json.Unmarshal(f.Body, &hello); err != nil {
			return fmt.Errorf("hello: %w", err)
		}
		return g.greet(hello)
	case virtio.TypeRequest:
		var r virtio.Request
		if err := json.Unmarshal(f.Body, &r); err != nil {
			return fmt.Errorf("request: %w", err)
		}
		return g.request(ctx, r)
	case virtio.TypeAck:
		var ack virtio.Ack
		if err := json.Unmarshal(f.Body, &ack); err != nil {
			return fmt.Errorf("ack: %w", err)
		}
		g.forget(ack.ID)
	case virtio.TypePing:
		g.send(virtio.TypePong, nil)
	}
	return nil
}

// greet answers a guest's hello and repeats the replies that it may not have.
func (g *guest) greet(hello virtio.Hello) error {
	if _, err := hello.Common(); err != nil {
		g.send(virtio.TypeHello, virtio.Hello{
			Min: virtio.MinVersion, Max: virtio.MaxVersion, Session: g.session, Refused: err.Error(),
		})
		return err
	}
	g.hello()
	g.mu.Lock()
	if now := time.Now(); hello.Session != g.daemon && now.Sub(g.renewed) >= renewEvery {
		// The open requests of a guestd that was killed died with it; who still
		// wants one asks again, with its id.
		g.daemon, g.renewed, g.open = hello.Session, now, nil
	}
	replies := slices.Clone(g.replies)
	g.mu.Unlock()
	for _, r := range replies {
		g.send(virtio.TypeReply, r)
	}
	return nil
}

// request passes a request on, or answers it at once when that is possible.
func (g *guest) request(ctx context.Context, r virtio.Request) error {
	if err := r.Check(); err != nil {
		if r.ID != "" && len(r.ID) <= 64 {
			g.send(virtio.TypeReply, virtio.Reply{ID: r.ID, Error: err.Error()})
		}
		return err
	}
	if known, ok := g.begin(r.ID); ok {
		g.send(virtio.TypeReply, known)
		return nil
	}
	select {
	case g.hub.requests <- Request{VM: g.vm, ID: r.ID, Verb: r.Verb, Target: r.Target, Action: r.Action}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin notes that a request is open. It returns the reply if there is one.
func (g *guest) begin(id string) (virtio.Reply, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.replies {
		if r.ID == id {
			return r, true
		}
	}
	if slices.Contains(g.open, id) {
		return virtio.Reply{}, false
	}
	if len(g.open)+len(g.replies) >= maxOpen {
		return virtio.Reply{ID: id, Error: fmt.Sprintf("this VM has %d requests open: wait for their replies", maxOpen)}, true
	}
	g.open = append(g.open, id)
	return virtio.Reply{}, false
}

func (g *guest) reply(id string, body json.RawMessage, failure string) {
	r := virtio.Reply{ID: id, Body: body, Error: failure}
	if len(body) > virtio.MaxBody/2 {
		r = virtio.Reply{ID: id, Error: fmt.Sprintf("the answer of %d bytes is too long for the channel", len(body))}
	}
	g.mu.Lock()
	i := slices.Index(g.open, id)
	if i >= 0 {
		g.open = slices.Delete(g.open, i, i+1)
		g.replies = append(g.replies, r)
	}
	g.mu.Unlock()
	if i >= 0 {
		g.send(virtio.TypeReply, r)
	}
}

// forget drops a reply that has arrived.
func (g *guest) forget(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.replies = slices.DeleteFunc(g.replies, func(r virtio.Reply) bool { return r.ID == id })
}

func (g *guest) notify(event string, body json.RawMessage) {
	g.send(virtio.TypeNotify, virtio.Notify{Event: event, Body: body})
}
