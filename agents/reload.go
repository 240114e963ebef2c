package agents

import (
	"slices"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// ReloadAction is the action by which an agent takes changed parameters without
// a restart: "reload-agent" of agents of OCF 1.1, where the parameters that are
// marked reloadable may change so; "reload" of older ones, where those may that
// are not unique; "" of agents that have none ("Pacemaker Administration,
// Reloading an agent after a definition change").
func (m *Metadata) ReloadAction() string {
	modern := m.follows(1, 1)
	switch {
	case modern && m.Has("reload-agent"):
		return "reload-agent"
	case !modern && m.Has("reload"):
		return "reload"
	}
	return ""
}

// follows tells whether the agent's OCF standard is at least major.minor.
// Agents that name none are older than the versions.
func (m *Metadata) follows(major, minor int) bool {
	first, rest, _ := strings.Cut(strings.TrimSpace(m.Version), ".")
	second, _, _ := strings.Cut(rest, ".")
	hisMajor, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	hisMinor, _ := strconv.Atoi(second)
	return hisMajor > major || hisMajor == major && hisMinor >= minor
}

// Digests divide the parameters of an operation for the scheduler. It compares
// them with what is configured later, to tell a restart from a reload and a
// changed secret from both.
func (m *Metadata) Digests(op *cib.Operation) cib.ParamDigests {
	var d cib.ParamDigests
	if !slices.Contains(digested, op.Name) {
		return d
	}
	params := ranWith(op)
	if action := m.ReloadAction(); action != "" && op.Interval == 0 {
		fixed := m.names(func(p *Parameter) bool {
			if action == "reload" {
				return p.Unique
			}
			return !p.Reloadable
		})
		d.RestartList = list(fixed)
		d.RestartDigest = cib.Digest(only(params, func(name string) bool { return slices.Contains(fixed, name) }))
	}
	if secret := m.secrets(); len(secret) > 0 {
		d.SecureList = list(secret)
		d.SecureDigest = cib.Digest(only(params, func(name string) bool { return !slices.Contains(secret, name) }))
	}
	return d
}

// digested are the operations whose parameters say with what a resource runs.
var digested = []string{"start", "monitor", "promote", "reload", "reload-agent", "migrate_to", "migrate_from"}

// ranWith are the parameters over which the scheduler takes these digests: those
// of the resource alone, no timeouts.
func ranWith(op *cib.Operation) []cib.NV {
	params := make(map[string]string, len(op.Params))
	for _, nv := range op.Params {
		params[nv.Name] = nv.Value
	}
	return cib.DigestParams(params)
}

// secrets are the parameters marked private; of an agent that marks none, the
// names that secrets usually have.
func (m *Metadata) secrets() []string {
	if marked := m.names(func(p *Parameter) bool { return p.Private }); len(marked) > 0 {
		return marked
	}
	return m.names(func(p *Parameter) bool { return p.Name == "password" || p.Name == "passwd" || p.Name == "user" })
}

func (m *Metadata) names(wanted func(*Parameter) bool) []string {
	var names []string
	for i := range m.Parameters {
		if wanted(&m.Parameters[i]) {
			names = append(names, m.Parameters[i].Name)
		}
	}
	return names
}

// list writes names as Pacemaker's history does: each between two spaces.
func list(names []string) string { return " " + strings.Join(append(names, ""), " ") }

func only(params []cib.NV, wanted func(string) bool) []cib.NV {
	return slices.DeleteFunc(slices.Clone(params), func(nv cib.NV) bool { return !wanted(nv.Name) })
}
