package socket

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"kvmha/internal/control"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers "echo" with its arguments, streams "count" to three, refuses
// "fail", and holds "wait" until the client has gone.
type echo struct {
	started chan struct{}
	gone    chan struct{}
}

func newEcho() *echo { return &echo{started: make(chan struct{}, 100), gone: make(chan struct{}, 100)} }

func (e *echo) Handle(ctx context.Context, verb control.Verb, args json.RawMessage, more func(any) error) (any, error) {
	switch verb {
	case "echo":
		return args, nil
	case "count":
		for i := 1; i < 3; i++ {
			if err := more(i); err != nil {
				return nil, err
			}
		}
		return 3, nil
	case "wait":
		e.started <- struct{}{}
		<-ctx.Done()
		e.gone <- struct{}{}
		return nil, ctx.Err()
	case "huge":
		return strings.Repeat("x", MaxLine), nil
	}
	return nil, fmt.Errorf("resource %q does not exist", "db9")
}

// serve starts a server; the returned function stops it and waits.
func serve(t *testing.T, h Handler) (path string, stop func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run", "test.sock")
	listener, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, listener, h) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Serve: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return path, stop
}

func dial(t *testing.T, path string) *Client {
	t.Helper()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestManyRequestsGoOverOneConnection(t *testing.T) {
	path, _ := serve(t, newEcho())
	c := dial(t, path)
	for i := range 50 {
		var got int
		if err := c.Call(t.Context(), "echo", i, &got); err != nil || got != i {
			t.Fatalf("echo %d: %d, %v", i, got, err)
		}
	}
}

func TestAStreamArrivesCompleteAndInOrder(t *testing.T) {
	path, _ := serve(t, newEcho())
	var got []string
	err := dial(t, path).Stream(t.Context(), "count", nil, func(body json.RawMessage) error {
		got = append(got, string(body))
		return nil
	})
	if err != nil || strings.Join(got, " ") != "1 2 3" {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestARefusalKeepsItsWordsAndTheConnection(t *testing.T) {
	path, _ := serve(t, newEcho())
	c := dial(t, path)
	err := c.Call(t.Context(), "fail", nil, nil)
	var remote *RemoteError
	if !errors.As(err, &remote) || remote.Text != `resource "db9" does not exist` {
		t.Fatalf("got %v", err)
	}
	if err := c.Call(t.Context(), "echo", 1, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAStreamThatIsLeftDoesNotDisturbTheNextCall(t *testing.T) {
	path, _ := serve(t, newEcho())
	c := dial(t, path)
	enough := errors.New("enough")
	if err := c.Stream(t.Context(), "count", nil, func(json.RawMessage) error { return enough }); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	var got string
	if err := c.Call(t.Context(), "echo", "next", &got); err != nil || got != "next" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestARequestIsGivenUpWhenItsClientGoes(t *testing.T) {
	h := newEcho()
	path, _ := serve(t, h)
	c := dial(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- c.Call(ctx, "wait", nil, nil) }()
	<-h.started
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Call: %v", err)
	}
	<-h.gone
}

func TestStoppingTheServerEndsWhatIsInProgress(t *testing.T) {
	h := newEcho()
	path, stop := serve(t, h)
	c := dial(t, path)
	result := make(chan error, 1)
	go func() { result <- c.Call(context.Background(), "wait", nil, nil) }()
	<-h.started
	stop()
	if err := <-result; err == nil {
		t.Error("the call must fail when the daemon stops")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestTheServerRefuses(t *testing.T) {
	for _, tc := range []struct{ name, line, want string }{
		{"garbage", "GET / HTTP/1.1\n", "no line of JSON"},
		{"binary", "\x00\xff\x17\n", "no line of JSON"},
		{"another version", `{"v":9,"id":1,"verb":"echo"}` + "\n", "speaks version 9"},
		{"an oversized line", strings.Repeat("x", MaxLine+1), "longer than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path, _ := serve(t, newEcho())
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go conn.Write([]byte(tc.line))
			answer, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || !strings.Contains(answer, tc.want) {
				t.Errorf("got %q, %v; want %q in it", answer, err, tc.want)
			}
			if err := dial(t, path).Call(t.Context(), "echo", 1, nil); err != nil {
				t.Errorf("others must still be served: %v", err)
			}
		})
	}
}

func TestATruncatedRequestHarmsNobody(t *testing.T) {
	path, _ := serve(t, newEcho())
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte(`{"v":1,"id":1,"verb":"ec`))
	conn.Close()
	if err := dial(t, path).Call(t.Context(), "echo", 1, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerThatIsTooLongIsAnError(t *testing.T) {
	path, _ := serve(t, newEcho())
	if err := dial(t, path).Call(t.Context(), "huge", nil, nil); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Fatalf("got %v", err)
	}
}

func TestTooManyOpenRequestsAreRefused(t *testing.T) {
	h := newEcho()
	path, _ := serve(t, h)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range maxInFlight + 1 {
		fmt.Fprintf(conn, "{\"v\":1,\"id\":%d,\"verb\":\"wait\"}\n", i+1)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(answer, "wait for their answers") {
		t.Fatalf("got %q, %v", answer, err)
	}
}

func TestTheClientRefuses(t *testing.T) {
	for _, tc := range []struct{ name, line, want string }{
		{"garbage", "hello\n", "no JSON"},
		{"another version", `{"v":7,"id":1}` + "\n", "speaks version 7"},
		{"half an answer", `{"v":1,"id":1,"bo`, "no JSON"},
		{"no answer", "", "closed the connection"},
		{"a body of another shape", `{"v":1,"id":1,"body":"text"}` + "\n", "same version"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			here, there := net.Pipe()
			defer here.Close()
			go func() {
				bufio.NewReader(there).ReadString('\n')
				there.Write([]byte(tc.line))
				there.Close()
			}()
			var reply struct{ X int }
			err := NewClient(here).Call(t.Context(), "echo", nil, &reply)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v; want %q in it", err, tc.want)
			}
		})
	}
}

func TestDialSaysThatNobodyServes(t *testing.T) {
	if _, err := Dial(filepath.Join(t.TempDir(), "none.sock")); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("got %v", err)
	}
}

func TestTheSocketIsForItsOwnerOnly(t *testing.T) {
	path, _ := serve(t, newEcho())
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
}

func TestListenReplacesOnlyASocketThatNobodyServes(t *testing.T) {
	path, stop := serve(t, newEcho())
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another daemon") {
		t.Errorf("a served socket: %v", err)
	}
	stop()
	left, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	again, err := Listen(path)
	if err != nil {
		t.Fatalf("a left-over socket: %v", err)
	}
	again.Close()
	file := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(file, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
}

func TestOnlyRootAndTheDaemonsOwnUserAreLetIn(t *testing.T) {
	for _, tc := range []struct {
		name string
		cred *unix.Ucred
		err  error
		self int
		ok   bool
	}{
		{"root", &unix.Ucred{Uid: 0}, nil, 1000, true},
		{"the daemon's user", &unix.Ucred{Uid: 1000}, nil, 1000, true},
		{"another user", &unix.Ucred{Uid: 1001}, nil, 1000, false},
		{"another user on a root daemon", &unix.Ucred{Uid: 1001}, nil, 0, false},
		{"an unknown caller", nil, errors.New("no"), 0, false},
	} {
		if err := judgePeer(tc.cred, tc.err, tc.self); (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// exhausted is a listener that fails for a while, as with no descriptors left.
type exhausted struct {
	net.Listener
	fails int
}

func (e *exhausted) Accept() (net.Conn, error) {
	if e.fails--; e.fails >= 0 {
		return nil, &net.OpError{Op: "accept", Err: unix.EMFILE}
	}
	return e.Listener.Accept()
}

func TestServingGoesOnWhenDescriptorsRunOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.sock")
	listener, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, &exhausted{listener, 2}, newEcho()) }()
	if err := dial(t, path).Call(t.Context(), "echo", 1, nil); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
