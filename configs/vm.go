package configs

import (
	"strings"

	"kvmha/internal/cib"
)

// vmTable is a virtual machine that the cluster keeps running on one of its
// hosts. It stands for a resource of the agent VirtualDomain with all its
// operations.
type vmTable struct {
	table
	// Id of the VM as a resource; by custom the domain's name.
	ID string `toml:"id" required:"true" is:"id" id:"vm"`
	// Path of the domain's XML, the same on every host.
	Config string `toml:"config" required:"true" is:"path"`
	// The agent. "ocf:heartbeat:VirtualDomain" is the shell agent of
	// resource-agents.
	Agent string `toml:"agent" default:"ocf:kvmha:VirtualDomain" is:"agent"`
	// URI of the hypervisor.
	Hypervisor string `toml:"hypervisor" default:"qemu:///system"`
	// Move it live where it can be moved; otherwise it is stopped and started.
	Migrate bool `toml:"migrate" default:"true"`
	// How a live migration asks the other host's libvirtd: "tcp", "tls" or
	// "ssh". The agent ocf:kvmha:VirtualDomain takes tcp when it is not given.
	// Plain tcp is neither encrypted nor authenticated: use tls unless nobody
	// else is on that network. With tls that agent has the guest's memory
	// encrypted, too, which follows on a connection of QEMU's own; with ssh only
	// the question is. tls needs libvirt's certificates on every host
	// (/etc/pki/CA, /etc/pki/libvirt), QEMU's (/etc/pki/qemu, or where qemu.conf
	// says) and listen_tls in libvirtd.conf.
	MigrationTransport string `toml:"migration-transport"`
	// The host it prefers.
	Home string `toml:"home" ref:"node"`
	// How much it prefers that host.
	HomeScore cib.Score `toml:"home-score" default:"200"`
	// What the guest inside may ask of the cluster of hosts. Nothing, unless it
	// is written here.
	Guest guestTable `toml:"guest"`
	// Limit for a start.
	StartTimeout string `toml:"start-timeout" default:"90s" is:"duration"`
	// Limit for a stop. The guest is asked to shut down, and killed in time.
	StopTimeout string `toml:"stop-timeout" default:"90s" is:"duration"`
	// Interval of the monitor. Crashes are seen at once whatever it is.
	MonitorInterval string `toml:"monitor-interval" default:"10s" is:"duration"`
	// Limit for one monitor.
	MonitorTimeout string `toml:"monitor-timeout" default:"30s" is:"duration"`
	// Limit for the sending side of a live migration.
	MigrateToTimeout string `toml:"migrate-to-timeout" default:"300s" is:"duration"`
	// Limit for the receiving side of a live migration.
	MigrateFromTimeout string `toml:"migrate-from-timeout" default:"240s" is:"duration"`
	// More parameters of the agent.
	Params map[string]string `toml:"params" is:"value"`
	// What the cluster itself obeys.
	Meta metaTable `toml:"meta"`
	// What the VM takes from its host, such as memory = 1024.
	Utilization map[string]int `toml:"utilization" min:"0"`
}

// guestTable lists the rights of the guest inside a VM.
type guestTable struct {
	table
	// The VMs that it may fence, as a cluster inside VMs must be able to.
	Fence []string `toml:"fence" ref:"vm"`
	// It may read its host's status and attributes.
	Status bool `toml:"status" default:"false"`
}

// own are the agent's parameters that have keys of their own.
func (t *vmTable) own() map[string]string {
	return map[string]string{"config": t.Config, "hypervisor": t.Hypervisor, "migration_transport": t.MigrationTransport}
}

func (t *vmTable) check(p *problems) {
	for name := range t.own() {
		if _, twice := t.Params[name]; twice {
			p.add(join(t.key("params"), name), "has a key of its own in [[vm]]: write %s there", strings.ReplaceAll(name, "_", "-"))
		}
	}
	if _, given := p.where[t.key("home-score")]; given && t.Home == "" && !p.wrong(t.key("home")) {
		p.add(t.key("home-score"), "means nothing without home")
	}
}

// migratesInClear tells whether a live migration of the VM would ask the other
// host over plain tcp.
func (t *vmTable) migratesInClear() bool {
	if !t.Migrate {
		return false
	}
	for _, name := range []string{"migration_uri_template", "migrateuri"} {
		if uri := t.Params[name]; uri != "" {
			return strings.Contains(uri, "+tcp:")
		}
	}
	return t.MigrationTransport == "tcp" || t.MigrationTransport == "" && t.Agent == "ocf:kvmha:VirtualDomain"
}

func (t *vmTable) build() *cib.Resource {
	params := map[string]string{}
	for k, v := range t.Params {
		params[k] = v
	}
	for k, v := range t.own() {
		if v != "" {
			params[k] = v
		}
	}
	more := []cib.NV{{Name: "allow-migrate", Value: boolText(t.Migrate)}}
	if len(t.Guest.Fence) > 0 {
		more = append(more, cib.NV{Name: cib.MetaGuestFence, Value: strings.Join(t.Guest.Fence, " ")})
	}
	if t.Guest.Status {
		more = append(more, cib.NV{Name: cib.MetaGuestStatus, Value: "true"})
	}
	r := &cib.Resource{
		ID: t.ID, Kind: cib.Primitive,
		Params:      freeSet(t.ID+"-instance_attributes", params),
		Meta:        t.Meta.build(t.ID, more...),
		Utilization: utilizationSet(t.ID, t.Utilization),
		Ops: buildOperations(t.ID, []operationTable{
			{Name: "start", Timeout: t.StartTimeout},
			{Name: "stop", Timeout: t.StopTimeout},
			{Name: "monitor", Interval: t.MonitorInterval, Timeout: t.MonitorTimeout},
			{Name: "migrate_to", Timeout: t.MigrateToTimeout},
			{Name: "migrate_from", Timeout: t.MigrateFromTimeout},
		}),
	}
	r.Class, r.Provider, r.Type = splitAgent(t.Agent)
	return r
}

// home returns the location constraint that the key home stands for.
func (t *vmTable) home() []cib.Location {
	if t.Home == "" {
		return nil
	}
	return []cib.Location{{ID: "home-" + t.ID, Resource: t.ID, Node: t.Home, Score: t.HomeScore}}
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
