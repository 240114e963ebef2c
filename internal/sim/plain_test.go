package sim

import (
	"fmt"
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// plain is a scheduler of a page: probe what is unknown, fence what is unclean,
// stop what is failed, twice or in the wrong place, start the rest somewhere.
// It knows no migration, and no preference but a move. Runs with it show whether a
// violation is the core's or the real scheduler's.
func plain(in policy.Input) *policy.Transition {
	s := &plainly{in: in, t: &policy.Transition{ClusterDelay: time.Minute, FencingTimeout: time.Minute}, fences: map[string]int{}}
	if !in.CIB.HaveQuorum {
		s.stopAll()
		return s.t
	}
	for _, n := range in.CIB.Status.Nodes {
		if !online(&n) && n.Expected == "member" && !n.InCCM {
			s.fences[n.Uname] = s.add(&policy.Action{Kind: policy.FenceOp, Key: "stonith-" + n.Uname + "-reboot", Task: "reboot", Node: n.Uname, Cause: "it is unclean"})
		}
	}
	for _, top := range in.CIB.Config.Resources {
		top.Walk(func(r, parent *cib.Resource) {
			if r.Kind == cib.Primitive {
				s.place(r, parent)
			}
		})
	}
	s.leave()
	return s.t
}

type plainly struct {
	in     policy.Input
	t      *policy.Transition
	fences map[string]int
}

func online(n *cib.NodeState) bool { return n.InCCM && n.Crmd && n.Join == "member" }

// usable: online, not standby, not leaving.
func (s *plainly) usable(n *cib.NodeState) bool {
	for _, c := range s.in.CIB.Config.Nodes {
		if c.Uname == n.Uname {
			if v, _ := lookup(c.Attributes, "standby"); v == "on" || v == "true" {
				return false
			}
		}
	}
	return online(n) && !leaves(n)
}

func leaves(n *cib.NodeState) bool {
	v, found := lookup(n.Attributes, "shutdown")
	return found && v != "0"
}

func (s *plainly) add(a *policy.Action, inputs ...int) int {
	a.ID = len(s.t.Actions) + 1
	for _, id := range inputs {
		if id != 0 && !slices.Contains(a.Inputs, id) {
			a.Inputs = append(a.Inputs, id)
		}
	}
	s.t.Actions = append(s.t.Actions, a)
	return a.ID
}

func (s *plainly) op(r *cib.Resource, node, task string, target cib.RC, interval time.Duration, inputs ...int) int {
	return s.add(&policy.Action{Kind: policy.ResourceOp, Key: fmt.Sprintf("%s_%s_%d", r.ID, task, interval.Milliseconds()), Task: task, Node: node, TargetRC: target,
		Operation: &cib.Operation{Resource: r.ID, Class: r.Class, Provider: r.Provider, Type: r.Type, Name: task, Interval: interval, Timeout: 15 * time.Second},
		Cause:     "the plain scheduler wants it"}, inputs...)
}

// The states of a resource on a node in its history.
const (
	unknown = iota
	inactive
	active
	failed
	pending
)

func stateOn(n *cib.NodeState, id string) (state int, monitored bool) {
	for _, h := range n.History {
		if h.ID != id {
			continue
		}
		ops := slices.Clone(h.Ops)
		slices.SortStableFunc(ops, func(a, b cib.OpHistory) int { return a.CallID - b.CallID })
		for _, o := range ops {
			monitored = o.Operation == "monitor" && o.IntervalMS > 0 || monitored && o.Operation == "monitor"
			switch {
			case o.Status == cib.ExecCancelled:
			case o.Status == cib.ExecPending && o.IntervalMS > 0:
			case o.Status == cib.ExecPending:
				state = pending
			case o.Operation == "stop" && o.RC == cib.OK, o.Operation == "monitor" && o.RC == cib.NotRunning && o.IntervalMS == 0:
				state = inactive
			case o.RC == cib.OK:
				state = active
			default:
				state = failed
			}
		}
	}
	return state, monitored
}

// place decides about one primitive.
func (s *plainly) place(r, parent *cib.Resource) {
	clone := parent != nil && parent.Kind == cib.Clone
	var after []int
	var on []string
	wanted, waits := "", false
	nodes := s.in.CIB.Status.Nodes
	for i := range nodes {
		n := &nodes[i]
		state, monitored := stateOn(n, r.ID)
		switch {
		case s.fences[n.Uname] != 0:
			after = append(after, s.fences[n.Uname])
		case !online(n):
		case state == unknown:
			after = append(after, s.op(r, n.Uname, "monitor", cib.NotRunning, 0))
			waits = true
		case state == pending:
			waits = true
		case state == active && s.moves(r, parent, n.Uname), state == failed, state == active && !clone && len(on) > 0, state == active && (!s.usable(n) || stopped(r) || parent != nil && stopped(parent)):
			after = append(after, s.op(r, n.Uname, "stop", cib.OK, 0))
		case state == active:
			on = append(on, n.Uname)
			if !monitored {
				s.op(r, n.Uname, "monitor", cib.OK, 10*time.Second)
			}
		case s.moves(r, parent, n.Uname):
		case wanted == "" && s.usable(n) || s.usable(n) && len(r.ID)%len(nodes) == i:
			wanted = n.Uname
		}
		if clone && state == inactive && s.usable(n) && !stopped(r) && !stopped(parent) {
			s.op(r, n.Uname, "start", cib.OK, 0)
		}
	}
	if clone || waits || len(on) > 0 || wanted == "" || stopped(r) || parent != nil && stopped(parent) {
		return
	}
	s.op(r, wanted, "start", cib.OK, 0, after...)
}

// moves tells whether a move keeps a resource from a node.
func (s *plainly) moves(r, parent *cib.Resource, node string) bool {
	for _, i := range s.in.CIB.Status.Intents {
		if i.State == cib.IntentMoving && (i.Resource == r.ID || parent != nil && i.Resource == parent.ID) {
			return i.Node != "" && i.Node != node || i.Node == "" && i.From == node
		}
	}
	return false
}

// stopAll is no-quorum-policy=stop.
func (s *plainly) stopAll() {
	nodes := s.in.CIB.Status.Nodes
	for i := range nodes {
		for _, h := range nodes[i].History {
			state, _ := stateOn(&nodes[i], h.ID)
			if online(&nodes[i]) && (state == active || state == failed) {
				s.op(&cib.Resource{ID: h.ID, Class: h.Class, Provider: h.Provider, Type: h.Type}, nodes[i].Uname, "stop", cib.OK, 0)
			}
		}
	}
	s.leave()
}

func empty(n *cib.NodeState) bool {
	return !slices.ContainsFunc(n.History, func(h cib.ResourceHistory) bool {
		state, _ := stateOn(n, h.ID)
		return state != inactive && state != unknown
	})
}

// leave lets a node go that asks for it, when nothing is left to do.
func (s *plainly) leave() {
	if len(s.t.Actions) > 0 {
		return
	}
	for i := range s.in.CIB.Status.Nodes {
		if n := &s.in.CIB.Status.Nodes[i]; online(n) && leaves(n) && empty(n) {
			s.add(&policy.Action{Kind: policy.ClusterOp, Key: "do_shutdown-" + n.Uname, Task: "do_shutdown", Node: n.Uname, Cause: "it asked to leave"})
		}
	}
}
