package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const uuid = "6f1b0c4e-0000-4000-8000-000000000001"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFindTellsQEMUsApart(t *testing.T) {
	root := t.TempDir()
	for pid, line := range map[string]string{
		"10": "/usr/bin/qemu-system-x86_64\x00-name\x00guest=db1\x00-uuid\x00" + uuid + "\x00",
		"11": "/usr/bin/qemu-system-x86_64\x00-uuid\x006f1b0c4e-0000-4000-8000-000000000002\x00",
		"12": "vi\x00-uuid\x00" + uuid + "\x00",
		"13": "", // zombie or kernel thread
		"14": "qemu-kvm\x00-uuid\x006F1B0C4E-0000-4000-8000-000000000001\x00",
	} {
		dir := filepath.Join(root, pid)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "cmdline"), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	inner := filepath.Join(root, "15") // a host made of namespaces on this one
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"cmdline": "qemu\x00-uuid\x00" + uuid + "\x00", "status": "Name:\tqemu\nNSpid:\t15\t3\n"} {
		if err := os.WriteFile(filepath.Join(inner, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "99"), 0o755); err != nil { // ended meanwhile
		t.Fatal(err)
	}
	got, err := Table{Root: root}.Find(uuid)
	if err != nil || len(got) != 2 || got[0] != 10 || got[1] != 14 {
		t.Errorf("Find = %v, %v; want 10 and 14", got, err)
	}
}

func TestUnreadableTableProvesNothing(t *testing.T) {
	if _, err := (Table{Root: "/does/not/exist"}).Find(uuid); err == nil {
		t.Error("Find without a process table succeeded")
	}
}

// startFake runs a process that looks like a QEMU with the test's UUID.
func startFake(t *testing.T) *exec.Cmd {
	t.Helper()
	fake := filepath.Join(t.TempDir(), "qemu-fake")
	if err := os.Symlink("/bin/sh", fake); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(fake, "-c", "read forever", "-uuid", uuid)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

func TestKillReturnsWhenTheProcessIsGone(t *testing.T) {
	startFake(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := (Table{}).Kill(ctx, uuid); err != nil {
		t.Fatal(err)
	}
	if left, err := (Table{}).Find(uuid); err != nil || len(left) != 0 {
		t.Errorf("after Kill the table has %v, %v", left, err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	startFake(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := (Table{}).Wait(ctx, uuid); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait = %v, want the context's end", err)
	}
}

func TestWaitReturnsAtOnceWhenNothingRuns(t *testing.T) {
	if err := (Table{}).Wait(t.Context(), "00000000-0000-0000-0000-000000000000"); err != nil {
		t.Error(err)
	}
}
