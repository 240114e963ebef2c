package policy

import (
	"time"

	"kvmha/internal/cib"
)

// captureViews describes what there is before anything is decided.
func (p *plan) captureViews() {
	p.views = make([]ResourceView, 0, len(p.resources))
	for _, r := range p.resources {
		p.views = append(p.views, r.view())
		r.walk(p.count)
	}
	for _, n := range p.nodes {
		p.nodeViews = append(p.nodeViews, n.view(p))
	}
	for _, n := range p.notices {
		p.statusNotices = append(p.statusNotices, n.Text)
	}
	p.notices = nil
}

// count counts all, the disabled and the blocked primitives.
func (p *plan) count(r *resource) {
	if len(r.children) > 0 || r.variant != primitive || r.orphan && r.role <= roleStopped {
		return
	}
	p.counts[0]++
	if r.disabled() {
		p.counts[1]++
	}
	if r.blocked {
		p.counts[2]++
	}
}

// pendingWords are what is shown for an operation in progress.
var pendingWords = map[string]string{"start": "Starting", "stop": "Stopping", "migrate_to": "Migrating", "migrate_from": "Migrating",
	"promote": "Promoting", "demote": "Demoting"}

func (r *resource) view() ResourceView {
	shown := r.role
	if r.variant != primitive {
		shown = r.state(true)
	}
	if shown == roleStarted && r.top().promotable {
		shown = roleUnpromoted
	}
	v := ResourceView{
		ID: r.id, XMLID: r.xmlID, History: r.historyName, Kind: r.cfg.Kind, Orphan: r.orphan, Managed: r.managed,
		Blocked: r.blocked, Failed: r.failed, FailureIgnored: r.failureIgnored, Maintenance: r.maintenance,
		Disabled: r.disabled(), TargetRole: r.target, Unique: r.unique, Promotable: r.promotable,
		Role: roleNames[shown], Internal: isTrue(r.meta["internal_rsc"]),
	}
	if r.variant == primitive {
		v.Agent = r.cfg.Agent()
	}
	for _, n := range r.running {
		v.Active = append(v.Active, n.name)
	}
	v.Pending = pendingWords[r.pendingTask]
	if r.pendingTask == "monitor" {
		v.PendingTask = "Monitoring"
	}
	if r.pendingNode != nil {
		v.PendingNode = r.pendingNode.name
	}
	if r.lockNode != nil {
		v.LockNode = r.lockNode.name
	}
	if r.variant == bundle {
		r.viewReplicas(&v)
		return v
	}
	if len(r.children) > 0 {
		v.Children = make([]ResourceView, 0, len(r.children))
	}
	for _, c := range r.children {
		v.Children = append(v.Children, c.view())
	}
	if r.variant == clone {
		v.Max, v.Candidates = r.clone.max, r.candidates()
	}
	return v
}

func (n *node) view(p *plan) NodeView {
	v := NodeView{
		Name: n.name, ID: n.id, Type: "member", Online: n.online, Unclean: n.unclean, Pending: n.pending,
		Standby: n.standby, StandbyOnFail: n.standbyOnFail, Maintenance: n.maintenance, Shutdown: n.shutdown,
		Expected: n.expectedUp, DC: n.isDC, Container: n.container(), Health: p.options.healthColour(n), Running: len(n.running), Attributes: pairs(n.attrs), Why: n.why,
	}
	if n.state != nil {
		v.FailCounts = n.failCounts(p)
	}
	switch {
	case n.kind == pingNode:
		v.Type = "ping"
	case n.isGuest():
		v.Type = "guest"
	case n.kind == remoteNode:
		v.Type = "remote"
	}
	return v
}

// failCounts lists the resources of the node's history that failed there.
func (n *node) failCounts(p *plan) []FailCount {
	if len(n.failures(p.legacyFailures)) == 0 {
		return nil
	}
	named := map[string]*resource{}
	for _, root := range p.resources {
		root.walk(func(r *resource) {
			for _, name := range [...]string{r.id, r.historyName} {
				if named[name] == nil {
					named[name] = r
				}
			}
		})
	}
	var out []FailCount
	for i := range n.state.History {
		name := n.state.History[i].ID
		if r := named[name]; r != nil {
			if f := p.failureRecord(r, n); f.count > 0 {
				out = append(out, FailCount{Resource: name, Count: f.count, Threshold: r.threshold, Last: f.last})
			}
		}
	}
	return out
}

// view is what Inspect answers.
func (p *plan) view() *Transition {
	t := &Transition{
		Resources: p.views, Nodes: p.nodeViews, FailedOps: p.failedOps, Warnings: p.warnings, Errors: p.errors, StatusNotices: p.statusNotices, Notices: p.notices,
		Options: p.options.raw,
	}
	t.Instances, t.DisabledCount, t.BlockedCount = p.counts[0], p.counts[1], p.counts[2]
	if p.recheck != 0 {
		t.RecheckAt = time.Unix(p.recheck, 0).UTC()
	}
	return t
}

// fillNext adds to the views what was decided.
func (p *plan) fillNext(views []ResourceView) {
	for i := range views {
		v := &views[i]
		if r := p.findResource(v.ID); r != nil && r.cfg.Kind == v.Kind {
			v.NextRole = roleNames[r.state(false)]
			if pl := r.where(); pl != nil {
				v.Next = pl.name
			}
			if r.variant == primitive {
				v.Why = r.keptFrom()
			}
		}
		p.fillNext(v.Children)
	}
}

// keptFrom tells what keeps r from the node that an administrator wants it on.
func (r *resource) keptFrom() []Reason {
	for q := r; q != nil; q = q.parent {
		if q.intent == nil || q.intent.State != cib.IntentMoving {
			continue
		}
		switch to := r.p.nodeByName[q.intent.Node]; {
		case to != nil && to != nodeOf(r.allocated):
			return r.against(to)
		case q.intent.Node == "" && r.allocated != nil && r.allocated.name == q.intent.From:
			return []Reason{{Kind: ReasonCluster, Detail: "no other node can take it"}}
		}
	}
	return nil
}

// candidates are the nodes that a clone may run on, or, if none is said, those
// that know it.
func (r *resource) candidates() []string {
	var out []string
	allowed := len(r.allowed.list()) > 0
	for _, n := range r.p.nodes {
		if allowed && r.allowed.get(n) != nil || !allowed && r.isKnown(n) {
			out = append(out, n.name)
		}
	}
	return out
}
