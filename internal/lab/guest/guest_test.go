package guest

import (
	"context"
	"encoding/xml"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kvmha/internal/need"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestDomainXMLOfAGuestIsAsReviewed(t *testing.T) {
	got := DomainXML(Spec{
		Name: "db1", UUID: "6f1b0c4e-0000-4000-8000-000000000001",
		Kernel: "/boot/vmlinuz", Initrd: "/var/lib/a & b.img", Witness: "/run/witness.qmp",
	})
	golden := filepath.Join("testdata", "db1.xml")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("domain XML differs from %s (-update rewrites it):\n%s", golden, got)
	}
	var any struct{ XMLName xml.Name }
	if err := xml.Unmarshal([]byte(got), &any); err != nil {
		t.Errorf("domain XML is not well-formed: %v", err)
	}
}

func TestBetweenTakesOutputAndStatusFromAmongEchoes(t *testing.T) {
	for name, c := range map[string]struct {
		seen, output string
		status       int
		ok           bool
	}{
		"nothing yet":             {seen: "boot messages"},
		"begun but not ended":     {seen: "<begin:7>\r\npart"},
		"end mark is cut in half": {seen: "<begin:7>\r\npart<end:7:1"},
		"ended well":              {seen: "/ # printf '<%s:7>' begin\r\n<begin:7>\r\na\r\nb\r\n<end:7:0>\r\n", output: "a\nb", ok: true},
		"ended badly":             {seen: "<begin:7>\r\n<end:7:127>", status: 127, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			output, status, ok := between([]byte(c.seen), "<begin:7>", "<end:7:")
			if output != c.output || status != c.status || ok != c.ok {
				t.Errorf("between(%q) = %q, %d, %v; want %q, %d, %v", c.seen, output, status, ok, c.output, c.status, c.ok)
			}
		})
	}
}

// TestGuestBootsRunsItsDaemonAndPowersOff starts QEMU itself, without libvirt.
func TestGuestBootsRunsItsDaemonAndPowersOff(t *testing.T) {
	qemu := need.Program(t, "qemu-system-x86_64", "qemu-system-x86")
	need.Program(t, "busybox", "busybox-static")
	kernel, err := FindKernel()
	if err != nil {
		need.Skip(t, err.Error())
	}
	dir := t.TempDir()
	initrd, console := filepath.Join(dir, "initrd"), filepath.Join(dir, "console")
	daemon := File{Path: GuestdPath, Data: []byte("#!/bin/sh\necho alive >/run/daemon\nexec sleep 1000\n")}
	if err := BuildInitramfs(initrd, daemon); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, "-machine", "q35,accel=tcg", "-cpu", "qemu64", "-m", "128",
		"-nodefaults", "-display", "none", "-kernel", kernel.Image, "-initrd", initrd,
		"-append", "console=ttyS0 quiet loglevel=0 tsc=unstable kvmha.name=db1",
		"-device", "virtio-serial-pci", "-chardev", "null,id=c0",
		"-device", "virtserialport,chardev=c0,name="+ChannelName,
		"-chardev", "socket,path="+console+",server=off,id=s0", "-serial", "chardev:s0",
		"-chardev", "stdio,id=m0", "-mon", "chardev=m0")
	monitor, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	// QEMU connects to the console as soon as it runs.
	listener, err := net.Listen("unix", console)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatalf("QEMU has not connected to its console: %v", err)
	}
	shell, err := openConsole(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	output, err := shell.Run(ctx, "hostname; cat /run/daemon; ls /dev/virtio-ports")
	if err != nil {
		t.Fatal(err)
	}
	if want := "db1\nalive\n" + ChannelName; output != want {
		t.Errorf("the guest says %q, want %q", output, want)
	}
	if _, err := monitor.Write([]byte("system_powerdown\n")); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("QEMU did not end well after an ACPI power-off: %v", err)
	}
}
