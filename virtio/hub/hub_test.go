package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/hypervisortest"
	labguest "kvmha/internal/lab/guest"
	"kvmha/virtio"
	guestd "kvmha/virtio/guest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// socket is a VM's virtio-serial port: the guest's end stays the same while the
// host's end comes and goes.
type socket struct {
	mu      sync.Mutex
	changed *sync.Cond
	host    net.Conn
	closed  bool
}

func newSocket() *socket {
	s := &socket{}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// plug connects the guest to a host's end, nil = to none. The end before ends: a
// guest that has migrated reads nothing any more of the host it came from.
func (s *socket) plug(host net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host != nil {
		s.host.Close()
	}
	s.host = host
	s.changed.Broadcast()
}

// current waits for a host; nil when the port is closed.
func (s *socket) current() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.host == nil && !s.closed {
		s.changed.Wait()
	}
	if s.closed {
		return nil
	}
	return s.host
}

func (s *socket) lost(host net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host == host {
		s.host = nil
	}
}

func (s *socket) Read(b []byte) (int, error) {
	for {
		host := s.current()
		if host == nil {
			return 0, os.ErrClosed
		}
		n, err := host.Read(b)
		if err == nil {
			return n, nil
		}
		s.lost(host)
	}
}

// Write loses what the host's end does not take, as the device does.
func (s *socket) Write(b []byte) (int, error) {
	host := s.current()
	if host == nil {
		return 0, os.ErrClosed
	}
	if _, err := host.Write(b); err != nil {
		s.lost(host)
	}
	return len(b), nil
}

func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.host != nil {
		s.host.Close()
	}
	s.changed.Broadcast()
	return nil
}

// world is two hosts with a hub each.
type world struct {
	t     *testing.T
	ctx   context.Context
	hosts map[string]*host

	mu  sync.Mutex
	vms []VM
}

type host struct {
	*Hub
	driver *hypervisortest.Driver
	dialed chan net.Conn // the guest's ends of what the hub has dialed
}

func newWorld(t *testing.T, vms ...string) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	w := &world{t: t, ctx: ctx, hosts: map[string]*host{}}
	for _, vm := range vms {
		path := filepath.Join(t.TempDir(), vm+".xml")
		if err := os.WriteFile(path, []byte(w.xml(vm)), 0o600); err != nil {
			t.Fatal(err)
		}
		w.vms = append(w.vms, VM{Resource: "rsc-" + vm, Config: path})
	}
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	t.Cleanup(cancel)
	for _, name := range []string{"alpha", "beta"} {
		h := &host{driver: &hypervisortest.Driver{}, dialed: make(chan net.Conn, 10)}
		h.Hub = New(Options{
			Driver: h.driver, VMs: w.listed, Host: name, Rescan: time.Hour,
			dial: func(ctx context.Context, _ string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				select {
				case h.dialed <- theirs:
					return ours, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			},
		})
		running.Go(func() { h.Run(ctx) })
		w.hosts[name] = h
	}
	return w
}

func (w *world) listed() []VM {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.vms
}

func (w *world) unlist() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vms = nil
}

func (w *world) xml(vm string) string {
	return labguest.DomainXML(labguest.Spec{Name: vm, UUID: fmt.Sprintf("6f1b0c4e-0000-4000-8000-0000000%05x", []byte(vm)[len(vm)-1]), Kernel: "/k", Initrd: "/i"})
}

func (w *world) def(vm string) hypervisor.Definition {
	w.t.Helper()
	def, err := hypervisor.ParseDefinition(w.xml(vm))
	if err != nil {
		w.t.Fatal(err)
	}
	return def
}

// appear puts a VM on a host and returns the guest's end of its channel.
func (w *world) appear(vm, on string, s hypervisor.State) net.Conn {
	w.t.Helper()
	h := w.hosts[on]
	h.driver.SetChannel(w.def(vm), "channel-of-"+vm)
	h.driver.Set(w.def(vm), s)
	h.Changed()
	select {
	case conn := <-h.dialed:
		return conn
	case <-w.ctx.Done():
		w.t.Fatalf("hub of %s did not connect %s", on, vm)
		return nil
	}
}

// daemon runs a guest's client on a port until the test ends.
func (w *world) daemon(s *socket) *guestd.Client {
	w.t.Helper()
	c := guestd.New(guestd.Options{Open: func(context.Context) (guestd.Port, error) { return s, nil }})
	ctx, cancel := context.WithCancel(w.ctx)
	var running sync.WaitGroup
	w.t.Cleanup(running.Wait)
	w.t.Cleanup(cancel)
	running.Go(func() { c.Run(ctx) })
	return c
}

func (w *world) nextRequest(on string) Request {
	w.t.Helper()
	select {
	case r := <-w.hosts[on].Requests():
		return r
	case <-w.ctx.Done():
		w.t.Fatalf("no request on %s", on)
		return Request{}
	}
}

type result struct {
	body json.RawMessage
	err  error
}

// ask makes a request in the background.
func (w *world) ask(c *guestd.Client, r virtio.Request) <-chan result {
	answered := make(chan result, 1)
	go func() {
		body, err := c.Do(w.ctx, r)
		answered <- result{body, err}
	}()
	return answered
}

func TestAnOpenRequestSurvivesALiveMigration(t *testing.T) {
	w := newWorld(t, "db1")
	port := newSocket()
	client := w.daemon(port)
	port.plug(w.appear("db1", "alpha", hypervisor.Running))
	answered := w.ask(client, virtio.Request{ID: "fence-1", Verb: virtio.VerbFence, Target: "rsc-db2", Action: "reboot"})
	want := Request{VM: "rsc-db1", ID: "fence-1", Verb: "fence", Target: "rsc-db2", Action: "reboot"}
	if got := w.nextRequest("alpha"); got != want {
		t.Fatalf("request on alpha = %+v, want %+v", got, want)
	}

	// The target's hub connects while the guest still runs on alpha.
	arrival := w.appear("db1", "beta", hypervisor.Paused)
	began := time.Now()
	port.plug(arrival)
	w.hosts["alpha"].driver.Set(w.def("db1"), hypervisor.Stopped)
	// The request is presented with every hello, and answered each time.
	for pending := true; pending; {
		select {
		case got := <-w.hosts["beta"].Requests():
			if got != want {
				t.Fatalf("request on beta = %+v, want %+v", got, want)
			}
			t.Logf("presented %v after the arrival", time.Since(began))
			// An answer on the old host reaches nobody and harms nothing.
			w.hosts["alpha"].Reply("rsc-db1", "fence-1", json.RawMessage(`"late"`), "")
			w.hosts["beta"].Reply("rsc-db1", "fence-1", json.RawMessage(`"down"`), "")
		case got := <-answered:
			if got.err != nil || string(got.body) != `"down"` {
				t.Errorf("reply = %s, %v", got.body, got.err)
			}
			pending = false
		}
	}
	info := client.Info()
	if info.Host != "beta" || info.VM != "rsc-db1" || info.Sessions != 2 || len(info.Open) != 0 {
		t.Errorf("the guest knows %+v", info)
	}
}

func TestAReplyIsRepeatedUntilItIsAcknowledged(t *testing.T) {
	w, raw := withRawGuest(t)
	raw.write(virtio.TypeRequest, virtio.Request{ID: "1", Verb: "status"})
	w.nextRequest("alpha")
	w.hosts["alpha"].Reply("rsc-db1", "1", json.RawMessage(`"ok"`), "")
	raw.expect(virtio.TypeReply)
	// The daemon was killed before it acknowledged; a new one says hello, or asks
	// again with the same id.
	raw.write(virtio.TypeHello, virtio.Hello{Min: 1, Max: 1, Session: "second"})
	raw.expect(virtio.TypeHello)
	raw.expect(virtio.TypeReply)
	raw.write(virtio.TypeRequest, virtio.Request{ID: "1", Verb: "status"})
	raw.expect(virtio.TypeReply)
	raw.write(virtio.TypeAck, virtio.Ack{ID: "1"})
	// After the acknowledgement the same id is asked anew.
	raw.write(virtio.TypeRequest, virtio.Request{ID: "1", Verb: "status"})
	if got := w.nextRequest("alpha"); got.ID != "1" {
		t.Errorf("request = %+v", got)
	}
}

func TestAGuestOfAnotherVersionIsToldBoth(t *testing.T) {
	_, raw := withRawGuest(t)
	raw.write(virtio.TypeHello, virtio.Hello{Min: 8, Max: 9, Session: "new"})
	var hello virtio.Hello
	if err := json.Unmarshal(raw.expect(virtio.TypeHello), &hello); err != nil || hello.Refused == "" {
		t.Errorf("hello = %+v, %v; want a refusal", hello, err)
	}
}

func TestOpenRequestsOfOneGuestAreBounded(t *testing.T) {
	w, raw := withRawGuest(t)
	raw.fill(w, "first")
	raw.write(virtio.TypeRequest, virtio.Request{ID: "more", Verb: "status"})
	var reply virtio.Reply
	if err := json.Unmarshal(raw.expect(virtio.TypeReply), &reply); err != nil || reply.ID != "more" || reply.Error == "" {
		t.Errorf("reply = %+v, %v; want a refusal", reply, err)
	}
}

func TestRequestsOfAKilledGuestdCountNoMoreButOnlyOnceAMinute(t *testing.T) {
	w, raw := withRawGuest(t)
	raw.fill(w, "first")
	for _, run := range []string{"second", "third"} {
		raw.write(virtio.TypeHello, virtio.Hello{Min: 1, Max: 1, Session: run})
		raw.expect(virtio.TypeHello)
		if run == "third" {
			break
		}
		raw.fill(w, run)
	}
	raw.write(virtio.TypeRequest, virtio.Request{ID: "more", Verb: "status"})
	raw.expect(virtio.TypeReply)
}

func TestAHostileGuestDisturbsNoOther(t *testing.T) {
	w := newWorld(t, "db1", "db2")
	hostile := w.appear("db1", "alpha", hypervisor.Running)
	port := newSocket()
	client := w.daemon(port)
	port.plug(w.appear("db2", "alpha", hypervisor.Running))
	var flood sync.WaitGroup
	t.Cleanup(flood.Wait)
	t.Cleanup(func() { hostile.Close() })
	flood.Go(func() { io.Copy(io.Discard, hostile) })
	flood.Go(func() {
		random := rand.New(rand.NewPCG(1, 2))
		for {
			if _, err := hostile.Write(hostileBytes(random)); err != nil {
				return
			}
		}
	})
	for i := range 5 {
		answered := w.ask(client, virtio.Request{ID: fmt.Sprint(i), Verb: "status"})
		for {
			// The one before may come once more: what is not answered yet is
			// presented again with every hello.
			if r := w.nextRequest("alpha"); r.VM == "rsc-db2" && r.ID == fmt.Sprint(i) {
				break
			}
		}
		w.hosts["alpha"].Reply("rsc-db2", fmt.Sprint(i), json.RawMessage(`{}`), "")
		if got := <-answered; got.err != nil {
			t.Fatal(got.err)
		}
	}
}

// hostileBytes is garbage, a half frame, a lie, or a request of nonsense.
func hostileBytes(random *rand.Rand) []byte {
	request, _ := virtio.Encode(virtio.TypeRequest, virtio.Request{ID: fmt.Sprint(random.Uint64()), Verb: "fence", Target: "rsc-db2"})
	nonsense, _ := virtio.Frame{Type: virtio.TypeRequest, Body: []byte(`[[[[`)}.Append(nil)
	garbage := make([]byte, 1+random.IntN(4000))
	for i := range garbage {
		garbage[i] = byte(random.Uint32())
	}
	return [][]byte{request, request[:random.IntN(len(request))+1], nonsense, garbage}[random.IntN(4)]
}

// rawGuest speaks the protocol by hand.
type rawGuest struct {
	t      *testing.T
	conn   net.Conn
	frames *virtio.Reader
}

// withRawGuest is a world whose VM db1 runs on alpha, with its guest's end of the
// channel after the host's hello.
func withRawGuest(t *testing.T) (*world, *rawGuest) {
	t.Helper()
	w := newWorld(t, "db1")
	conn := w.appear("db1", "alpha", hypervisor.Running)
	t.Cleanup(func() { conn.Close() })
	raw := &rawGuest{t: t, conn: conn, frames: virtio.NewReader(conn)}
	raw.expect(virtio.TypeHello)
	return w, raw
}

// fill opens as many requests as a guest may have.
func (g *rawGuest) fill(w *world, run string) {
	g.t.Helper()
	for i := range maxOpen {
		g.write(virtio.TypeRequest, virtio.Request{ID: fmt.Sprint(run, i), Verb: "status"})
		w.nextRequest("alpha")
	}
}

func (g *rawGuest) write(t virtio.Type, body any) {
	g.t.Helper()
	if err := virtio.Write(g.conn, t, body); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rawGuest) expect(t virtio.Type) []byte {
	g.t.Helper()
	g.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	f, err := g.frames.Next()
	if err != nil || f.Type != t {
		g.t.Fatalf("message of type %d (%s), %v; want type %d", f.Type, f.Body, err, t)
	}
	return f.Body
}

func TestAVMThatIsNoResourceAnyMoreIsLeft(t *testing.T) {
	w, raw := withRawGuest(t)
	w.unlist()
	w.hosts["alpha"].Changed()
	raw.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := raw.frames.Next(); err == nil {
		t.Error("the session goes on")
	}
}

func TestLimiterLetsABurstPassAndThenTheRate(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(10, 20, now)
	for i := range 20 {
		if d := l.take(1, now); d != 0 {
			t.Fatalf("token %d of the burst waits %v", i, d)
		}
	}
	if d := l.take(1, now); d != 100*time.Millisecond {
		t.Errorf("the first token above the burst waits %v, want 100ms", d)
	}
	if d := l.take(10, now); d != 1100*time.Millisecond {
		t.Errorf("ten more wait %v, want 1.1s", d)
	}
	if d := l.take(1, now.Add(time.Hour)); d != 0 {
		t.Errorf("after an hour a token waits %v", d)
	}
	if d := l.take(20, now.Add(time.Hour)); d != 100*time.Millisecond {
		t.Errorf("more than the burst was saved up: wait %v", d)
	}
}
