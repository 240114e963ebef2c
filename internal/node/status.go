package node

import (
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/cluster"
	"kvmha/policy"
)

// StatusFormat is the version of StatusReply; fields are only added within one.
const StatusFormat = 1

// StatusReply is the answer to the verb status: all that an operator's screen
// shows. It comes from the DC; where there is none, from the node that was
// asked, with Note saying so.
type StatusReply struct {
	Format  int       `json:"format"`
	Time    time.Time `json:"time"`
	Cluster string    `json:"cluster"`
	// From is the node that answers, DC the one that decides ("" = none).
	From    string         `json:"from"`
	DC      string         `json:"dc,omitempty"`
	Term    uint64         `json:"term"`
	Note    string         `json:"note,omitempty"`
	Quorum  cluster.Quorum `json:"quorum"`
	Version cib.Version    `json:"version"`
	// Nodes are sorted by name, Resources in the order of the configuration,
	// as the scheduler last saw them (empty where there is no DC).
	Nodes     []NodeStatus          `json:"nodes"`
	Resources []policy.ResourceView `json:"resources,omitempty"`
	Failed    []FailedAction        `json:"failed,omitempty"`
	Intents   []cib.Intent          `json:"intents,omitempty"`
	// GuestFences are those in progress.
	GuestFences []cib.GuestFence  `json:"guest_fences,omitempty"`
	Fencing     []FencingStatus   `json:"fencing,omitempty"`
	Links       []cluster.Link    `json:"links,omitempty"`
	Refused     []PeerRefused     `json:"refused,omitempty"`
	Transition  *TransitionStatus `json:"transition,omitempty"`
	// Problems are what the scheduler complains about.
	Problems []string `json:"problems,omitempty"`
	// Decisions are the last of the answering node's, oldest first.
	Decisions []Decision `json:"decisions,omitempty"`
}

// NodeStatus is one node.
type NodeStatus struct {
	Name string `json:"name"`
	// State is "online", "pending", "unclean", "away" (its hostd restarts),
	// "offline" or "unseen".
	State       string `json:"state"`
	DC          bool   `json:"dc,omitempty"`
	Standby     bool   `json:"standby,omitempty"`
	Maintenance bool   `json:"maintenance,omitempty"`
	Leaving     bool   `json:"leaving,omitempty"`
	Why         string `json:"why,omitempty"`
	Incarnation string `json:"incarnation,omitempty"`
	// Attributes are the transient ones, sorted by name.
	Attributes []cib.NV `json:"attributes,omitempty"`
}

// FailedAction is an operation that failed and was not cleaned up since.
type FailedAction struct {
	Node      string        `json:"node"`
	Resource  string        `json:"rsc"`
	Key       string        `json:"key"`
	Operation cib.OpHistory `json:"operation"`
	// FailCount is the resource's on this node, of this operation.
	FailCount string `json:"fail-count,omitempty"`
}

// FencingStatus is a fencing in progress, or one that keeps failing.
type FencingStatus struct {
	Target string    `json:"target"`
	Action string    `json:"action,omitempty"`
	By     string    `json:"by,omitempty"`
	Cause  string    `json:"cause,omitempty"`
	Failed int       `json:"failed,omitempty"`
	Error  string    `json:"error,omitempty"`
	Next   time.Time `json:"next,omitzero"`
}

// TransitionStatus is the transition in progress.
type TransitionStatus struct {
	Number  int            `json:"number"`
	Aborted string         `json:"aborted,omitempty"`
	Actions []ActionStatus `json:"actions"`
}

// ActionStatus is one of its actions that is no mere pseudo action.
type ActionStatus struct {
	Key   string `json:"key"`
	Node  string `json:"node,omitempty"`
	State string `json:"state"` // "waiting", "running", "done" or "failed"
	Cause string `json:"cause,omitempty"`
}

const statusDecisions = 50

func (c *Core) status() StatusReply {
	s := StatusReply{
		Format: StatusFormat, Time: c.now.UTC(), Cluster: c.cfg.Cluster, From: c.cfg.Node, DC: c.vote.dc, Term: c.vote.term,
		Quorum: c.members.quorum, Version: c.cib.Version, Intents: c.cib.Status.Intents,
		Links: c.members.view.Links, Refused: c.members.refused, Failed: c.failedActions(),
		Decisions: c.journal.last(statusDecisions),
	}
	for _, g := range c.cib.Status.GuestFences {
		if !g.Done {
			s.GuestFences = append(s.GuestFences, g)
		}
	}
	for _, name := range c.allNodes() {
		s.Nodes = append(s.Nodes, c.nodeStatus(name))
	}
	o := c.office
	if o == nil {
		s.Note = "there is no DC: this is what " + c.cfg.Node + " knows"
		return s
	}
	view := o.view(c)
	s.Quorum = c.quorum()
	s.Resources, s.Problems = view.Resources, append(slices.Clip(view.Errors), view.Warnings...)
	s.Fencing = c.fencingStatus()
	s.Transition = o.graph.status()
	return s
}

// view is the scheduler's view of what is now. In the middle of a transition
// the last decision does not show it, and the scheduler is asked again, once
// for a CIB: who only looks must neither cost much nor change a decision.
func (o *office) view(c *Core) *policy.Transition {
	if o.last != nil && o.graph == nil && o.dirty == "" {
		return o.last
	}
	if o.shown == nil || o.shownOf != c.cib {
		o.shown, o.shownOf = c.cfg.Schedule(policy.Input{CIB: c.cib, Now: c.now}), c.cib
	}
	return o.shown
}

// allNodes are the configured and the seen nodes, sorted.
func (c *Core) allNodes() []string {
	names := map[string]bool{}
	for name := range c.cfg.Quorum.Votes {
		names[name] = true
	}
	for _, n := range c.cib.Config.Nodes {
		names[n.Uname] = true
	}
	for _, n := range c.cib.Status.Nodes {
		names[n.Uname] = true
	}
	return sortedKeys(names)
}

func (c *Core) nodeStatus(name string) NodeStatus {
	n := c.node(name)
	s := NodeStatus{Name: name, DC: name == c.vote.dc, Incarnation: n.Incarnation, Attributes: attributesIn(n),
		Standby: isOn(c.nodeAttribute(name, "standby")), Maintenance: isOn(c.nodeAttribute(name, "maintenance")),
		Leaving: n.Attribute(AttributeShutdown) != ""}
	switch {
	case !n.HasInCCM:
		s.State = "unseen"
	case c.awayUntil(n).After(c.now) && !c.members.here(name):
		s.State, s.Why = "away", "its hostd restarts, what it runs stays running"
	case n.Crmd:
		s.State = "online"
	case n.InCCM && n.Expected == "member":
		s.State, s.Why = "unclean", "it is here but does not join"
	case n.Expected == "member":
		s.State, s.Why = "unclean", "it vanished without a goodbye and is not yet fenced"
	case n.InCCM:
		s.State = "pending"
	default:
		s.State = "offline"
		if n.NodeFenced != "" {
			s.Why = "it was fenced"
		}
		if n.PowerOn != "" {
			s.Why += ", and is still to be switched on by " + n.PowerOn
		}
	}
	return s
}

func isOn(value string) bool {
	on, err := cib.ParseBool(value)
	return err == nil && on
}

func (c *Core) failedActions() []FailedAction {
	var out []FailedAction
	for _, n := range c.cib.Status.Nodes {
		for _, h := range n.History {
			for _, op := range h.Ops {
				adopted := op.Operation == "monitor" && op.IntervalMS == 0 && op.Status == cib.ExecDone &&
					(op.RC == cib.OK || op.RC == cib.RunningPromoted) // a probe that found it running
				if lastFailure(&op) == 0 || adopted {
					continue
				}
				out = append(out, FailedAction{Node: n.Uname, Resource: h.ID, Key: op.OperationKey, Operation: op,
					FailCount: n.Attribute(cib.FailCountName(h.ID, op.Operation, op.IntervalMS))})
			}
		}
	}
	return out
}

func (c *Core) fencingStatus() []FencingStatus {
	var out []FencingStatus
	for _, j := range c.office.fences {
		out = append(out, FencingStatus{Target: j.Target, Action: j.Action, By: j.node, Cause: j.Cause, Error: j.last})
	}
	for _, target := range sortedKeys(c.office.fenceFails) {
		f := c.office.fenceFails[target]
		out = append(out, FencingStatus{Target: target, Failed: f.Count, Error: f.Error, Next: f.Next})
	}
	for _, target := range sortedKeys(c.office.powerFails) {
		f := c.office.powerFails[target]
		out = append(out, FencingStatus{Target: target, Action: "on", Failed: f.Count, Error: f.Error, Next: f.Next})
	}
	return out
}

var actionWords = [...]string{waiting: "waiting", running: "running", done: "done", failed: "failed"}

func (g *graph) status() *TransitionStatus {
	if g == nil {
		return nil
	}
	s := &TransitionStatus{Number: g.no, Aborted: g.aborted}
	for i, a := range g.t.Actions {
		if a.Kind != policy.Pseudo {
			s.Actions = append(s.Actions, ActionStatus{Key: a.Key, Node: a.Node, State: actionWords[g.state[i]], Cause: a.Cause})
		}
	}
	return s
}
