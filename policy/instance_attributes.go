package policy

import (
	"slices"

	"kvmha/internal/cib"
)

// params are the instance attributes, which rules may make depend on the node.
func (r *resource) params(n *node) map[string]string {
	if !r.paramsVary {
		if r.fixedParams == nil {
			r.fixedParams = r.gatherParams(nil)
		}
		return r.fixedParams
	}
	if out, ok := r.paramCache[n]; ok {
		return out
	}
	if r.paramCache == nil {
		r.paramCache = map[*node]map[string]string{}
	}
	out := r.gatherParams(n)
	r.paramCache[n] = out
	return out
}

func (r *resource) gatherParams(n *node) map[string]string {
	out := map[string]string{}
	ctx := ruleContext{}
	if n != nil {
		ctx.attrs = n.attrs
	}
	for q := r; q != nil; q = q.parent {
		r.p.applySets(q.cfg.Params, ctx, out, "", false)
	}
	return out
}

// watchParams finds out whether parameters depend on rules. If its own do, they
// are looked at, so that the time when they may change is known even while
// nothing is done with r.
func (r *resource) watchParams() {
	own := slices.ContainsFunc(r.cfg.Params, func(s cib.NVSet) bool { return s.Rule != nil || s.IDRef != "" })
	r.paramsVary = own || r.parent != nil && r.parent.paramsVary
	if own {
		r.params(nil)
	}
}
