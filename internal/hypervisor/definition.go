package hypervisor

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"strings"
)

// GuestChannel is the name of the virtio-serial port that a guest's daemon and
// its host talk over.
const GuestChannel = "org.kvmha.guest.0"

// Domain is the part of a libvirt domain's XML that kvmha reads ("libvirt:
// Domain XML format").
type Domain struct {
	XMLName  xml.Name  `xml:"domain"`
	Type     string    `xml:"type,attr"`
	Name     string    `xml:"name"`
	UUID     string    `xml:"uuid"`
	Memory   Memory    `xml:"memory"`
	Kernel   string    `xml:"os>kernel"`
	Initrd   string    `xml:"os>initrd"`
	Loader   string    `xml:"os>loader"`
	Emulator string    `xml:"devices>emulator"`
	Disks    []Disk    `xml:"devices>disk"`
	NICs     []NIC     `xml:"devices>interface"`
	Ports    []Port    `xml:"devices>channel"`
	Args     []QEMUArg `xml:"http://libvirt.org/schemas/domain/qemu/1.0 commandline>arg"`
}

// Memory is an amount with its unit ("KiB" when there is none).
type Memory struct {
	Unit  string `xml:"unit,attr"`
	Value uint64 `xml:",chardata"`
}

// Disk is one disk; File or Dev is its place on the host.
type Disk struct {
	Device string `xml:"device,attr"`
	Source struct {
		File          string `xml:"file,attr"`
		Dev           string `xml:"dev,attr"`
		StartupPolicy string `xml:"startupPolicy,attr"`
	} `xml:"source"`
	Target struct {
		Dev string `xml:"dev,attr"`
	} `xml:"target"`
}

// NIC is one network interface.
type NIC struct {
	Source struct {
		Bridge string `xml:"bridge,attr"`
		Dev    string `xml:"dev,attr"`
	} `xml:"source"`
}

// Port is one channel; Source.Path is known while the domain runs.
type Port struct {
	Source struct {
		Path string `xml:"path,attr"`
	} `xml:"source"`
	Target struct {
		Type string `xml:"type,attr"`
		Name string `xml:"name,attr"`
	} `xml:"target"`
	// Alias is QEMU's name of the device, known while the domain runs.
	Alias struct {
		Name string `xml:"name,attr"`
	} `xml:"alias"`
}

// QEMUArg is one argument passed through to QEMU.
type QEMUArg struct {
	Value string `xml:"value,attr"`
}

// ParseDomain reads a domain's XML.
func ParseDomain(text string) (*Domain, error) {
	d := new(Domain)
	if err := xml.Unmarshal([]byte(text), d); err != nil {
		return nil, fmt.Errorf("domain XML: %w", err)
	}
	return d, nil
}

// Channel returns the virtio-serial channel with this name, or nil.
func (d *Domain) Channel(name string) *Port {
	for i, p := range d.Ports {
		if p.Target.Type == "virtio" && p.Target.Name == name {
			return &d.Ports[i]
		}
	}
	return nil
}

// MemoryBytes is the domain's memory.
func (d *Domain) MemoryBytes() uint64 {
	units := map[string]uint64{
		"b": 1, "bytes": 1, "KB": 1e3, "": 1 << 10, "k": 1 << 10, "KiB": 1 << 10, "MB": 1e6, "M": 1 << 20, "MiB": 1 << 20,
		"GB": 1e9, "G": 1 << 30, "GiB": 1 << 30, "TB": 1e12, "T": 1 << 40, "TiB": 1 << 40,
	}
	return d.Memory.Value * units[d.Memory.Unit]
}

// qmpSocket finds the path of "-qmp unix:PATH,server=on…" among the arguments.
func (d *Domain) qmpSocket() string {
	for i := 1; i < len(d.Args); i++ {
		if d.Args[i-1].Value != "-qmp" {
			continue
		}
		if rest, ok := strings.CutPrefix(d.Args[i].Value, "unix:"); ok {
			path, _, _ := strings.Cut(rest, ",")
			return path
		}
	}
	return ""
}

// ParseDefinition makes a Definition from a domain's XML. A name and a UUID are
// required: without the UUID nobody could prove that the domain is down.
func ParseDefinition(text string) (Definition, error) {
	d, err := ParseDomain(text)
	if err != nil {
		return Definition{}, err
	}
	var problems []error
	if d.Name == "" {
		problems = append(problems, errors.New("domain XML has no <name>"))
	}
	if len(d.UUID) != 36 {
		problems = append(problems, fmt.Errorf("domain XML has <uuid>%s</uuid>: write a full UUID (uuidgen makes one), the same on every host", d.UUID))
	}
	def := Definition{Name: d.Name, UUID: strings.ToLower(d.UUID), XML: text, QMP: d.qmpSocket()}
	if d.Channel(GuestChannel) != nil {
		def.Channel = GuestChannel
	}
	return def, errors.Join(problems...)
}

// ReadDefinition reads the domain XML in a file of this host.
func ReadDefinition(path string) (Definition, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Definition{}, fmt.Errorf("domain definition: %w; copy the file to every host that may run the VM", err)
	}
	def, err := ParseDefinition(string(text))
	if err != nil {
		return Definition{}, fmt.Errorf("domain definition %s: %w", path, err)
	}
	return def, nil
}
