package node

import (
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// forcedStop is a kill ordered for a guest's fence. call is 0 while it waits
// for retry after a failure.
type forcedStop struct {
	node, resource string
	call           uint64
	retry          time.Time
}

// guestsProgress carries the open guest fences out: the target is killed on
// every member where it is not proven to be absent (so on both ends of a
// migration); an unclean node's own fencing is awaited; when nowhere is left
// where it may run, the request is done.
func (c *Core) guestsProgress() {
	o := c.office
	if o == nil || !o.ready {
		return
	}
	c.reopenGuestFences()
	for _, g := range c.cib.Status.GuestFences {
		what := "guest fence " + g.VM + "/" + g.Request
		if g.Done || c.submitted(what) || !c.killEverywhere(&g) {
			continue
		}
		g.Done = true
		o.kills = slices.DeleteFunc(o.kills, func(k *kill) bool { return k.vm == g.VM && k.request == g.Request })
		c.announce(EventGuestDone, levelWarn, "vm", g.VM, "request", g.Request, "target", g.Target)
		c.submit(&change{what: what, must: true, done: func(error) {},
			check: func(*cib.CIB) ([]cib.Command, error) { return []cib.Command{{PutGuestFence: &g}}, nil }})
	}
}

// kill is the carrying out of one guest fence by this DC.
type kill struct {
	vm, request string
	// owed are the members whose forced stop is still to succeed, again those
	// that follow: where a migration may have arrived meanwhile.
	owed, again []string
}

// killEverywhere orders the forced stops that are missing; true when the
// target is certainly down everywhere.
func (c *Core) killEverywhere(g *cib.GuestFence) bool {
	k := c.killOf(g)
	for _, n := range c.cib.Status.Nodes {
		unproven := presenceOf(&n, g.Target) != absent
		if c.joined(n.Uname) && unproven && !slices.Contains(k.owed, n.Uname) {
			k.owed = append(k.owed, n.Uname)
		}
	}
	gone := func(name string) bool { return !c.joined(name) }
	k.owed, k.again = slices.DeleteFunc(k.owed, gone), slices.DeleteFunc(k.again, gone)
	if len(k.owed) == 0 {
		k.owed, k.again = k.again, nil
	}
	for _, name := range k.owed {
		c.forceStop(name, g)
	}
	for _, name := range sortedKeys(c.cfg.Quorum.Votes) {
		if !c.joined(name) && c.node(name).Expected != "down" {
			return false // its own fencing is awaited, also of a node not seen yet
		}
	}
	return len(k.owed) == 0
}

// killOf begins a kill, or finds the one that has begun. A DC that did not see
// the request accepted trusts no history and has the target stopped on every
// member. When the target is being migrated its arrival may cross the stop at
// the other end, so that once the source is empty the others are stopped again.
func (c *Core) killOf(g *cib.GuestFence) *kill {
	o := c.office
	for _, k := range o.kills {
		if k.vm == g.VM && k.request == g.Request {
			return k
		}
	}
	k := &kill{vm: g.VM, request: g.Request}
	inherited := !o.accepted[g.VM+"/"+g.Request]
	for _, name := range c.joinedNames() {
		n := c.node(name)
		if inherited || presenceOf(&n, g.Target) != absent {
			k.owed = append(k.owed, name)
		}
		if migrating(&n, g.Target) {
			k.again = slices.DeleteFunc(c.joinedNames(), func(other string) bool { return other == name })
		}
	}
	o.kills = append(o.kills, k)
	return k
}

// migrating reports whether a node's history has a migration of the resource
// under way, or one whose end it does not prove.
func migrating(n *cib.NodeState, resource string) bool {
	for _, h := range n.History {
		for _, op := range h.Ops {
			if h.ID == resource && op.Operation == "migrate_to" && presenceOf(n, resource) == unproven {
				return true
			}
		}
	}
	return false
}

func (c *Core) findStop(node, resource string) *forcedStop {
	for _, s := range c.office.stops {
		if s.node == node && s.resource == resource {
			return s
		}
	}
	return nil
}

// forceStop orders one kill unless it is ordered already.
func (c *Core) forceStop(node string, g *cib.GuestFence) {
	s := c.findStop(node, g.Target)
	if s != nil && (s.call != 0 || c.now.Before(s.retry)) {
		return
	}
	if s == nil {
		s = &forcedStop{node: node, resource: g.Target}
		c.office.stops = append(c.office.stops, s)
	}
	op := c.plainOperation(g.Target, "stop")
	op.Force, op.Cause = true, "guest "+g.VM+" fenced "+g.Target+" (request "+g.Request+")"
	s.call = c.order(node, orderMsg{Operation: op})
}

// stopEnded notes the end of a forced stop; a failed one is tried again.
func (c *Core) stopEnded(node string, op *cib.Operation, ok bool) {
	s := c.findStop(node, op.Resource)
	if s == nil || s.call != op.ID {
		return
	}
	if ok {
		c.office.stops = slices.DeleteFunc(c.office.stops, func(x *forcedStop) bool { return x == s })
		for _, k := range c.office.kills {
			if g := findGuestFence(c.cib, k.vm, k.request); g != nil && g.Target == op.Resource {
				k.owed = slices.DeleteFunc(k.owed, func(name string) bool { return name == node })
			}
		}
		return
	}
	s.call, s.retry = 0, c.now.Add(stopRetry)
}

// plainOperation makes an operation from the configuration alone, rules left
// out, for what must not wait for the scheduler.
func (c *Core) plainOperation(resource, name string) cib.Operation {
	op := cib.Operation{Resource: resource, Name: name}
	r := c.cib.Config.FindResource(resource)
	if r == nil {
		return op
	}
	op.Class, op.Provider, op.Type = r.Class, r.Provider, r.Type
	params, ops := r.Params, r.Ops
	if i := slices.IndexFunc(c.cib.Config.Templates, func(t *cib.Resource) bool { return t.ID == r.Template }); r.Template != "" && i >= 0 {
		t := c.cib.Config.Templates[i]
		op.Class, op.Provider, op.Type = t.Class, t.Provider, t.Type
		params, ops = append(slices.Clip(params), t.Params...), append(slices.Clip(ops), t.Ops...)
	}
	for i := range params {
		for _, p := range params[i].Pairs {
			if params[i].Rule == nil && op.Param(p.Name) == "" {
				op.Params = append(op.Params, cib.NV{Name: p.Name, Value: p.Value})
			}
		}
	}
	slices.SortFunc(op.Params, func(a, b cib.NV) int { return strings.Compare(a.Name, b.Name) })
	for _, o := range ops {
		if o.Name == name && o.Timeout != "" {
			op.Timeout, _ = cib.ParseDuration(o.Timeout)
			break
		}
	}
	return op
}

func (c *Core) guestsDeadline(d *deadline) {
	for _, s := range c.office.stops {
		if s.call == 0 {
			d.add(s.retry)
		}
	}
}

// stopRetry is the pause after a failed forced stop.
const stopRetry = time.Second
