package ocf

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// featureSet is the CRM feature set told to agents: that of Pacemaker 2.1.5,
// whose environment this is. Agents compare it to know what notify variables
// to expect.
const featureSet = "3.16.2"

// searchPath is PATH for agents, as OCF asks for the administrator's commands.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (c *Class) tempDir() string {
	if c.TempDir == "" {
		return "/run/resource-agents"
	}
	return c.TempDir
}

// environment is everything a script is told. Parameters' values are passed as
// they are; a name that cannot be a variable's is an error.
func (c *Class) environment(a *agent, op cib.Operation) ([]string, error) {
	facility := c.LogFacility
	if facility == "" {
		facility = "daemon"
	}
	env := []string{
		"PATH=" + searchPath, "HOME=/root", "SHELL=/bin/sh",
		"OCF_ROOT=" + c.root(),
		"OCF_RA_VERSION_MAJOR=1", "OCF_RA_VERSION_MINOR=1",
		"OCF_RESOURCE_INSTANCE=" + op.Resource,
		"OCF_RESOURCE_CLASS=ocf", "OCF_RESOURCE_PROVIDER=" + a.provider, "OCF_RESOURCE_TYPE=" + a.typ,
		"OCF_EXIT_REASON_PREFIX=" + reasonPrefix,
		"__OCF_ACTION=" + op.Name,
		"HA_RSCTMP=" + c.tempDir(),
		"HA_LOGFACILITY=" + facility, "HA_logfacility=" + facility, "PCMK_logfacility=" + facility,
		"HA_LOGD=no", "HA_use_logd=no", "HA_debug=0", "HA_cluster_type=corosync",
		"PCMK_service=pacemaker-execd", "PCMK_debug=0",
		"OCF_RESKEY_crm_feature_set=" + featureSet,
	}
	for _, keep := range []string{"LANG", "TZ"} {
		if v, ok := os.LookupEnv(keep); ok {
			env = append(env, keep+"="+v)
		}
	}
	add := func(prefix, name, value string) error {
		if name == "" || strings.ContainsAny(name, "=\x00\n") || strings.Contains(value, "\x00") {
			return fmt.Errorf("parameter %q cannot be given to a program: its name must be a word, its value free of NUL", name)
		}
		env = append(env, prefix+name+"="+value)
		return nil
	}
	for _, p := range op.Params {
		if err := add("OCF_RESKEY_", p.Name, p.Value); err != nil {
			return nil, err
		}
	}
	for _, m := range c.meta(op) {
		if err := add("OCF_RESKEY_CRM_meta_", strings.ReplaceAll(m.Name, "-", "_"), m.Value); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// meta is the operation's own description, over which its Meta has precedence.
func (c *Class) meta(op cib.Operation) []cib.NV {
	meta := []cib.NV{
		{Name: "name", Value: op.Name},
		{Name: "interval", Value: strconv.FormatInt(op.Interval.Milliseconds(), 10)},
		{Name: "timeout", Value: strconv.FormatInt(op.Timeout.Milliseconds(), 10)},
	}
	if c.Node != "" {
		meta = append(meta, cib.NV{Name: "on_node", Value: c.Node}, cib.NV{Name: "on_node_uuid", Value: c.Node})
	}
	// The last of two settings of a variable is the one a program sees.
	return append(meta, op.Meta...)
}
