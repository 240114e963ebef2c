package node

import (
	"fmt"
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// tinySchedule is a scheduler for these tests: primitives only, one place each,
// probes first, fencing before recovery, moves and shutdowns by live migration
// where allowed. What the real one decides is tested in package policy.
func tinySchedule(in policy.Input) *policy.Transition {
	s := &tiny{cib: in.CIB, t: &policy.Transition{FencingTimeout: 10 * time.Second}}
	unclean := s.fence()
	for _, top := range in.CIB.Config.Resources {
		top.Walk(func(r, _ *cib.Resource) {
			if r.Kind == cib.Primitive && r.Class != "stonith" {
				s.place(r, unclean)
			}
		})
	}
	return s.t
}

type tiny struct {
	cib *cib.CIB
	t   *policy.Transition
}

func (s *tiny) act(a policy.Action) int {
	a.ID = len(s.t.Actions) + 1
	s.t.Actions = append(s.t.Actions, &a)
	return a.ID
}

func (s *tiny) op(r *cib.Resource, task, node, cause string, target cib.RC, after ...int) int {
	op := &cib.Operation{Resource: r.ID, Class: r.Class, Provider: r.Provider, Type: r.Type, Name: task}
	ms := int64(0)
	if task == "watch" {
		task, op.Name, op.Interval, ms = "monitor", "monitor", 10*time.Second, 10000
	}
	return s.act(policy.Action{Kind: policy.ResourceOp, Key: cib.OpKey(r.ID, task, ms), Task: task, Node: node,
		Operation: op, TargetRC: target, Inputs: after, Cause: cause})
}

func (s *tiny) fence() []string {
	var unclean []string
	for _, n := range s.cib.Status.Nodes {
		if n.HasInCCM && !n.Crmd && n.Expected == "member" {
			unclean = append(unclean, n.Uname)
			if s.cib.HaveQuorum {
				s.act(policy.Action{Kind: policy.FenceOp, Key: "stonith-" + n.Uname + "-reboot", Task: "reboot", Node: n.Uname, Cause: "node " + n.Uname + " is unclean"})
			}
		}
	}
	return unclean
}

// usable are the nodes that may run something, able those that can be ordered about.
func (s *tiny) nodes() (able, usable []string) {
	for _, n := range s.cib.Status.Nodes {
		if !n.Crmd || n.Attribute("maintenance") == "true" {
			continue
		}
		able = append(able, n.Uname)
		standby := false
		for _, conf := range s.cib.Config.Nodes {
			for i := range conf.Attributes {
				v, _ := conf.Attributes[i].Get("standby")
				standby = standby || conf.Uname == n.Uname && v == "on"
			}
		}
		if n.Attribute("shutdown") == "" && !standby {
			usable = append(usable, n.Uname)
		}
	}
	return able, usable
}

func (s *tiny) place(r *cib.Resource, unclean []string) {
	able, usable := s.nodes()
	view := policy.ResourceView{ID: r.ID, Kind: r.Kind, Agent: r.Agent(), Managed: true, Role: policy.Stopped}
	blocked, broken := len(unclean) > 0 || !s.cib.HaveQuorum, []string{}
	for _, n := range s.cib.Status.Nodes {
		p := presenceOf(&n, r.ID)
		switch {
		case n.Attribute("maintenance") == "true":
			blocked = true
		case !n.Crmd:
		case !slices.ContainsFunc(n.History, func(h cib.ResourceHistory) bool { return h.ID == r.ID }):
			s.op(r, "monitor", n.Uname, "nothing is known of "+r.ID+" on "+n.Uname, cib.NotRunning)
			blocked = true
		case p == active:
			view.Active = append(view.Active, n.Uname)
		case p == unproven:
			broken = append(broken, n.Uname)
		}
		if n.Attribute(cib.FailCountName(r.ID, "start", 0)) != "" {
			usable = slices.DeleteFunc(usable, func(u string) bool { return u == n.Uname })
		}
	}
	if len(view.Active) > 0 {
		view.Role = policy.Started
	}
	view.Next = s.wanted(r, view.Active, usable)
	s.t.Resources = append(s.t.Resources, view)
	var stops []int
	for _, n := range broken {
		if slices.Contains(able, n) {
			stops = append(stops, s.op(r, "stop", n, r.ID+" failed on "+n, cib.OK))
		}
	}
	if blocked {
		return
	}
	s.carry(r, view.Active, view.Next, stops)
}

// wanted is where a resource is to run: where a move wants it, else where it
// is, else the first node.
func (s *tiny) wanted(r *cib.Resource, now, usable []string) string {
	if metaOf(r, "target-role") == "Stopped" {
		return ""
	}
	for _, in := range s.cib.Status.Intents {
		if in.Resource == r.ID && in.State != cib.IntentFailed && slices.Contains(usable, in.Node) {
			return in.Node
		}
	}
	for _, n := range now {
		if slices.Contains(usable, n) {
			return n
		}
	}
	if len(usable) == 0 {
		return ""
	}
	return usable[0]
}

func (s *tiny) carry(r *cib.Resource, now []string, next string, stops []int) {
	if len(now) == 1 && next != "" && next != now[0] && metaOf(r, "allow-migrate") == "true" {
		cause := fmt.Sprintf("%s is to run on %s", r.ID, next)
		meta := []cib.NV{{Name: "migrate_source", Value: now[0]}, {Name: "migrate_target", Value: next}}
		to := s.op(r, "migrate_to", now[0], cause, cib.OK)
		from := s.op(r, "migrate_from", next, cause, cib.OK, to)
		s.t.Actions[to-1].Operation.Meta, s.t.Actions[from-1].Operation.Meta = meta, meta
		s.op(r, "stop", now[0], cause, cib.OK, from)
		s.op(r, "watch", next, "configured monitor", cib.OK, from)
		return
	}
	for _, n := range now {
		if n != next || len(now) > 1 {
			stops = append(stops, s.op(r, "stop", n, r.ID+" is not to run on "+n, cib.OK))
		}
	}
	if next != "" && (!slices.Contains(now, next) || len(now) > 1) {
		start := s.op(r, "start", next, r.ID+" runs nowhere", cib.OK, stops...)
		s.op(r, "watch", next, "configured monitor", cib.OK, start)
		return
	}
	if next != "" && !s.watched(r.ID, next) {
		s.op(r, "watch", next, "configured monitor", cib.OK)
	}
}

func (s *tiny) watched(resource, node string) bool {
	for _, h := range s.cib.Status.Node(node).History {
		for _, op := range h.Ops {
			if h.ID == resource && op.IntervalMS > 0 {
				return true
			}
		}
	}
	return false
}
