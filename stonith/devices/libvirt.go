package devices

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
	"kvmha/stonith"
)

// defaultDomainFile is where libvirt keeps the XML of a defined domain.
const defaultDomainFile = "/etc/libvirt/qemu/%n.xml"

// libvirtDevice fences nodes that are virtual machines of this host. Off is
// proven by every witness that the hypervisor driver has, and needs no libvirtd.
type libvirtDevice struct {
	id     string
	driver hypervisor.Driver
	// file is the path of the target's domain XML, %n stands for the domain's
	// name.
	file string
	// settings hold what a node is called as a domain (pcmk_host_map).
	settings stonith.Settings
}

// OpenLibvirt makes the device type "libvirt" over the host's driver.
// Parameter: config, the domain XML of a target with %n for the domain's name
// (default /etc/libvirt/qemu/%n.xml). The domain is called as the node is,
// unless pcmk_host_map says otherwise.
func OpenLibvirt(driver hypervisor.Driver) stonith.Opener {
	return func(id string, params []cib.NV) (stonith.Device, error) {
		settings, own, err := stonith.SplitParams(params)
		d := &libvirtDevice{id: id, driver: driver, file: defaultDomainFile, settings: settings}
		problems := []error{err}
		for _, p := range own {
			if p.Name != "config" {
				problems = append(problems, fmt.Errorf("parameter %q is unknown; known is config", p.Name))
				continue
			}
			d.file = p.Value
		}
		if !strings.HasPrefix(d.file, "/") {
			problems = append(problems, fmt.Errorf("config=%q is no absolute path", d.file))
		}
		if err := errors.Join(problems...); err != nil {
			return nil, err
		}
		return d, nil
	}
}

// Do implements stonith.Device.
func (d *libvirtDevice) Do(ctx context.Context, action stonith.Action, target string) (stonith.Answer, error) {
	answer, err := d.do(ctx, action, target)
	if err != nil {
		return answer, fmt.Errorf("device %s (libvirt): %s %s: %w", d.id, action, target, err)
	}
	return answer, nil
}

func (d *libvirtDevice) do(ctx context.Context, action stonith.Action, target string) (stonith.Answer, error) {
	switch action {
	case stonith.Monitor, stonith.List, stonith.Metadata:
		return stonith.Answer{}, nil
	}
	domain := d.settings.Plug(target)
	if domain == "" || strings.ContainsAny(domain, "/\x00\n") {
		return stonith.Answer{}, fmt.Errorf("%q is no domain's name: give the node's domain as pcmk_host_map=NODE:DOMAIN", domain)
	}
	def, err := hypervisor.ReadDefinition(strings.ReplaceAll(d.file, "%n", domain))
	if err != nil {
		return stonith.Answer{}, err
	}
	switch action {
	case stonith.Status:
		return d.status(ctx, def)
	case stonith.Off:
		return stonith.Answer{Power: stonith.PowerOff}, d.driver.Destroy(ctx, def)
	case stonith.On:
		return d.on(ctx, def)
	case stonith.Reboot:
		if err := d.driver.Destroy(ctx, def); err != nil {
			return stonith.Answer{}, err
		}
		return d.on(ctx, def)
	}
	return stonith.Answer{}, errors.New("the device has no such action")
}

// on starts the domain unless it runs already.
func (d *libvirtDevice) on(ctx context.Context, def hypervisor.Definition) (stonith.Answer, error) {
	state, err := d.driver.State(ctx, def)
	switch state {
	case hypervisor.Unknown:
		return stonith.Answer{}, err
	case hypervisor.Stopped:
		if err := d.driver.Start(ctx, def); err != nil {
			return stonith.Answer{}, err
		}
	}
	return stonith.Answer{Power: stonith.PowerOn}, nil
}

func (d *libvirtDevice) status(ctx context.Context, def hypervisor.Definition) (stonith.Answer, error) {
	state, err := d.driver.State(ctx, def)
	switch state {
	case hypervisor.Stopped:
		return stonith.Answer{Power: stonith.PowerOff}, nil
	case hypervisor.Running, hypervisor.Paused:
		return stonith.Answer{Power: stonith.PowerOn}, nil
	}
	return stonith.Answer{Power: stonith.PowerUnknown}, err
}
