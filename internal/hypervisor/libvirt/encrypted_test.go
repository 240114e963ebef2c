//go:build libvirt_dlopen

package libvirt

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/libvirttest"
)

func TestAnEncryptedMigrationNeedsTheCertificatesOfBothHosts(t *testing.T) {
	libvirttest.Need(t)
	libvirttest.Start(t)
	libvirttest.StartHostB(t)
	w := newWatched(t)
	def := newGuest(t)
	w.boot(def)
	route := hypervisor.Migration{URI: "qemu+tls://" + libvirttest.HostB + "/system?pkipath=" + libvirttest.PKI, Encrypt: true, AutoConverge: true}

	// QEMU here trusts another authority: were the memory not sent over TLS,
	// nobody would notice.
	ca := filepath.Join(libvirttest.PKI, "ca-cert.pem")
	own, err := os.ReadFile(ca)
	w.must("read the authority", err)
	other := t.TempDir()
	w.must("make another authority", libvirttest.WritePKI(other))
	stranger, err := os.ReadFile(filepath.Join(other, "ca-cert.pem"))
	w.must("read it", err)
	w.must("trust it", os.WriteFile(ca, stranger, 0o600))
	if err := w.Migrate(w.ctx, def, route, nil); !errors.Is(err, hypervisor.ErrStays) {
		t.Errorf("to a host whose certificate is a stranger's: %v", err)
	}
	w.wantState(def, hypervisor.Running)

	w.must("trust the own one again", os.WriteFile(ca, own, 0o600))
	w.must("migrate", w.Migrate(w.ctx, def, route, nil))
	w.wantState(def, hypervisor.Stopped)
	if state, err := w.remoteState(w.ctx, def, route.URI); state != hypervisor.Running {
		t.Errorf("on the target it is %v, %v", state, err)
	}
}
