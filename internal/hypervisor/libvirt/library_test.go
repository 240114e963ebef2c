//go:build libvirt_dlopen

package libvirt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/libvirttest"
)

// maskedVariable marks the copy of the test that finds no libvirt.so.
const maskedVariable = "KVMHA_TEST_MASKED_LIBRARY"

// The library is looked for once in a process, before main, so the test is a
// process of its own, started where an empty file hides the library.
func TestDriverSaysSoWhereTheLibraryIsMissing(t *testing.T) {
	if os.Getenv(maskedVariable) != "" {
		d := New(Options{})
		defer d.Close()
		err := d.Start(context.Background(), hypervisor.Definition{Name: "db1", UUID: testUUID})
		if !errors.Is(err, hypervisor.ErrNotInstalled) || !errors.Is(err, hypervisor.ErrUnavailable) {
			t.Errorf("start = %v, want that libvirt is not installed", err)
		}
		if state, err := d.State(context.Background(), hypervisor.Definition{UUID: testUUID}); state != hypervisor.Stopped {
			t.Errorf("state = %v, %v", state, err)
		}
		return
	}
	libvirttest.Need(t)
	const library = "/usr/lib/x86_64-linux-gnu/libvirt.so.0"
	if _, err := os.Stat(library); err != nil {
		t.Fatalf("libvirt's library is elsewhere on this system: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", "sh", "-c", `mount --bind /dev/null "$0" && exec "$@"`,
		library, self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), maskedVariable+"=yes")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
