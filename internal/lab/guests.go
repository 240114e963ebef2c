package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kvmha/internal/lab/guest"
)

// guestImage is the initramfs all guests boot: busybox, guestd and vm-ctl.
const guestImage = "guest.img"

func (s *Site) buildGuests() error {
	if len(s.options.VMs) == 0 {
		return nil
	}
	var files []guest.File
	for path, program := range map[string]string{guest.GuestdPath: "guestd", "/bin/vm-ctl": "vm-ctl"} {
		data, err := os.ReadFile(filepath.Join(s.binDir, program))
		if err != nil {
			return fmt.Errorf("guest image: %w: run `make build` first", err)
		}
		files = append(files, guest.File{Path: path, Data: data, Mode: 0o755})
	}
	return guest.BuildInitramfs(filepath.Join(s.dir, guestImage), files...)
}

// domainXML is what an administrator puts on every host for a VM.
func (s *Site) domainXML(vm string) (string, error) {
	kernel, err := guest.FindKernel()
	if err != nil {
		return "", err
	}
	number := 0
	for i, name := range s.options.VMs {
		if name == vm {
			number = i + 1
		}
	}
	return guest.DomainXML(guest.Spec{
		Name: vm, UUID: fmt.Sprintf("6b766d68-6101-4000-8000-%012d", number),
		Kernel: kernel.Image, Initrd: filepath.Join(s.dir, guestImage),
		Witness: witnessPath(vm),
	}), nil
}

// witnessPath is the guest's QMP monitor that only the lab uses.
func witnessPath(vm string) string { return "/run/libvirt/qemu/witness-" + vm + ".qmp" }

// InGuest runs a command line inside a guest that runs on host, waiting for
// the guest to boot if it must.
func (h *Host) InGuest(ctx context.Context, vm, line string) (string, error) {
	console, err := guest.DialConsole(ctx, h.Root(guest.ConsolePath(vm)))
	if err != nil {
		return "", err
	}
	defer console.Close()
	return console.Run(ctx, line)
}

// Running returns the hosts on which this guest executes, as each QEMU itself
// says: one that still waits for a migration, or has handed its guest over,
// stands still. A QEMU that does not answer counts as executing; one without a
// monitor has not come so far, or is ending.
func (s *Site) Running(vm string) []string {
	var hosts []string
	for _, p := range processes() {
		if strings.HasPrefix(p.program, "qemu-system-") && isGuest(p.args, vm) && s.executes(p.host, vm) {
			hosts = append(hosts, p.host)
		}
	}
	return hosts
}

func (s *Site) executes(host, vm string) bool {
	h, ok := s.hosts[host]
	if !ok || !h.Powered() {
		return true
	}
	status, err := askStatus(h.Root(witnessPath(vm)))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	if err != nil {
		return true
	}
	switch status {
	case "inmigrate", "postmigrate", "finish-migrate", "prelaunch", "shutdown", "paused":
		return false
	}
	return true
}

// askStatus asks one QEMU what its virtual CPUs do.
func askStatus(path string) (string, error) {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte(`{"execute":"qmp_capabilities"}{"execute":"query-status"}` + "\n")); err != nil {
		return "", err
	}
	for lines := json.NewDecoder(conn); ; {
		var line struct {
			Return struct{ Status string }
		}
		if err := lines.Decode(&line); err != nil {
			return "", err
		}
		if line.Return.Status != "" {
			return line.Return.Status, nil
		}
	}
}
