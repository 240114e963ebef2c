package policy

import (
	"fmt"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// What Pacemaker gives every container that it connects to.
const (
	remotePort    = "3121"
	remoteKey     = "/etc/pacemaker/authkey"
	remoteCommand = "/usr/sbin/pacemaker-remoted"
	bundleLogs    = "/var/log/pacemaker/bundles"
	logFolder     = "/var/log"
)

// bundleSpec is the configuration of a bundle, read.
type bundleSpec struct {
	id, engine            string
	image, network        string
	options, command      string
	hasOptions            bool
	replicas, perNode     int
	promotedMax           int
	firstAddress, netmask string
	netInterface          string
	controlPort           string
	addHost               bool
	ports                 []portMapping
	mounts                []mount
	// hosts are the options that tell each container the others' addresses.
	hosts string
}

type portMapping struct{ source, target string }

// mount maps a folder of the host into the container; with perReplica each
// replica has its own below source.
type mount struct {
	source, target, options string
	perReplica              bool
}

func attributeOf(pairs []cib.NV, names ...string) (string, bool) {
	for _, name := range names {
		for _, nv := range pairs {
			if nv.Name == name {
				return nv.Value, true
			}
		}
	}
	return "", false
}

func (p *plan) readBundle(c *cib.Resource) *bundleSpec {
	b := c.Bundle
	text := func(pairs []cib.NV, name string) string {
		v, _ := attributeOf(pairs, name)
		return v
	}
	count := func(least int, names ...string) int {
		v, _ := attributeOf(b.Attrs, names...)
		return max(least, int(leadingInt(v)))
	}
	s := &bundleSpec{
		id: c.ID, engine: b.Engine, image: text(b.Attrs, "image"), network: text(b.Attrs, "network"),
		options: text(b.Attrs, "options"), command: text(b.Attrs, "run-command"),
		promotedMax: count(0, "promoted-max", "masters"), perNode: count(1, "replicas-per-host"),
		firstAddress: text(b.Network, "ip-range-start"), netmask: text(b.Network, "host-netmask"),
		netInterface: text(b.Network, "host-interface"), controlPort: text(b.Network, "control-port"),
		addHost: !isFalse(text(b.Network, "add-host")),
	}
	_, s.hasOptions = attributeOf(b.Attrs, "options")
	s.replicas = count(1, "replicas")
	if _, set := attributeOf(b.Attrs, "replicas"); !set {
		s.replicas = max(1, s.promotedMax)
	}
	for _, m := range b.Ports {
		p.readPort(s, m)
	}
	for _, m := range b.Storage {
		p.readMount(s, m)
	}
	return s
}

func (p *plan) readPort(s *bundleSpec, pairs []cib.NV) {
	source, isPort := attributeOf(pairs, "port")
	target := ""
	if isPort {
		target, _ = attributeOf(pairs, "internal-port")
	} else {
		source, _ = attributeOf(pairs, "range")
	}
	if source == "" {
		id, _ := attributeOf(pairs, "id")
		p.fault("Invalid port directive %s", id)
		return
	}
	s.ports = append(s.ports, portMapping{source, firstText(target, source)})
}

func (p *plan) readMount(s *bundleSpec, pairs []cib.NV) {
	m := mount{}
	source, whole := attributeOf(pairs, "source-dir")
	if !whole {
		source, _ = attributeOf(pairs, "source-dir-root")
	}
	m.source, m.perReplica = source, !whole
	m.target, _ = attributeOf(pairs, "target-dir")
	m.options, _ = attributeOf(pairs, "options")
	if m.source == "" || m.target == "" {
		id, _ := attributeOf(pairs, "id")
		p.fault("Invalid mount directive %s", id)
		return
	}
	s.mounts = append(s.mounts, m)
}

// addConnection adds what the cluster's own daemon in the container needs: its
// key, a place for its logs, and its port.
func (s *bundleSpec) addConnection() {
	logs := false
	for _, m := range s.mounts {
		logs = logs || m.target == logFolder
	}
	s.mounts = append(s.mounts, mount{source: remoteKey, target: remoteKey})
	if !logs {
		s.mounts = append(s.mounts, mount{source: bundleLogs, target: logFolder, perReplica: true})
	}
	port := firstText(s.controlPort, remotePort)
	s.ports = append(s.ports, portMapping{port, port})
}

// addHostEntry tells all containers the address of one.
func (s *bundleSpec) addHostEntry(c *replica) {
	name := s.replicaName(c)
	if s.engine != "rkt" && s.addHost {
		s.hosts += " --add-host=" + name + ":" + c.address
		return
	}
	s.hosts += " --hosts-entry=" + c.address + "=" + name
}

func (s *bundleSpec) replicaName(c *replica) string { return s.id + "-" + strconv.Itoa(c.number) }

// container is the configuration of a replica's container resource.
func (s *bundleSpec) container(c *replica) *cib.Resource {
	params := []cib.NV{
		{Name: "image", Value: s.image}, {Name: "allow_pull", Value: "true"},
		{Name: "force_kill", Value: "false"}, {Name: "reuse", Value: "false"},
		{Name: "run_opts", Value: s.runOptions(c)}, {Name: "mount_points", Value: s.ownFolders(c)},
	}
	command := s.command
	if command == "" && c.child != nil {
		command = remoteCommand
	}
	if command != "" {
		params = append(params, cib.NV{Name: "run_cmd", Value: command})
	}
	// Whether what is inside works is another monitor's business.
	params = append(params, cib.NV{Name: "monitor_cmd", Value: "/bin/true"})
	return s.implied(c, fmt.Sprintf("%s-%s-%d", s.id, s.engine, c.number), s.engine, params)
}

// address is the configuration of a replica's address resource.
func (s *bundleSpec) address(c *replica) *cib.Resource {
	params := []cib.NV{{Name: "ip", Value: c.address}, {Name: "cidr_netmask", Value: firstText(s.netmask, "32")}}
	if s.netInterface != "" {
		params = append(params, cib.NV{Name: "nic", Value: s.netInterface})
	}
	return s.implied(c, s.id+"-ip-"+c.address, "IPaddr2", params)
}

func (s *bundleSpec) implied(c *replica, id, agent string, params []cib.NV) *cib.Resource {
	id = strings.NewReplacer(":", ".", "#", ".").Replace(id)
	return &cib.Resource{
		ID: id, Kind: cib.Primitive, Class: "ocf", Provider: "heartbeat", Type: agent,
		Params: []cib.NVSet{{ID: fmt.Sprintf("%s-attributes-%d", s.id, c.number), Pairs: params}},
		Ops:    []cib.OpSpec{{ID: id + "-monitor-60s", Name: "monitor", Interval: "60s"}},
	}
}

// runOptions are the engine's options. They decide whether a running container
// is as configured, so every blank counts.
func (s *bundleSpec) runOptions(c *replica) string {
	var b strings.Builder
	add := func(words ...string) { b.WriteString(" " + strings.Join(words, "")) }
	host, env := "-h ", "-e "
	if s.engine == "rkt" {
		host, env = "--hostname=", "--environment="
	}
	if s.engine == "docker" {
		add("--restart=no")
	}
	if s.firstAddress != "" {
		add(host, s.replicaName(c))
	}
	add(env, "PCMK_stderr=1")
	if s.network != "" {
		add("--net=", s.network)
	}
	add(env, "PCMK_remote_port=", firstText(s.controlPort, remotePort))
	for i, m := range s.mounts {
		add(s.mountOption(m, i, c))
	}
	for _, m := range s.ports {
		if option := s.portOption(m, c); option != "" {
			add(option)
		}
	}
	if s.hasOptions {
		add(s.options)
	}
	add(s.hosts)
	return b.String()
}

func (m mount) from(s *bundleSpec, c *replica) string {
	if m.perReplica {
		return m.source + "/" + s.replicaName(c)
	}
	return m.source
}

func (s *bundleSpec) mountOption(m mount, number int, c *replica) string {
	if s.engine == "rkt" {
		volume := "vol" + strconv.Itoa(number)
		comma := ""
		if m.options != "" {
			comma = ","
		}
		return "--volume " + volume + ",kind=host,source=" + m.from(s, c) + comma + m.options +
			" --mount volume=" + volume + ",target=" + m.target
	}
	option := "-v " + m.from(s, c) + ":" + m.target
	if m.options != "" {
		option += ":" + m.options
	}
	return option
}

// portOption publishes a port; a container in the host's own network needs none.
func (s *bundleSpec) portOption(m portMapping, c *replica) string {
	switch {
	case s.engine == "rkt" && c.address != "":
		return "--port=" + m.target + ":" + c.address + ":" + m.source
	case s.engine == "rkt":
		return "--port=" + m.target + ":" + m.source
	case c.address != "":
		return "-p " + c.address + ":" + m.source + ":" + m.target
	case s.network != "host":
		return "-p " + m.source + ":" + m.target
	}
	return ""
}

// ownFolders lists the folders that must exist for this replica alone.
func (s *bundleSpec) ownFolders(c *replica) string {
	var list []string
	for _, m := range s.mounts {
		if m.perReplica {
			list = append(list, m.from(s, c))
		}
	}
	return strings.Join(list, ",")
}

// nextAddress is the IPv4 address after one, "" if there is none in its range.
func nextAddress(last string) string {
	var a, b, c, d uint
	if n, err := fmt.Sscanf(last, "%d.%d.%d.%d", &a, &b, &c, &d); n != 4 || err != nil || c > 253 {
		return ""
	}
	if d++; d > 254 {
		c, d = c+1, 1
	}
	return fmt.Sprintf("%d.%d.%d.%d", a, b, c, d)
}
