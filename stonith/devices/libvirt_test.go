package devices

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
	"kvmha/internal/hypervisor/hypervisortest"
	"kvmha/internal/lab/guest"
	"kvmha/stonith"
)

func TestLibvirtDeviceFencesADomainOfThisHost(t *testing.T) {
	driver := &hypervisortest.Driver{}
	dir := t.TempDir()
	text := guest.DomainXML(guest.Spec{Name: "node1", UUID: "6f1b0c4e-0000-4000-8000-000000000001", Kernel: "/k", Initrd: "/i"})
	if err := os.WriteFile(filepath.Join(dir, "node1.xml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	def, err := hypervisor.ParseDefinition(text)
	if err != nil {
		t.Fatal(err)
	}
	device, err := OpenLibvirt(driver)("vm-fence", []cib.NV{
		{Name: "config", Value: dir + "/%n.xml"}, {Name: "pcmk_host_list", Value: "node1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	driver.SetQuietly(def, hypervisor.Running)
	for _, step := range []struct {
		action stonith.Action
		power  stonith.PowerState
	}{
		{stonith.Status, stonith.PowerOn}, {stonith.Off, stonith.PowerOff}, {stonith.Status, stonith.PowerOff},
		{stonith.On, stonith.PowerOn}, {stonith.On, stonith.PowerOn}, {stonith.Reboot, stonith.PowerOn}, {stonith.Status, stonith.PowerOn},
	} {
		if answer, err := device.Do(t.Context(), step.action, "node1"); err != nil || answer.Power != step.power {
			t.Errorf("%s = %+v, %v; want power %d", step.action, answer, err, step.power)
		}
	}
	if got, want := strings.Join(driver.Calls(), " "), "Destroy Start Destroy Start"; got != want {
		t.Errorf("the driver did %q, want %q", got, want)
	}
	driver.Fail("Destroy", errors.New("a process is left"))
	if _, err := device.Do(t.Context(), stonith.Off, "node1"); err == nil || !strings.Contains(err.Error(), "vm-fence") {
		t.Errorf("a destroy that proves nothing is %v", err)
	}
	for _, target := range []string{"", "../node1", "node2"} {
		if _, err := device.Do(t.Context(), stonith.Off, target); err == nil {
			t.Errorf("target %q is fenced", target)
		}
	}
}

// A host may well have another domain with the node's name: fencing that one
// would report a node as down that runs.
func TestLibvirtDeviceFencesTheDomainOfTheHostMap(t *testing.T) {
	driver := &hypervisortest.Driver{}
	dir := t.TempDir()
	defs := map[string]hypervisor.Definition{}
	for i, name := range []string{"node1", "vm-of-node1"} {
		text := guest.DomainXML(guest.Spec{Name: name, UUID: fmt.Sprintf("6f1b0c4e-0000-4000-8000-00000000000%d", i), Kernel: "/k", Initrd: "/i"})
		if err := os.WriteFile(filepath.Join(dir, name+".xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		def, err := hypervisor.ParseDefinition(text)
		if err != nil {
			t.Fatal(err)
		}
		driver.SetQuietly(def, hypervisor.Running)
		defs[name] = def
	}
	device, err := OpenLibvirt(driver)("vm-fence", []cib.NV{
		{Name: "config", Value: dir + "/%n.xml"}, {Name: "pcmk_host_map", Value: "node1:vm-of-node1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := device.Do(t.Context(), stonith.Off, "node1"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]hypervisor.State{"node1": hypervisor.Running, "vm-of-node1": hypervisor.Stopped} {
		if state, err := driver.State(t.Context(), defs[name]); state != want {
			t.Errorf("domain %s is %v (%v), want %v", name, state, err, want)
		}
	}
}

func TestLibvirtDeviceRefusesParametersItDoesNotKnow(t *testing.T) {
	_, err := OpenLibvirt(&hypervisortest.Driver{})("d", []cib.NV{{Name: "hypervisor_uri", Value: "x"}, {Name: "config", Value: "rel.xml"}})
	if err == nil || !strings.Contains(err.Error(), "hypervisor_uri") || !strings.Contains(err.Error(), "rel.xml") {
		t.Errorf("error = %v", err)
	}
}
