package libvirt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kvmha/internal/hypervisor"
)

// CheckTarget implements hypervisor.Driver. It names everything that is missing
// at once.
func (d *Driver) CheckTarget(ctx context.Context, def hypervisor.Definition) error {
	domain, err := hypervisor.ParseDomain(def.XML)
	if err != nil {
		return fmt.Errorf("domain %s: %w", def.Name, err)
	}
	problems := append(missingFiles(domain), missingBridges(domain)...)
	problems = append(problems, enoughMemory(domain))
	if err := d.call(ctx, d.opts.CallTimeout, func(conn daemon) error {
		_, err := conn.active()
		return err
	}); err != nil {
		problems = append(problems, err)
	}
	state, err := d.State(ctx, def)
	switch state {
	case hypervisor.Unknown:
		problems = append(problems, err)
	case hypervisor.Running, hypervisor.Paused:
		problems = append(problems, fmt.Errorf("a QEMU with its UUID %s is already %s here", def.UUID, state))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("domain %s cannot run on this host: %w", def.Name, err)
	}
	return nil
}

// missingFiles checks what QEMU would have to open.
func missingFiles(domain *hypervisor.Domain) []error {
	type file struct{ what, path string }
	files := []file{
		{"emulator", domain.Emulator}, {"kernel", domain.Kernel}, {"initrd", domain.Initrd},
		{"loader", strings.TrimSpace(domain.Loader)},
	}
	for _, disk := range domain.Disks {
		if disk.Source.StartupPolicy == "" {
			files = append(files, file{"disk " + disk.Target.Dev, disk.Source.File + disk.Source.Dev})
		}
	}
	var problems []error
	for _, f := range files {
		if f.path == "" {
			continue
		}
		if _, err := os.Stat(f.path); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", f.what, err))
		}
	}
	return problems
}

func missingBridges(domain *hypervisor.Domain) []error {
	var problems []error
	for _, nic := range domain.NICs {
		for _, dev := range []string{nic.Source.Bridge, nic.Source.Dev} {
			if dev == "" {
				continue
			}
			if _, err := os.Stat(filepath.Join("/sys/class/net", dev)); err != nil {
				problems = append(problems, fmt.Errorf("network device %s does not exist: create it, or correct the <interface>", dev))
			}
		}
	}
	return problems
}

// enoughMemory compares with MemAvailable of proc_meminfo(5).
func enoughMemory(domain *hypervisor.Domain) error {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return fmt.Errorf("memory of the host: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 && kib<<10 < domain.MemoryBytes() {
			return fmt.Errorf("it needs %d MiB of memory and %d MiB are available", domain.MemoryBytes()>>20, kib>>10)
		}
	}
	return nil
}

// ChannelPath implements hypervisor.Driver. libvirtd knows the path; when it is
// down, the socket is looked for where libvirt puts it.
func (d *Driver) ChannelPath(ctx context.Context, def hypervisor.Definition) (string, error) {
	if def.Channel == "" {
		return "", fmt.Errorf("domain %s has no channel %s: add <channel type='unix'><target type='virtio' name='%s'/></channel>",
			def.Name, hypervisor.GuestChannel, hypervisor.GuestChannel)
	}
	var text string
	err := d.call(ctx, d.opts.CallTimeout, func(conn daemon) (err error) {
		text, err = conn.xml(def.UUID)
		return err
	})
	if errors.Is(err, hypervisor.ErrUnavailable) {
		return findChannel("/", def, err)
	}
	if err != nil {
		return "", fmt.Errorf("channel of domain %s: %w", def.Name, err)
	}
	domain, err := hypervisor.ParseDomain(text)
	if err != nil {
		return "", fmt.Errorf("channel of domain %s: %w", def.Name, err)
	}
	if port := domain.Channel(def.Channel); port != nil && port.Source.Path != "" {
		return port.Source.Path, nil
	}
	return "", fmt.Errorf("channel of domain %s: it does not run", def.Name)
}

// shortName is how much of a domain's name libvirt uses in folder names
// (virDomainDefGetShortName).
const shortName = 20

// findChannel looks in libvirt's folders below root, of which the newest counts:
// their names hold the domain's number, which grows with every start.
func findChannel(root string, def hypervisor.Definition, cause error) (string, error) {
	name := def.Name
	if len(name) > shortName {
		name = name[:shortName]
	}
	var newest os.FileInfo
	var path string
	for _, dir := range []string{"var/lib/libvirt/qemu/channel/target", "run/libvirt/qemu/channel"} {
		found, err := filepath.Glob(filepath.Join(root, dir, "*-"+name, def.Channel))
		if err != nil {
			return "", fmt.Errorf("channel of domain %s: %w", def.Name, err)
		}
		for _, candidate := range found {
			info, err := os.Stat(candidate)
			if err == nil && (newest == nil || info.ModTime().After(newest.ModTime())) {
				newest, path = info, candidate
			}
		}
	}
	if path == "" {
		return "", fmt.Errorf("channel of domain %s: no socket found: %w", def.Name, cause)
	}
	return path, nil
}
