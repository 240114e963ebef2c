package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// expandTemplate returns c with its template's content in front of its own.
func (p *plan) expandTemplate(c *cib.Resource) (*cib.Resource, bool) {
	if c.Template == "" {
		return c, true
	}
	var t *cib.Resource
	for _, candidate := range p.cib.Config.Templates {
		if candidate.ID == c.Template {
			t = candidate
		}
	}
	if t == nil || c.Template == c.ID {
		p.fault("No template named '%s'", c.Template)
		return nil, false
	}
	out := *c
	out.Class, out.Provider, out.Type = t.Class, t.Provider, t.Type
	out.Params = slices.Concat(t.Params, c.Params)
	out.Meta = slices.Concat(t.Meta, c.Meta)
	out.Utilization = slices.Concat(t.Utilization, c.Utilization)
	out.Ops = mergeOps(t.Ops, c.Ops)
	return &out, true
}

// mergeOps adds the template's operations that the resource does not define
// for the same name and role.
func mergeOps(template, own []cib.OpSpec) []cib.OpSpec {
	if len(own) == 0 {
		return template
	}
	key := func(op *cib.OpSpec) string {
		switch r := opAttr(op, "role"); parseRole(r) {
		case roleUnknown, roleStarted, roleUnpromoted:
			return op.Name
		default:
			return op.Name + "-" + r
		}
	}
	have := map[string]bool{}
	for i := range own {
		have[key(&own[i])] = true
	}
	out := slices.Clone(own)
	for i := range template {
		if !have[key(&template[i])] {
			out = append(out, template[i])
		}
	}
	return out
}
