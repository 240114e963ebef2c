package simulate

import (
	"io"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Status prints the cluster's state before anything is done, under a title:
// the nodes and the full list of resources.
func Status(w io.Writer, title string, t *policy.Transition) error {
	o := &outline{w: w}
	o.status(title, t, true)
	return o.err
}

// status prints the state in all the detail that was asked for.
func (r *run) status(title string, t *policy.Transition, pending bool) {
	o := r.out
	o.begin("%s", title)
	o.overview(t, pending)
	if r.Attributes {
		o.attributes(t, &r.in.CIB.Config)
	}
	if r.FailCounts {
		zone := r.Zone
		if zone == nil {
			zone = time.UTC
		}
		o.failCounts(t, r.in.CIB.Status.Nodes, zone)
		o.failedOps(t, zone)
	}
	o.end()
}

// status prints the state; with pending, operations in progress show.
func (o *outline) status(title string, t *policy.Transition, pending bool) {
	o.begin("%s", title)
	o.overview(t, pending)
	o.end()
}

// overview lists nodes and resources.
func (o *outline) overview(t *policy.Transition, pending bool) {
	v := newView(t)
	v.pending = pending
	if o.nodeList(t.Nodes) {
		o.spacer()
	}
	o.begin("Full List of Resources")
	shown := false
	for i := range t.Resources {
		r := &t.Resources[i]
		if r.Internal || r.Orphan && !v.active(r, true) || v.active(r, false) && len(v.hosts(r)) == 0 || isGhost(r) {
			continue
		}
		o.resource(v, r, r)
		shown = true
	}
	if !shown {
		o.item("", "No resources")
	}
	o.end()
}

// isGhost: something in a bundle that is not managed runs by its history, but
// no container does that it could run in. The bundle is nowhere, then.
func isGhost(r *policy.ResourceView) bool {
	inside := false
	for i := range r.Children {
		c := &r.Children[i]
		if len(c.Active) > 0 {
			return false
		}
		inside = inside || !c.Managed && rank(role(c)) > rank(policy.Stopped)
	}
	return r.Kind == cib.Bundle && inside
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
	o.begin("Resource Group: %s%s", v.name(r), inBrackets(management(r)))
	for i := range r.Children {
		o.resource(v, &r.Children[i], top)
	}
	o.end()
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
	o.begin("Container bundle%s: %s [%s]%s%s", set, r.ID, r.Image, unique, state)
	for i := range r.Children {
		o.item("", "%s", v.line(&r.Children[i], r))
	}
	o.end()
}
