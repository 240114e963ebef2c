// Package process is the third witness of a virtual machine, beside libvirt and
// QMP: the process table of this host. internal/hypervisor/libvirt asks it
// whether a QEMU with a domain's UUID runs, kills it when nothing else can, and
// waits for its end.
//
// It promises to see every QEMU of this PID namespace that was started with
// "-uuid UUID", as libvirt starts all of them, and to take a zombie for what it
// is: gone. It works when libvirtd is down, hung or not installed.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Table reads the processes under Root, "" = /proc.
type Table struct{ Root string }

// Find returns the process ids of the QEMUs with this UUID, none if it does not
// run here. An error means that the table could not be read, so that nothing is
// proven.
func (t Table) Find(uuid string) ([]int, error) {
	root := t.Root
	if root == "" {
		root = "/proc"
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("process table: %w", err)
	}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join(root, e.Name(), "cmdline"))
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
			continue // it ended while we read
		case err != nil:
			return nil, fmt.Errorf("process table: %w", err)
		}
		if hasUUID(line, uuid) && !nested(filepath.Join(root, e.Name())) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// nested says whether a process lives in a PID namespace below ours: it belongs
// to another host, built of namespaces on this one (proc_pid_status(5), NSpid).
func nested(dir string) bool {
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			return len(strings.Fields(ids)) > 1
		}
	}
	return false
}

// hasUUID says whether a command line (arguments that end with a zero byte) is
// of a QEMU with this UUID. A zombie's command line is empty.
func hasUUID(cmdline []byte, uuid string) bool {
	args := bytes.Split(cmdline, []byte{0})
	if !strings.Contains(filepath.Base(string(args[0])), "qemu") {
		return false
	}
	for i := 1; i < len(args); i++ {
		if string(args[i-1]) == "-uuid" && strings.EqualFold(string(args[i]), uuid) {
			return true
		}
	}
	return false
}

// Kill ends every QEMU with this UUID by SIGKILL and returns when they are gone.
// Process ids are pinned by pidfds, so that nothing else is ever hit.
func (t Table) Kill(ctx context.Context, uuid string) error {
	return t.each(uuid, func(pidfd int) error {
		if err := unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("kill QEMU %s: %w", uuid, err)
		}
		return wait(ctx, pidfd)
	})
}

// Wait returns when no QEMU with this UUID is left that runs now, or when ctx
// ends. It does not poll.
func (t Table) Wait(ctx context.Context, uuid string) error {
	return t.each(uuid, func(pidfd int) error { return wait(ctx, pidfd) })
}

// each calls fn with a pidfd of every QEMU with this UUID.
func (t Table) each(uuid string, fn func(pidfd int) error) error {
	pids, err := t.Find(uuid)
	if err != nil {
		return err
	}
	var problems []error
	for _, pid := range pids {
		pidfd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("open process %d: %w", pid, err))
			continue
		}
		// The id may have passed to another process before it was pinned.
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if hasUUID(line, uuid) {
			problems = append(problems, fn(pidfd))
		}
		unix.Close(pidfd)
	}
	return errors.Join(problems...)
}

// wait returns when the process behind pidfd has ended: a pidfd becomes readable
// then (pidfd_open(2)). The runtime's poller waits, on a copy of the descriptor
// that it owns.
func wait(ctx context.Context, pidfd int) error {
	own, err := unix.FcntlInt(uintptr(pidfd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("wait for process: %w", err)
	}
	file := os.NewFile(uintptr(own), "pidfd")
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("wait for process: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { file.Close() })
	defer stop()
	err = raw.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return err == nil && n == 1
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
