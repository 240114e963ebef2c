package hypervisor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/hypervisor"
	"kvmha/internal/lab/guest"
)

const uuid = "6f1b0c4e-0000-4000-8000-000000000001"

func TestDefinitionOfALabGuestNamesItsChannelAndMonitor(t *testing.T) {
	text := guest.DomainXML(guest.Spec{Name: "db1", UUID: strings.ToUpper(uuid), Kernel: "/k", Initrd: "/i"})
	path := filepath.Join(t.TempDir(), "db1.xml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := hypervisor.ReadDefinition(path)
	if err != nil {
		t.Fatal(err)
	}
	want := hypervisor.Definition{
		Name: "db1", UUID: uuid, XML: text,
		Channel: hypervisor.GuestChannel, QMP: guest.QMPPath("db1"),
	}
	if got != want {
		t.Errorf("definition = %+v, want %+v", got, want)
	}
}

func TestBadDefinitionsAreRefusedWithTheReason(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"not XML":       {"<domain><name>a", "domain XML"},
		"no name":       {"<domain><uuid>" + uuid + "</uuid></domain>", "no <name>"},
		"no UUID":       {"<domain><name>a</name></domain>", "uuidgen"},
		"not a domain":  {"<network><name>a</name></network>", "expected element type <domain>"},
		"UUID is short": {"<domain><name>a</name><uuid>123</uuid></domain>", "<uuid>123</uuid>"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := hypervisor.ParseDefinition(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestMissingDefinitionFileSaysWhatToDo(t *testing.T) {
	_, err := hypervisor.ReadDefinition("/does/not/exist.xml")
	if err == nil || !strings.Contains(err.Error(), "copy the file to every host") {
		t.Errorf("error = %v", err)
	}
}

func TestMemoryIsReadInItsUnit(t *testing.T) {
	for text, want := range map[string]uint64{
		"<memory>1024</memory>":             1 << 20,
		"<memory unit='MiB'>128</memory>":   128 << 20,
		"<memory unit='GB'>2</memory>":      2e9,
		"<memory unit='bytes'>5</memory>":   5,
		"<memory unit='furlong'>5</memory>": 0,
	} {
		d, err := hypervisor.ParseDomain("<domain>" + text + "</domain>")
		if err != nil || d.MemoryBytes() != want {
			t.Errorf("%s = %d (%v), want %d", text, d.MemoryBytes(), err, want)
		}
	}
}
