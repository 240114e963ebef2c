package port

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newTerminal makes a character device with another end: the port's path, and
// what stands for the host. It passes bytes as they are.
func newTerminal(t *testing.T) (path string, host *os.File) {
	t.Helper()
	host, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	number, err := unix.IoctlGetInt(int(host.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(host.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := unix.IoctlGetTermios(int(host.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(int(host.Fd()), unix.TCSETS, raw); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/dev/pts/%d", number), host
}

func mustOpen(t *testing.T, path string) *Port {
	t.Helper()
	p, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// read reads once, in the background.
func read(p *Port) <-chan string {
	got := make(chan string, 1)
	go func() {
		b := make([]byte, 100)
		n, err := p.Read(b)
		if err != nil {
			got <- "error: " + err.Error()
			return
		}
		got <- string(b[:n])
	}()
	return got
}

func want(t *testing.T, got <-chan string, text string) {
	t.Helper()
	select {
	case g := <-got:
		if !strings.HasPrefix(g, text) {
			t.Errorf("read %q, want %q", g, text)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("nothing was read, want %q", text)
	}
}

func TestBytesPassBothWaysAndCloseEndsARead(t *testing.T) {
	path, host := newTerminal(t)
	p := mustOpen(t, path)
	if _, err := host.WriteString("\xf8kvm\n\x00"); err != nil {
		t.Fatal(err)
	}
	want(t, read(p), "\xf8kvm\n\x00")
	if _, err := p.Write([]byte("\x03hello\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, err := host.Read(b); err != nil || string(b[:n]) != "\x03hello\n" {
		t.Errorf("the host reads %q, %v", b[:n], err)
	}
	waiting := read(p)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	want(t, waiting, "error: ")
	if err := p.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed again: %v", err)
	}
}

// newAway is a port whose host is away: as the device does then, a file at its
// end yields the end of file at once and always. host appends what the host
// sends when it is back.
func newAway(t *testing.T, every time.Duration) (p *Port, host func(text string)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p = mustOpen(t, path)
	p.every = every
	return p, func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAReadWithoutAHostGoesOnWhenTheKernelSaysThatItIsBack(t *testing.T) {
	p, host := newAway(t, time.Hour)
	got := read(p)
	host("back")
	if err := syscall.Kill(os.Getpid(), unix.SIGIO); err != nil {
		t.Fatal(err)
	}
	want(t, got, "back")
}

func TestAReadWithoutAHostLooksNowAndThenByItself(t *testing.T) {
	p, host := newAway(t, time.Millisecond)
	got := read(p)
	host("back")
	want(t, got, "back")
}

func TestCloseEndsAReadThatWaitsForAHost(t *testing.T) {
	p, _ := newAway(t, time.Hour)
	got := read(p)
	p.Close()
	want(t, got, "error: ")
}

func TestOpenWaitsForTheDeviceAndSaysWhatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "org.example.0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, path)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "name='org.example.0'") {
		t.Errorf("without a device: %v", err)
	}

	opened := make(chan error, 1)
	go func() {
		p, err := Open(t.Context(), path)
		if err == nil {
			err = p.Close()
		}
		opened <- err
	}()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestAPortThatCannotBeUsedFailsAtOnce(t *testing.T) {
	if _, err := Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "virtio port") {
		t.Errorf("a folder as a port: %v", err)
	}
}

func TestAPortIsFoundByItsNameWithoutUdev(t *testing.T) {
	root := t.TempDir()
	for device, name := range map[string]string{"vport1p1": "com.example.other", "vport2p1": "org.kvmha.guest.0"} {
		if err := os.Mkdir(filepath.Join(root, device), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, device, "name"), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, device := range map[string]string{"org.kvmha.guest.0": "/dev/vport2p1", "org.kvmha.guest.1": ""} {
		if got := bySysfs(root, name); got != device {
			t.Errorf("%s is %q, want %q", name, got, device)
		}
	}
	if got := bySysfs(filepath.Join(root, "none"), "org.kvmha.guest.0"); got != "" {
		t.Errorf("without sysfs it is %q", got)
	}
}
