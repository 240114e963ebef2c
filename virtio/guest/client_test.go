package guest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/control"
	"kvmha/virtio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a client in synctest's virtual time; the test plays the host, by hand.
type bench struct {
	*Client
	t        *testing.T
	opened   chan net.Conn // the host's ends of the ports that the client opens
	notified chan virtio.Notify
}

// host is the host's end of one port.
type host struct {
	t      *testing.T
	conn   net.Conn
	frames *virtio.Reader
}

func inBench(t *testing.T, test func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, opened: make(chan net.Conn), notified: make(chan virtio.Notify, 1)}
		b.Client = New(Options{
			Open: func(ctx context.Context) (Port, error) {
				ours, theirs := net.Pipe()
				select {
				case b.opened <- theirs:
					return ours, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			},
			Notify: func(n virtio.Notify) { b.notified <- n },
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := b.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
		defer running.Wait()
		defer cancel()
		test(b)
	})
}

// open waits for the client to open its port, and for its hello there.
func (b *bench) open() *host {
	b.t.Helper()
	conn := <-b.opened
	h := &host{t: b.t, conn: conn, frames: virtio.NewReader(conn)}
	var hello virtio.Hello
	h.expect(virtio.TypeHello, &hello)
	if hello.Session != b.instance || hello.Max != virtio.MaxVersion {
		b.t.Errorf("the guest says hello with %+v", hello)
	}
	return h
}

// greet begins a session as a host does, and takes the guest's hello.
func (h *host) greet(session string) {
	h.t.Helper()
	h.send(virtio.TypeHello, virtio.Hello{Min: 1, Max: 1, Session: session, Host: "alpha", VM: "db1"})
	h.expect(virtio.TypeHello, nil)
}

func (h *host) send(t virtio.Type, body any) {
	h.t.Helper()
	if err := virtio.Write(h.conn, t, body); err != nil {
		h.t.Fatal(err)
	}
}

// expect reads the next message, which must be of this type.
func (h *host) expect(t virtio.Type, body any) {
	h.t.Helper()
	f, err := h.frames.Next()
	if err != nil || f.Type != t {
		h.t.Fatalf("message of type %d (%s), %v; want type %d", f.Type, f.Body, err, t)
	}
	if body != nil {
		if err := json.Unmarshal(f.Body, body); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *host) wantRequest(want virtio.Request) {
	h.t.Helper()
	var got virtio.Request
	if h.expect(virtio.TypeRequest, &got); got != want {
		h.t.Errorf("request %+v, want %+v", got, want)
	}
}

type answer struct {
	body string
	err  error
}

// do asks in the background.
func (b *bench) do(ctx context.Context, r virtio.Request) <-chan answer {
	answered := make(chan answer, 1)
	go func() {
		body, err := b.Do(ctx, r)
		answered <- answer{string(body), err}
	}()
	return answered
}

var fence = virtio.Request{ID: "f-1", Verb: virtio.VerbFence, Target: "db2", Action: "off"}

func TestARequestIsPresentedUntilItsReplyIsThereAndThenAcknowledged(t *testing.T) {
	inBench(t, func(b *bench) {
		alpha := b.open()
		alpha.greet("s-1")
		answered := b.do(b.t.Context(), fence)
		alpha.wantRequest(fence)
		// The host says nothing: the guest shows that it lives, and asks again.
		alpha.expect(virtio.TypePing, nil)
		alpha.wantRequest(fence)
		// A new session, as of a host it has migrated to: it asks at once.
		alpha.greet("s-2")
		alpha.wantRequest(fence)
		alpha.send(virtio.TypeReply, virtio.Reply{ID: "f-1", Body: json.RawMessage(`{"done":true}`)})
		var ack virtio.Ack
		if alpha.expect(virtio.TypeAck, &ack); ack.ID != "f-1" {
			t.Errorf("acknowledged %q", ack.ID)
		}
		if got := <-answered; got.err != nil || got.body != `{"done":true}` {
			t.Errorf("got %+v", got)
		}
		// What comes again is acknowledged again and harms nothing.
		alpha.send(virtio.TypeReply, virtio.Reply{ID: "f-1"})
		alpha.expect(virtio.TypeAck, nil)
		if info := b.Info(); info.Sessions != 2 || info.Session != "s-2" || info.Host != "alpha" || info.VM != "db1" || len(info.Open) != 0 {
			t.Errorf("info %+v", info)
		}
	})
}

func TestTwoCallersOfOneIdShareOneRequest(t *testing.T) {
	inBench(t, func(b *bench) {
		h := b.open()
		h.greet("s-1")
		first := b.do(b.t.Context(), fence)
		h.wantRequest(fence)
		impatient, giveUp := context.WithCancel(b.t.Context())
		second := b.do(impatient, fence)
		h.wantRequest(fence)
		giveUp()
		if got := <-second; !errors.Is(got.err, context.Canceled) || !strings.Contains(got.err.Error(), "f-1") {
			t.Errorf("who gave up got %+v", got)
		}
		h.send(virtio.TypeReply, virtio.Reply{ID: "f-1", Error: "db1 may not fence db2"})
		h.expect(virtio.TypeAck, nil)
		if got := <-first; got.err == nil || got.err.Error() != "db1 may not fence db2" {
			t.Errorf("who waited got %+v", got)
		}
	})
}

func TestAPortThatFailsIsOpenedAgainAndRequestsGoOn(t *testing.T) {
	inBench(t, func(b *bench) {
		h := b.open()
		h.greet("s-1")
		answered := b.do(b.t.Context(), fence)
		h.wantRequest(fence)
		h.conn.Close()
		began := time.Now()
		h = b.open()
		if waited := time.Since(began); waited != reopenAfter {
			t.Errorf("it was opened again after %v, want %v", waited, reopenAfter)
		}
		h.greet("s-2")
		h.wantRequest(fence)
		h.send(virtio.TypeReply, virtio.Reply{ID: "f-1", Body: json.RawMessage(`1`)})
		h.expect(virtio.TypeAck, nil)
		if got := <-answered; got.err != nil || got.body != "1" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestARequestWithoutAReplySaysWhatMayBeWrong(t *testing.T) {
	inBench(t, func(b *bench) {
		h := b.open()
		go discard(h.conn)
		short := func() (context.Context, context.CancelFunc) { return context.WithTimeout(b.t.Context(), time.Second) }
		ctx, cancel := short()
		defer cancel()
		if got := <-b.do(ctx, fence); !errors.Is(got.err, context.DeadlineExceeded) || !strings.Contains(got.err.Error(), "is hostd running there") {
			t.Errorf("with a silent host: %v", got.err)
		}
		h.send(virtio.TypeHello, virtio.Hello{Min: 8, Max: 9, Session: "s", Refused: "versions 8 to 9"})
		ctx, cancel = short()
		defer cancel()
		if got := <-b.do(ctx, fence); got.err == nil || !strings.Contains(got.err.Error(), "the host refused: versions 8 to 9") {
			t.Errorf("with a host that refuses: %v", got.err)
		}
		if info := b.Info(); info.Sessions != 1 || info.HeardMS < 0 || info.Refused == "" {
			t.Errorf("info %+v", info)
		}
		if got := <-b.do(b.t.Context(), virtio.Request{ID: "a b", Verb: "fence"}); got.err == nil {
			t.Error("an id with a blank was sent")
		}
		h.conn.Close()
	})
}

func discard(conn net.Conn) {
	for b := make([]byte, 4096); ; {
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

func TestAHostThatTalksNonsenseDisturbsNothing(t *testing.T) {
	inBench(t, func(b *bench) {
		h := b.open()
		for _, of := range []virtio.Type{virtio.TypeHello, virtio.TypeReply, virtio.TypeNotify, 99} {
			h.send(of, "no object")
		}
		if _, err := h.conn.Write([]byte("garbage \xf8kvm garbage")); err != nil {
			t.Fatal(err)
		}
		h.send(virtio.TypePing, nil)
		h.expect(virtio.TypePong, nil)
		h.send(virtio.TypeNotify, virtio.Notify{Event: "moved", Body: json.RawMessage(`{"to":"beta"}`)})
		if n := <-b.notified; n.Event != "moved" || string(n.Body) != `{"to":"beta"}` {
			t.Errorf("notified of %+v", n)
		}
		h.conn.Close()
	})
}

func TestTheVerbsOfGuestd(t *testing.T) {
	inBench(t, func(b *bench) {
		h := b.open()
		h.greet("s-1")
		for _, c := range []struct {
			verb control.Verb
			args any
			want virtio.Request // what the host is asked, but for an id that is made
		}{
			{control.HostStatus, nil, virtio.Request{Verb: virtio.VerbStatus}},
			{control.HostAttributes, nil, virtio.Request{Verb: virtio.VerbAttributes}},
			{control.HostMoved, control.HostMovedArgs{From: "alpha"}, virtio.Request{Verb: virtio.VerbMoved, Target: "alpha"}},
			{control.GuestFence, control.GuestFenceArgs{Target: "db2", Action: "off", Request: "f-1"}, fence},
		} {
			args, err := json.Marshal(c.args)
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() {
				_, err := b.Handle(b.t.Context(), c.verb, args, nil)
				served <- err
			}()
			var got virtio.Request
			h.expect(virtio.TypeRequest, &got)
			h.send(virtio.TypeReply, virtio.Reply{ID: got.ID})
			h.expect(virtio.TypeAck, nil)
			if c.want.ID == "" {
				got.ID = ""
			}
			if err := <-served; err != nil || got != c.want {
				t.Errorf("%s asks the host for %+v, %v; want %+v", c.verb, got, err, c.want)
			}
		}
		if info, err := b.Handle(b.t.Context(), control.GuestInfo, nil, nil); err != nil || info.(Info).Session != "s-1" {
			t.Errorf("info %+v, %v", info, err)
		}
		for verb, c := range map[control.Verb]struct{ args, want string }{
			control.GuestFence: {`{}`, "name the VM to fence"},
			control.HostMoved:  {`[]`, "arguments"},
			control.Status:     {`{}`, "guestd has no verb"},
		} {
			if _, err := b.Handle(b.t.Context(), verb, json.RawMessage(c.args), nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %s: %v, want %q", verb, c.args, err, c.want)
			}
		}
		h.conn.Close()
	})
}
