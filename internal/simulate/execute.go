package simulate

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Execute plays the transition through: every action succeeds as soon as the
// actions it waits for are done. It prints what is done and returns the CIB
// with the results in its status; the given one is not changed. It fails when
// actions wait for each other in a circle.
func Execute(w io.Writer, before *cib.CIB, t *policy.Transition, now time.Time) (*cib.CIB, error) {
	o := &outline{w: w}
	after, err := o.execute(before, t, now)
	if o.err != nil {
		err = o.err
	}
	return after, err
}

func (o *outline) execute(before *cib.CIB, t *policy.Transition, now time.Time) (*cib.CIB, error) {
	world := newWorld(before, now)
	run := &execution{out: o, world: world, names: map[string]bool{}}
	run.learn(t.Resources)
	o.begin("Executing Cluster Transition")
	defer o.end()

	waiting := make([]*policy.Action, len(t.Actions))
	copy(waiting, t.Actions)
	done := make(map[int]bool, len(t.Actions))
	for len(waiting) > 0 {
		later := waiting[:0:0]
		for _, a := range waiting {
			if !ready(a, done) {
				later = append(later, a)
				continue
			}
			run.action(a)
			done[a.ID] = true
		}
		if len(later) == len(waiting) {
			return world.cib, fmt.Errorf("transition failed: %d actions wait for each other, the first is %s on %s", len(later), later[0].Key, later[0].Node)
		}
		waiting = later
	}
	return world.cib, nil
}

func ready(a *policy.Action, done map[int]bool) bool {
	for _, in := range a.Inputs {
		if !done[in] {
			return false
		}
	}
	return true
}

// execution carries out the actions of one transition on a world.
type execution struct {
	out   *outline
	world *world
	// names are those under which resources are known: their ids, and for
	// clone instances those of their history.
	names map[string]bool
}

func (x *execution) learn(resources []policy.ResourceView) {
	for i := range resources {
		x.names[resources[i].ID] = true
		x.names[resources[i].History] = true
		x.learn(resources[i].Children)
	}
}

func (x *execution) action(a *policy.Action) {
	switch a.Kind {
	case policy.ResourceOp:
		x.resourceOp(a)
	case policy.FenceOp:
		x.fence(a)
	case policy.ClusterOp:
		if a.Task == "probe_again" {
			// It asks a node to say anew what it knows, and leaves no trace.
			return
		}
		if id := a.Render.ResourceID; id != "" {
			x.out.item("", "Cluster action:  %s for %s on %s", a.Task, id, a.Node)
		} else {
			x.out.item("", "Cluster action:  %s on %s", a.Task, a.Node)
		}
	case policy.Pseudo:
		where := ""
		if a.Render.NodeInfo && a.Node != "" {
			where = " on " + a.Node
		}
		x.out.item("", "Pseudo action:   %s%s", a.Key, where)
	}
}

func (x *execution) fence(a *policy.Action) {
	x.out.item("", "Fencing %s (%s)", a.Node, a.Task)
	if a.Task != "on" {
		x.world.powerOff(a.Node)
	}
}

func (x *execution) resourceOp(a *policy.Action) {
	r := &a.Render
	history := r.ResourceID
	name := history
	if !x.names[name] && r.ResourceLongID != "" && x.names[r.ResourceLongID] {
		name = r.ResourceLongID
	}
	interval, _ := strconv.ParseInt(attribute(a, "CRM_meta_interval"), 10, 64)
	switch {
	case a.Task == "delete" || a.Task == "meta-data":
		x.out.item("", "Resource action: %-15s %s on %s", name, a.Task, a.Node)
		return
	case interval > 0:
		x.out.item("", "Resource action: %-15s %s=%d on %s", name, a.Task, interval, a.Node)
	default:
		x.out.item("", "Resource action: %-15s %s on %s", name, a.Task, a.Node)
	}
	x.world.record(a, name, history, interval)
}

func attribute(a *policy.Action, name string) string {
	for _, p := range a.Render.Attributes {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}
