package guest

import (
	"encoding/xml"
	"strings"
	"text/template"
)

// ChannelName is the virtio-serial port between a guest's daemon and its host.
const ChannelName = "org.kvmha.guest.0"

// Spec is what differs between two guests. Name, UUID, Kernel and Initrd must
// be set.
type Spec struct {
	Name string
	UUID string
	// Kernel and Initrd are paths on the host, the same on every host that the
	// guest can run on.
	Kernel string
	Initrd string
	// MemoryMiB is the guest's memory, 0 = 128.
	MemoryMiB int
	// QMP and Console are the unix sockets for an extra QMP monitor and the
	// serial console, "" = QMPPath(Name) and ConsolePath(Name).
	QMP     string
	Console string
	// Witness is the unix socket of a QMP monitor more, for an observer that
	// must not take the one of the host's daemon; "" = none.
	Witness string
	// Channel is the name of the virtio-serial port, "" = ChannelName.
	Channel string
}

// QMPPath is where QEMU listens for the extra QMP monitor of a guest. The folder
// is libvirt's own, so that it exists on each host that a guest migrates to.
func QMPPath(name string) string { return "/run/libvirt/qemu/kvmha-" + name + ".qmp" }

// ConsolePath is the unix socket of a guest's serial console on its host.
func ConsolePath(name string) string { return "/run/libvirt/qemu/kvmha-" + name + ".console" }

var domainTemplate = template.Must(template.New("domain").Funcs(template.FuncMap{"x": escape}).Parse(
	`<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{{x .Name}}</name>
  <uuid>{{x .UUID}}</uuid>
  <memory unit='MiB'>{{.MemoryMiB}}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{{x .Kernel}}</kernel>
    <initrd>{{x .Initrd}}</initrd>
    <cmdline>console=ttyS0 quiet loglevel=0 panic=0 tsc=unstable kvmha.name={{x .Name}}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <serial type='unix'>
      <source mode='bind' path='{{x .Console}}'/>
      <target port='0'/>
    </serial>
    <channel type='unix'>
      <target type='virtio' name='{{x .Channel}}'/>
    </channel>
    <memballoon model='none'/>
    <panic model='isa'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-qmp'/>
    <qemu:arg value='unix:{{x .QMP}},server=on,wait=off'/>
{{- if .Witness}}
    <qemu:arg value='-qmp'/>
    <qemu:arg value='unix:{{x .Witness}},server=on,wait=off'/>
{{- end}}
  </qemu:commandline>
</domain>
`))

// DomainXML returns the libvirt domain of a guest: q35, no display, no disk, one
// virtio channel, an extra QMP socket, emulated CPU.
func DomainXML(spec Spec) string {
	if spec.MemoryMiB == 0 {
		spec.MemoryMiB = 128
	}
	if spec.QMP == "" {
		spec.QMP = QMPPath(spec.Name)
	}
	if spec.Console == "" {
		spec.Console = ConsolePath(spec.Name)
	}
	if spec.Channel == "" {
		spec.Channel = ChannelName
	}
	var b strings.Builder
	if err := domainTemplate.Execute(&b, spec); err != nil {
		panic("guest: the domain template does not fit Spec: " + err.Error())
	}
	return b.String()
}

func escape(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}
