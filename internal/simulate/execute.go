package simulate

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Execute plays the transition through: every action succeeds as soon as the
// actions it waits for are done. It prints what is done and returns the CIB
// with the results in its status; the given one is not changed. The error is
// ErrInvalidTransition when actions wait for each other in a circle.
func Execute(w io.Writer, before *cib.CIB, t *policy.Transition, now time.Time) (*cib.CIB, error) {
	out := Text(w, nil)
	world := newWorld(before, t, now, false)
	err := execute(out, world, t, nil)
	if failed := out.failed(); failed != nil {
		err = failed
	}
	return world.cib, err
}

// execute carries out a transition on the world; failures are the
// specifications of the operations that are to fail.
func execute(out teller, w *world, t *policy.Transition, failures []string) error {
	x := &execution{out: out, world: w, names: resourcesByName(t.Resources), failures: failures, done: map[int]bool{}, failed: map[int]bool{}}
	out.begin(chapter{title: "Executing Cluster Transition", element: "transition"})
	defer out.end()
	waiting := t.Actions
	for {
		later := make([]*policy.Action, 0, len(waiting))
		for _, a := range waiting {
			if !x.ready(a) {
				later = append(later, a)
				continue
			}
			x.action(a)
		}
		if len(later) == len(waiting) {
			break
		}
		waiting = later
	}
	if len(waiting) == 0 || x.aborted {
		return nil
	}
	out.complain("Transition failed: terminated")
	out.complain("An invalid transition was produced")
	return fmt.Errorf("%w: %d actions wait for each other, the first is %s on %s", ErrInvalidTransition, len(waiting), waiting[0].Key, waiting[0].Node)
}

// execution carries out the actions of one transition on a world.
type execution struct {
	out   teller
	world *world
	// names are those under which resources are known.
	names map[string]*policy.ResourceView
	// failures are what is to fail, done the actions that were carried out,
	// failed those of them that went wrong. After the first one of these the
	// transition is aborted: only what cannot fail is done then.
	failures     []string
	done, failed map[int]bool
	aborted      bool
}

// certain is the priority of actions that are done whatever happens.
const certain = int(cib.Infinity)

// ready tells whether an action can be carried out now.
func (x *execution) ready(a *policy.Action) bool {
	for _, in := range a.Inputs {
		if !x.done[in] || x.failed[in] && a.Priority < certain {
			return false
		}
	}
	return a.Kind == policy.Pseudo || !x.aborted || a.Priority >= certain
}

// action carries one out and notes how it ended.
func (x *execution) action(a *policy.Action) {
	x.done[a.ID] = true
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
		x.out.event(clusterDone{a.Task, a.Node, a.Render.ResourceID})
	case policy.Pseudo:
		node := ""
		if a.Render.NodeInfo {
			node = a.Node
		}
		x.out.event(pseudoDone{a.Key, node})
	}
}

func (x *execution) fence(a *policy.Action) {
	x.out.event(fenced{a})
	if a.Task != "on" {
		x.world.powerOff(a.Node)
	}
}

func (x *execution) resourceOp(a *policy.Action) {
	r := &a.Render
	preferred := r.ResourceID
	name := preferred
	if x.names[name] == nil && r.ResourceLongID != "" && x.names[r.ResourceLongID] != nil {
		name = r.ResourceLongID
	}
	if a.Task == "delete" || a.Task == "meta-data" {
		x.out.event(operationDone{resource: name, task: a.Task, node: a.Node})
		return
	}
	id := r.NodeID
	if r.Router != "" {
		id = a.Node
	}
	n := x.world.node(a.Node, id)
	h, known := history(n, name, preferred)
	if h == nil {
		if !slices.Contains(executable, r.Class) {
			// Nobody could say how the resource is after that.
			x.out.complain(fmt.Sprintf("Invalid class for %s: %s", name, r.Class))
			x.done[a.ID], x.aborted = false, true
			return
		}
		h = addHistory(n, preferred, agent{r.Class, r.Provider, r.Type})
	}
	interval, _ := strconv.ParseInt(attribute(a, "CRM_meta_interval"), 10, 64)
	end := result{resource: preferred, task: a.Task, interval: interval, rc: a.TargetRC, target: a.TargetRC, call: nextCall(h, known), action: a, reason: "User-injected result"}
	x.out.event(operationDone{name, a.Task, a.Node, interval})
	if failing, rc, fails := x.fails(a, interval, name, preferred); fails {
		end.rc = rc
		x.out.note(fmt.Sprintf("Pretending action %d failed with rc=%d", a.ID, rc))
		x.failed[a.ID], x.aborted = true, true
		countFailure(x.out, x.world, n, opKey{failing, a.Task, interval}, rc)
	}
	x.world.addResult(h, end)
}

// executable are the classes of agents whose results are recorded.
var executable = []string{"ocf", "stonith", "service", "upstart", "systemd", "lsb"}

// fails tells whether an operation is one of those that are to fail, under
// which of its resource's names it was given, and with which exit code.
func (x *execution) fails(a *policy.Action, interval int64, names ...string) (name string, rc cib.RC, fails bool) {
	for _, spec := range x.failures {
		for _, name := range names {
			key := opKey{name, a.Task, interval}.String() + "@" + a.Node + "="
			if len(spec) < len(key) || !strings.EqualFold(spec[:len(key)], key) {
				continue
			}
			code, err := strconv.Atoi(leadingNumber.FindString(spec[len(key):]))
			if err == nil {
				return name, cib.RC(code), true
			}
			x.out.complain(fmt.Sprintf("Invalid failed operation '%s' (result code must be integer)", spec))
			break
		}
	}
	return "", 0, false
}

func attribute(a *policy.Action, name string) string {
	for _, p := range a.Render.Attributes {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}
