package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kvmha/internal/control"
	"kvmha/internal/control/socket"
	"kvmha/virtio/guest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manager is systemd's end of the notification socket.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T, dir string, watchdog time.Duration) *manager {
	t.Helper()
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(watchdog.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	return &manager{t, conn}
}

// expect waits for this notification; those of the watchdog come at any time.
func (m *manager) expect(want string) {
	m.t.Helper()
	buffer := make([]byte, 4096)
	_ = m.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		n, err := m.conn.Read(buffer)
		if err != nil {
			m.t.Fatalf("waiting for %s: %v", want, err)
		}
		switch got := string(buffer[:n]); got {
		case want:
			return
		case "WATCHDOG=1":
		default:
			m.t.Fatalf("guestd said %s, want %s", got, want)
		}
	}
}

func TestGuestdTellsTheServiceManagerThatItServesAndLivesAndEnds(t *testing.T) {
	// Unix sockets live in it, so the path must be short.
	dir, err := os.MkdirTemp("", "guestd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	systemd := newManager(t, dir, 40*time.Millisecond)
	path := filepath.Join(dir, "sock")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	// A VM whose channel is not there yet: guestd waits for it, and serves.
	go func() { ended <- run(ctx, filepath.Join(dir, "no-port"), path) }()

	systemd.expect("READY=1")
	client, err := socket.Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var info guest.Info
	if err := client.Call(ctx, control.GuestInfo, nil, &info); err != nil || info.Instance == "" || info.HeardMS != -1 {
		t.Errorf("info = %+v, %v", info, err)
	}
	systemd.expect("WATCHDOG=1")
	systemd.expect("WATCHDOG=1")
	cancel()
	systemd.expect("STOPPING=1")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAGuestdWithoutItsSocketIsNotAlive(t *testing.T) {
	if alive(t.Context(), filepath.Join(t.TempDir(), "sock")) {
		t.Error("a daemon that nobody can ask counts as alive")
	}
}
