package host

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestADaemonIsReadyWhenItHasItsLinks(t *testing.T) {
	s := newSingle(t)
	s.write(t, "")
	path := filepath.Join(s.dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	told := func(within time.Duration) string {
		b := make([]byte, 100)
		_ = manager.SetReadDeadline(time.Now().Add(within))
		n, _ := manager.Read(b)
		return string(b[:n])
	}

	occupied, err := net.Listen("tcp", "127.78.0.1:17797")
	if err != nil {
		t.Fatal(err)
	}
	s.start(t, "")
	if err := <-s.ended; err == nil || !strings.Contains(err.Error(), "127.78.0.1:17797") {
		t.Errorf("with its port taken the daemon ended with %v", err)
	}
	if got := told(time.Millisecond); got != "" {
		t.Errorf("it told the service manager %q all the same", got)
	}
	occupied.Close()

	s.start(t, "")
	if got := told(20 * time.Second); got != "READY=1" {
		t.Errorf("with its links it told %q, want that it is ready", got)
	}
	s.end(t, errors.New("leave"))
}
