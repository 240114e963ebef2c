package virtualdomain

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/hypervisor"
)

// Margins kept at the end of an operation's timeout for what must follow: the
// destroy after a shutdown that did not work, the report after a wait.
const (
	leastMargin = 2 * time.Second
	mostMargin  = 15 * time.Second
)

// Metadata implements agents.Describer.
func (a *Agent) Metadata() *agents.Metadata { return metadata() }

func metadata() *agents.Metadata {
	return &agents.Metadata{
		Name: "VirtualDomain", Version: "1.1", ShortDesc: "a virtual machine of libvirt",
		Parameters: []agents.Parameter{
			{Name: "config", Unique: true, Required: true, Type: "string", ShortDesc: "the domain XML file, the same path on every host"},
			{Name: "hypervisor", Type: "string", Default: "qemu:///system", ShortDesc: "libvirt's URI; only the default is served"},
			{Name: "migration_transport", Reloadable: true, Type: "string", Default: "tcp", ShortDesc: "transport to the target's libvirtd: tcp, tls or ssh"},
			{Name: "migration_user", Reloadable: true, Type: "string", ShortDesc: "user on the target, for ssh"},
			{Name: "migration_network_suffix", Reloadable: true, Type: "string", ShortDesc: "appended to the target's name, for a network of its own"},
			{Name: "migration_uri_template", Reloadable: true, Type: "string", ShortDesc: "the target's libvirt URI, %n stands for its name; overrides the three above"},
			{Name: "migrateuri", Reloadable: true, Type: "string", ShortDesc: "the same as migration_uri_template"},
			{Name: "migration_auto_converge", Reloadable: true, Type: "boolean", Default: "true", ShortDesc: "slow a guest down that changes its memory faster than the network carries it, so that its migration ends"},
			{Name: "force_stop", Reloadable: true, Type: "boolean", Default: "false", ShortDesc: "destroy, never ask the guest to shut down"},
			{Name: "shutdown_timeout", Reloadable: true, Type: "time", ShortDesc: "how long a guest may take to shut down; default: the stop timeout less a margin"},
			{Name: "autoset_utilization_cpu", Reloadable: true, Type: "boolean", ShortDesc: "accepted, without effect"},
			{Name: "autoset_utilization_hv_memory", Reloadable: true, Type: "boolean", ShortDesc: "accepted, without effect"},
			{Name: "autoset_utilization_host_memory", Reloadable: true, Type: "boolean", ShortDesc: "accepted, without effect"},
			{Name: "migrateport", Reloadable: true, Type: "integer", ShortDesc: "accepted, without effect: libvirt chooses"},
			{Name: "save_config_on_stop", Reloadable: true, Type: "boolean", ShortDesc: "accepted, without effect"},
			{Name: "sync_config_on_stop", Reloadable: true, Type: "boolean", ShortDesc: "accepted, without effect"},
			{Name: "start_resources", Reloadable: true, Type: "boolean", ShortDesc: "accepted, without effect"},
		},
		Actions: []agents.Action{
			{Name: "start", Timeout: "90s"}, {Name: "stop", Timeout: "90s"},
			{Name: "monitor", Timeout: "30s", Interval: "10s"},
			{Name: "migrate_to", Timeout: "300s"}, {Name: "migrate_from", Timeout: "240s"},
			{Name: "reload-agent", Timeout: "20s"}, {Name: "validate-all", Timeout: "20s"},
		},
	}
}

// params are the parsed parameters of one operation.
type params struct {
	config      string
	uriTemplate string
	// converge: see hypervisor.Migration.
	converge  bool
	forceStop bool
	// shutdown limits a graceful stop, 0 = from the operation's timeout.
	shutdown time.Duration
}

// parseParams reports everything that is wrong at once.
func parseParams(op cib.Operation) (params, error) {
	problems := []error{metadata().CheckParams(op.Params)}
	p := params{config: op.Param("config"), uriTemplate: op.Param("migration_uri_template")}
	if p.config != "" && !strings.HasPrefix(p.config, "/") {
		problems = append(problems, fmt.Errorf("config=%q is no absolute path", p.config))
	}
	if h := op.Param("hypervisor"); h != "" && h != "qemu:///system" {
		problems = append(problems, fmt.Errorf("hypervisor=%q is not served: only qemu:///system is; use ocf:heartbeat:VirtualDomain for others", h))
	}
	if uri := op.Param("migrateuri"); uri != "" && p.uriTemplate == "" {
		p.uriTemplate = uri
		if !strings.HasPrefix(uri, "qemu") {
			problems = append(problems, fmt.Errorf("migrateuri=%q is no URI of a libvirtd, such as qemu+tcp://%%n/system", uri))
		}
	}
	if p.uriTemplate == "" {
		p.uriTemplate = defaultURI(op)
	}
	var wrong [2]error
	p.forceStop, wrong[0] = boolean(op, "force_stop", false)
	p.converge, wrong[1] = boolean(op, "migration_auto_converge", true)
	problems = append(problems, wrong[:]...)
	if text := op.Param("shutdown_timeout"); text != "" {
		limit, err := cib.ParseDuration(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("shutdown_timeout: %w", err))
		}
		p.shutdown = limit
	}
	return p, errors.Join(problems...)
}

func boolean(op cib.Operation, name string, otherwise bool) (bool, error) {
	text := op.Param(name)
	if text == "" {
		return otherwise, nil
	}
	on, err := cib.ParseBool(text)
	if err != nil {
		return otherwise, fmt.Errorf("%s: %w", name, err)
	}
	return on, nil
}

func defaultURI(op cib.Operation) string {
	transport, user := op.Param("migration_transport"), op.Param("migration_user")
	if transport == "" {
		transport = "tcp"
	}
	if user != "" {
		user += "@"
	}
	return "qemu+" + transport + "://" + user + "%n" + op.Param("migration_network_suffix") + "/system"
}

// migration is the way to a node. Who asks the libvirtd there over TLS wants the
// memory encrypted, too; without a transport libvirt's own is TLS ("libvirt,
// Connection URIs").
func (p params) migration(node string) hypervisor.Migration {
	scheme, _, _ := strings.Cut(p.uriTemplate, "://")
	return hypervisor.Migration{
		URI:     strings.ReplaceAll(p.uriTemplate, "%n", node),
		Encrypt: scheme == "qemu" || strings.HasSuffix(scheme, "+tls"), AutoConverge: p.converge,
	}
}

// shutdownLimit is how long a stop with this timeout waits for the guest.
func (p params) shutdownLimit(timeout time.Duration) time.Duration {
	limit := beforeTimeout(timeout)
	if p.shutdown > 0 {
		limit = min(limit, p.shutdown)
	}
	return limit
}

// beforeTimeout is the part of an operation's timeout that may be waited for
// something else: all but a fifth, within the margins.
func beforeTimeout(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	margin := min(max(timeout/5, leastMargin), mostMargin, timeout/2)
	return timeout - margin
}
