package conformance

import (
	"fmt"
	"math/rand/v2"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Events makes up what happens to a cluster, as one to three of crm_simulate's
// options for that: nodes that come, leave or fail, operations that end badly,
// tickets, quorum, the watchdog. Nodes and resources are some that there are.
func Events(seed uint64, x *cib.CIB) []string {
	e := &events{Rand: rand.New(rand.NewPCG(seed, 0x6576656e7473))}
	t := policy.Schedule(policy.Input{CIB: x, Sanitized: true})
	for i := range t.Nodes {
		e.nodes = append(e.nodes, t.Nodes[i].Name)
		if t.Nodes[i].Type == "member" {
			e.members = append(e.members, t.Nodes[i].Name)
		}
	}
	e.learn(t.Resources)
	for _, a := range t.Actions {
		if a.Kind == policy.ResourceOp {
			e.actions = append(e.actions, a)
		}
	}
	for _, ticket := range x.Config.Tickets {
		e.tickets = append(e.tickets, ticket.Ticket)
	}
	var options []string
	for range 1 + e.IntN(3) {
		options = append(options, e.one()...)
	}
	if e.IntN(8) == 0 {
		// By itself crm_simulate overlooks it.
		options = append(options, "-w", e.pick("0", "1"), "-q", e.pick("0", "1"))
	}
	return options
}

type events struct {
	*rand.Rand
	nodes, members, resources, tickets []string
	// actions are operations that are due anyway.
	actions []*policy.Action
}

func (e *events) learn(views []policy.ResourceView) {
	for i := range views {
		r := &views[i]
		if r.Kind == cib.Primitive && r.Agent != "" {
			e.resources = append(e.resources, r.ID)
		}
		e.learn(r.Children)
		for j := range r.Replicas {
			for _, part := range r.Replicas[j].Parts() {
				if part != r.Replicas[j].Child {
					e.resources = append(e.resources, part.ID)
				}
			}
		}
	}
}

func (e *events) pick(from ...string) string { return from[e.IntN(len(from))] }

// one is one event; none if it needs something that is not there.
func (e *events) one() []string {
	kind := e.pick("u", "d", "d", "f", "f", "ticket", "i", "i", "i", "F", "F", "F")
	switch {
	case kind == "ticket" && len(e.tickets) > 0:
		return []string{"-" + e.pick("g", "r", "b", "e"), e.pick(e.tickets...)}
	case kind == "i" && len(e.resources) > 0 && len(e.nodes) > 0:
		return []string{"-i", e.operation() + "@" + e.pick(e.nodes...) + "=" + e.code()}
	case kind == "F" && len(e.actions) > 0:
		return []string{"-F", e.failure()}
	case kind == "u" && len(e.members) > 0:
		// A guest node that comes up becomes a member of the cluster for
		// crm_simulate, and is a guest node at the same time.
		return []string{"-u", e.pick(append(e.members, "newcomer")...)}
	case (kind == "d" || kind == "f") && len(e.nodes) > 0:
		return []string{"-" + kind, e.pick(e.nodes...)}
	}
	return nil
}

// operation is the key of some operation of some resource; of no migration,
// because crm_simulate aborts when told the result of one.
func (e *events) operation() string {
	r := e.pick(e.resources...)
	switch task := e.pick("monitor", "monitor", "monitor", "start", "stop", "promote", "demote"); task {
	case "monitor":
		return cib.OpKey(r, task, []int64{0, 10000, 5000}[e.IntN(3)])
	default:
		return cib.OpKey(r, task, 0)
	}
}

func (e *events) code() string {
	return e.pick("1", "1", "7", "7", "0", "2", "5", "6", "8", "9", "190")
}

// failure lets an operation fail that is due.
func (e *events) failure() string {
	a := e.actions[e.IntN(len(e.actions))]
	name, interval := a.Render.ResourceID, "0"
	if a.Render.ResourceLongID != "" && e.IntN(2) == 0 {
		name = a.Render.ResourceLongID
	}
	for _, p := range a.Render.Attributes {
		if p.Name == "CRM_meta_interval" {
			interval = p.Value
		}
	}
	return fmt.Sprintf("%s_%s_%s@%s=%s", name, a.Task, interval, a.Node, e.code())
}
