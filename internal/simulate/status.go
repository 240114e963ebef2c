package simulate

import (
	"kvmha/internal/cib"
	"kvmha/policy"
)

// status prints the state in all the detail that was asked for.
func (o *outline) status(title string, s *state) {
	o.list("%s", title)
	o.overview(s)
	if s.Attributes {
		o.attributes(s)
	}
	if s.FailCounts {
		o.failCounts(s)
		o.failedOps(s)
	}
	o.endList()
}

// overview lists nodes and resources.
func (o *outline) overview(s *state) {
	v := newView(s)
	if o.nodeList(s.t.Nodes) {
		o.spacer()
	}
	o.list("Full List of Resources")
	shown := false
	for _, r := range v.resources() {
		if r.Internal {
			continue
		}
		o.resource(v, r, r)
		shown = true
	}
	if !shown {
		o.item("", "No resources")
	}
	o.endList()
}

// resource prints r; top is the outermost resource it is part of.
func (o *outline) resource(v *view, r, top *policy.ResourceView) {
	switch r.Kind {
	case cib.Group:
		o.group(v, r, top)
	case cib.Clone:
		o.clone(v, r)
	case cib.Bundle:
		o.bundle(v, r)
	default:
		o.item("", "%s", v.line(r, top))
	}
}

func (o *outline) group(v *view, r, top *policy.ResourceView) {
	o.list("Resource Group: %s%s", v.name(r), inBrackets(management(r)))
	for i := range r.Children {
		o.resource(v, &r.Children[i], top)
	}
	o.endList()
}

func (o *outline) bundle(v *view, r *policy.ResourceView) {
	set, unique := "", ""
	if len(r.Children) > 1 {
		set = " set"
	}
	if r.Unique {
		unique = " (unique)"
	}
	state := ""
	if !r.Managed {
		state = " (unmanaged)"
	}
	o.list("Container bundle%s: %s [%s]%s%s", set, r.ID, r.Image, unique, state)
	for i := range r.Children {
		o.item("", "%s", v.line(&r.Children[i], r))
	}
	o.endList()
}
