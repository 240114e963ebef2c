package node

import (
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// intentsProgress moves the intents on: reached, expired, or left behind.
func (c *Core) intentsProgress() {
	if c.office == nil || !c.office.ready {
		return
	}
	for _, in := range c.cib.Status.Intents {
		if c.submitted(intentChange(in.ID)) || c.guestFenceOpen(in.Resource) {
			continue
		}
		next, ended := c.nextIntent(in)
		switch {
		case ended:
			c.recordIntent(in.ID, cib.Command{DropIntent: &cib.DropIntent{ID: in.ID}})
			c.announce(EventIntentEnded, levelInfo, "resource", in.Resource, "node", in.Node)
		case next.State != in.State:
			c.changeIntent(next)
		}
	}
}

func intentChange(id string) string { return "intent " + id }

// nextIntent is what an intent becomes by what is seen now; ended means that
// nothing is left of it.
func (c *Core) nextIntent(in cib.Intent) (cib.Intent, bool) {
	if c.cib.Config.FindResource(in.Resource) == nil {
		return in, true
	}
	active := c.activeOn(in.Resource)
	switch in.State {
	case cib.IntentMoving:
		there := len(active) == 1 && (active[0] == in.Node || in.Node == "" && active[0] != in.From)
		switch {
		case there && c.goneFromOthers(in.Resource, active[0]):
			in.Node, in.State, in.Expires, in.Reason = active[0], cib.IntentSettled, 0, ""
		case in.Expires != 0 && c.now.Unix() >= in.Expires:
			in.State, in.Reason = cib.IntentFailed, "it was not reached in time"
		default:
			if why := c.unreachable(&in); why != "" {
				in.State, in.Reason = cib.IntentFailed, why
			}
		}
	case cib.IntentSettled:
		elsewhere := slices.ContainsFunc(active, func(n string) bool { return n != in.Node })
		return in, elsewhere && !slices.Contains(active, in.Node) || !c.members.here(in.Node)
	}
	return in, false
}

// unreachable says why a move leads nowhere: the scheduler has nothing left to
// do and keeps the resource where it is. "" while it may still happen.
func (c *Core) unreachable(in *cib.Intent) string {
	o := c.office
	if o.last == nil || o.graph != nil || o.dirty != "" || c.joining() || c.waitsForNodes() || !c.quorum().Have || len(c.uncleanNodes()) > 0 {
		return ""
	}
	why := ""
	ids := primitives(c.cib.Config.FindResource(in.Resource))
	walkViews(o.last.Resources, func(v *policy.ResourceView) {
		stays := v.Next != in.Node && (in.Node != "" || v.Next == in.From)
		if why == "" && v.Next != "" && v.Pending == "" && stays && slices.Contains(ids, instanceOf(v.ID)) {
			why = "the scheduler keeps " + v.ID + " on " + v.Next
			for _, reason := range v.Why {
				why += ": " + reason.String()
			}
		}
	})
	return why
}

// goneFromOthers reports whether a resource is proven to run nowhere but on node.
func (c *Core) goneFromOthers(resource, node string) bool {
	for _, n := range c.cib.Status.Nodes {
		if n.Uname != node && !c.goneFrom(resource, n.Uname) {
			return false
		}
	}
	return true
}

func (c *Core) changeIntent(in cib.Intent) {
	c.recordIntent(in.ID, cib.Command{PutIntent: &in})
	if in.State == cib.IntentFailed {
		c.announce(EventIntentFailed, levelWarn, "resource", in.Resource, "node", in.Node, "reason", in.Reason)
		return
	}
	c.announce(EventIntentSettled, levelInfo, "resource", in.Resource, "node", in.Node)
}

// recordIntent makes the change durable; it is a record of what has happened,
// so a full disk does not stop it.
func (c *Core) recordIntent(id string, cmd cib.Command) {
	c.submit(&change{what: intentChange(id), must: true, done: func(error) {},
		check: func(*cib.CIB) ([]cib.Command, error) { return []cib.Command{cmd}, nil }})
}

// intentFailure ends the moves that a failed operation was for.
func (c *Core) intentFailure(node string, op *cib.Operation, r *cib.OpRecord) {
	target := node
	switch op.Name {
	case "migrate_to":
		target = op.MetaValue("migrate_target")
	case "migrate_from", "start":
	default:
		return
	}
	for _, in := range c.cib.Status.Intents {
		res := c.cib.Config.FindResource(in.Resource)
		if in.State != cib.IntentMoving || res == nil || c.guestFenceOpen(in.Resource) || c.submitted(intentChange(in.ID)) ||
			!slices.Contains(primitives(res), instanceOf(op.Resource)) || in.Node != "" && in.Node != target {
			continue
		}
		in.State = cib.IntentFailed
		in.Reason = describe(node, op) + " failed: " + r.RC.String() + prefixed(", ", r.ExitReason)
		c.changeIntent(in)
	}
}

// instanceOf strips the number of a clone's instance.
func instanceOf(resource string) string {
	name, _, _ := strings.Cut(resource, ":")
	return name
}

func (c *Core) intentsDeadline(d *deadline) {
	for _, in := range c.cib.Status.Intents {
		if in.State == cib.IntentMoving && in.Expires != 0 {
			d.add(time.Unix(in.Expires, 0))
		}
	}
}
