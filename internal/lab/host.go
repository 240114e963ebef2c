package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"kvmha/internal/control/socket"
)

// Host is one machine of the site.
type Host struct {
	Name   string
	Number int
	site   *Site
	disk   string

	mu   sync.Mutex
	boot *boot
}

// boot is one life of a host, from power-on to the end of its first process.
type boot struct {
	pid  int
	gone chan struct{}
}

// PowerOn boots the host: its first process starts libvirtd and hostd.
func (h *Host) PowerOn(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot != nil {
		return fmt.Errorf("host %s is already on", h.Name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(h.disk, "console.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	started := make(chan error, 1)
	life := &boot{gone: make(chan struct{})}
	var plugged io.WriteCloser
	h.site.goroutines.Go(func() {
		// The thread that starts a host must outlive it: its end would be the
		// host's parent-death signal.
		runtime.LockOSThread()
		cmd := exec.Command(h.site.labBinary, h.initArgs()...)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
			Pdeathsig:  syscall.SIGKILL,
			Setpgid:    true,
		}
		var err error
		if plugged, err = cmd.StdinPipe(); err == nil {
			err = cmd.Start()
		}
		if err != nil {
			started <- fmt.Errorf("boot host %s: %w", h.Name, err)
			return
		}
		life.pid = cmd.Process.Pid
		started <- nil
		_ = cmd.Wait()
		close(life.gone)
		h.mu.Lock()
		if h.boot == life {
			h.boot = nil
		}
		h.mu.Unlock()
	})
	if err := <-started; err != nil {
		return err
	}
	h.boot = life
	if err := plug(h.Number, life.pid); err != nil {
		return err
	}
	h.site.trace(h.Name, "power on")
	// Closing its input tells the host that its cables are in.
	return plugged.Close()
}

func (h *Host) initArgs() []string {
	args := []string{
		hostInitWord, "--name", h.Name, "--number", strconv.Itoa(h.Number), "--disk", h.disk,
		"--dir", h.site.dir, "--bin", h.site.binDir,
	}
	if h.site.options.NoLibvirt {
		args = append(args, "--no-libvirt")
	}
	if len(h.site.options.HostdArgs) > 0 {
		args = append(args, "--")
		args = append(args, h.site.options.HostdArgs...)
	}
	return args
}

// PowerOff cuts the power: every process of the host dies at once. It returns
// when they are gone. Cutting the power of a host that is off does nothing.
func (h *Host) PowerOff() {
	h.mu.Lock()
	life := h.boot
	h.mu.Unlock()
	if life == nil {
		return
	}
	// The kernel takes a dead host's network apart at its leisure: the cables
	// go dead with the power.
	_ = syscall.Kill(life.pid, syscall.SIGKILL)
	unplug(h.Number)
	<-life.gone
	h.mu.Lock()
	if h.boot == life {
		h.boot = nil
	}
	h.mu.Unlock()
	h.site.trace(h.Name, "power cut")
}

// Powered reports whether the host is on.
func (h *Host) Powered() bool { return h.pid() != 0 }

// pid returns the host's first process as the fabric sees it, 0 when off.
func (h *Host) pid() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot == nil {
		return 0
	}
	return h.boot.pid
}

// Unplug takes the host off a LAN; Plug puts it back.
func (h *Host) Unplug(lan string) error { return setCable(h.Number, lan, false) }

// Plug connects the host to a LAN again.
func (h *Host) Plug(lan string) error { return setCable(h.Number, lan, true) }

// Disk returns the path of a file of the host, as the fabric sees it.
func (h *Host) Disk(elem ...string) string {
	return filepath.Join(append([]string{h.disk}, elem...)...)
}

// Root returns the path by which the fabric reaches a file inside the running
// host, sockets included.
func (h *Host) Root(path string) string {
	return filepath.Join("/proc", strconv.Itoa(h.pid()), "root", path)
}

// Control connects to the host's hostd.
func (h *Host) Control() (*socket.Client, error) {
	if !h.Powered() {
		return nil, fmt.Errorf("host %s is off", h.Name)
	}
	return socket.Dial(h.Root("/run/kvmha/hostd.sock"))
}

// Command returns a command that runs inside the host.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return enter(ctx, h.pid(), h.site.binDir, name, args...)
}

// Run runs a command inside the host and returns what it printed.
func (h *Host) Run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := h.Command(ctx, name, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s on %s: %w: %s", name, h.Name, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// Kill sends a signal to every process of the host whose program has this
// name, as `killall` would inside it. It is an error if there is none.
func (h *Host) Kill(program string, sig syscall.Signal) error {
	hit := false
	for _, p := range processes() {
		if p.program == program && p.host == h.Name {
			hit = true
			_ = syscall.Kill(p.pid, sig)
		}
	}
	if !hit {
		return errors.New("no process " + program + " on " + h.Name)
	}
	return nil
}
