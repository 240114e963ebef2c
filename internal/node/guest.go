package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// guests are the fence requests that VMs on this host have made and that have
// no reply yet.
type guests struct {
	asked []cib.GuestFence
}

// GuestStatusReply is the body of the reply to a guest's "status".
type GuestStatusReply struct {
	Cluster string `json:"cluster"`
	Node    string `json:"node"`
	DC      string `json:"dc,omitempty"`
	Quorum  bool   `json:"quorum"`
	VM      string `json:"vm"`
}

// GuestAttributesReply is the body of the reply to a guest's "attributes": the
// transient attributes of its host, sorted by name.
type GuestAttributesReply struct {
	Node       string   `json:"node"`
	Attributes []cib.NV `json:"attributes"`
}

// GuestFenceReply is the body of the reply to a guest's "fence": the target is
// certainly down, or was at the moment when it was started again.
type GuestFenceReply struct {
	Target string `json:"target"`
	Action string `json:"action"`
	Done   bool   `json:"done"`
}

func (g *guests) unrecorded() []cib.GuestFence { return g.asked }

// guestRequest answers a VM on this host. What its configuration does not
// allow is refused and announced: a guest is not trusted.
func (c *Core) guestRequest(e GuestRequest) {
	vm := c.cib.Config.FindResource(e.VM)
	if vm == nil {
		c.refuseGuest(e, "this VM is no resource of the cluster")
		return
	}
	switch e.Verb {
	case "status", "attributes", "moved":
		if allowed, err := cib.ParseBool(metaOf(vm, cib.MetaGuestStatus)); err != nil || !allowed {
			c.refuseGuest(e, "this VM may not read its host's state: set "+cib.MetaGuestStatus+"=true on resource "+e.VM)
			return
		}
		// A guest that waits to be moved asks again from its next host; until
		// then there is nothing to say and nothing to remember.
		if e.Verb != "moved" || e.Target != c.cfg.Node {
			c.emit(GuestReply{VM: e.VM, Request: e.Request, Body: mustJSON(c.guestView(e))})
		}
	case "fence":
		c.guestFence(e)
	default:
		c.refuseGuest(e, fmt.Sprintf("request %q is unknown to this host; it knows status, attributes, moved and fence", e.Verb))
	}
}

func (c *Core) guestView(e GuestRequest) any {
	if e.Verb != "attributes" {
		return GuestStatusReply{Cluster: c.cfg.Cluster, Node: c.cfg.Node, DC: c.vote.dc, Quorum: c.members.quorum.Have, VM: e.VM}
	}
	return GuestAttributesReply{Node: c.cfg.Node, Attributes: attributesIn(c.node(c.cfg.Node))}
}

func (c *Core) refuseGuest(e GuestRequest, why string) {
	c.announce(EventGuestRefused, levelWarn, "vm", e.VM, "request", e.Request, "verb", e.Verb, "target", e.Target, "why", why)
	c.emit(GuestReply{VM: e.VM, Request: e.Request, Error: why})
}

// guestFence takes a fence request, or finds what has become of it: the same
// id is the same request, whichever host it comes through.
func (c *Core) guestFence(e GuestRequest) {
	g := cib.GuestFence{VM: e.VM, Request: e.Request, Target: e.Target, Action: cmpOr(e.Action, "reboot"), Created: c.now.Unix()}
	if known := findGuestFence(c.cib, e.VM, e.Request); known != nil {
		switch {
		case known.Target != g.Target || known.Action != g.Action:
			c.refuseGuest(e, "this request id was used for "+known.Action+" of "+known.Target+": use a new one")
		case known.Done:
			c.emit(guestReply(known))
		default:
			c.guests.note(g)
		}
		return
	}
	if why := c.guestMayFence(&g); why != "" {
		c.refuseGuest(e, why)
		return
	}
	c.guests.note(g)
	if c.vote.dc != "" {
		c.send(c.vote.dc, message{GuestFence: &g})
	}
}

// note remembers a request; a repeated one is the same.
func (g *guests) note(r cib.GuestFence) {
	if !slices.ContainsFunc(g.asked, func(o cib.GuestFence) bool { return o.VM == r.VM && o.Request == r.Request }) {
		g.asked = append(g.asked, r)
	}
}

// guestMayFence returns why a request is not allowed, "" when it is.
func (c *Core) guestMayFence(g *cib.GuestFence) string {
	vm := c.cib.Config.FindResource(g.VM)
	switch {
	case g.Request == "":
		return "a fence request needs an id"
	case g.Action != "off" && g.Action != "reboot":
		return fmt.Sprintf("action %q is unknown: use off or reboot", g.Action)
	case vm == nil || !slices.Contains(strings.Fields(metaOf(vm, cib.MetaGuestFence)), g.Target):
		return "this VM may not fence " + g.Target + ": add it to " + cib.MetaGuestFence + " of resource " + g.VM + " on the hosts"
	case c.cib.Config.FindResource(g.Target) == nil:
		return g.Target + " is no resource of the cluster"
	}
	return ""
}

func guestReply(g *cib.GuestFence) GuestReply {
	r := GuestReply{VM: g.VM, Request: g.Request, Error: g.Error}
	if g.Error == "" {
		r.Body = mustJSON(GuestFenceReply{Target: g.Target, Action: g.Action, Done: g.Done})
	}
	return r
}

// guestDone replies through this host when the asking VM is here: it asked
// here, or it runs here now.
func (c *Core) guestDone(g *cib.GuestFence) {
	own := c.node(c.cfg.Node)
	if c.guests.forget(g.VM, g.Request) || presenceOf(&own, g.VM) == active {
		c.emit(guestReply(g))
	}
}

func (g *guests) forget(vm, request string) bool {
	n := len(g.asked)
	g.asked = slices.DeleteFunc(g.asked, func(o cib.GuestFence) bool { return o.VM == vm && o.Request == request })
	return len(g.asked) < n
}

// deliverGuestReplies answers what has been done while this node was away.
func (c *Core) deliverGuestReplies() {
	for _, g := range slices.Clone(c.guests.asked) {
		if known := findGuestFence(c.cib, g.VM, g.Request); known != nil && known.Done {
			c.guestDone(known)
		}
	}
}

// guestRefused takes the DC's refusal.
func (c *Core) guestRefused(m *guestErrorMsg) {
	if c.guests.forget(m.VM, m.Request) {
		c.emit(GuestReply{VM: m.VM, Request: m.Request, Error: m.Error})
	}
}

// guestFenceAsked records a request durably before anything is done about it.
func (c *Core) guestFenceAsked(from string, g *cib.GuestFence) {
	what := "guest fence " + g.VM + "/" + g.Request
	waits := slices.ContainsFunc(c.office.reopened, func(a guestAsk) bool { return a.g.VM == g.VM && a.g.Request == g.Request })
	if findGuestFence(c.cib, g.VM, g.Request) != nil || c.submitted(what) || waits {
		return
	}
	early := g.Action != "off" // that one changes the configuration as well
	c.submit(&change{
		what: what, early: early,
		check: func(*cib.CIB) ([]cib.Command, error) {
			if why := c.guestMayFence(g); why != "" {
				return nil, &refusal{why}
			}
			if err := c.mayChange(early); err != nil {
				return nil, &uncertain{err} // an earlier attempt may be recorded elsewhere
			}
			cmds := []cib.Command{{PutGuestFence: g}}
			if g.Action == "off" {
				cmds = append(cmds, cib.Command{SetMeta: &cib.SetMeta{Resource: g.Target, Name: "target-role", Value: "Stopped"}})
			}
			return cmds, nil
		},
		done: func(err error) {
			if errors.As(err, new(*uncertain)) {
				// A member that is gone may have recorded it, and it may take effect
				// yet: a refusal could be untrue. The guest waits.
				c.office.reopened = append(c.office.reopened, guestAsk{from, g})
				return
			}
			if err != nil {
				c.send(from, message{GuestError: &guestErrorMsg{VM: g.VM, Request: g.Request, Error: err.Error()}})
				return
			}
			c.office.accepted[g.VM+"/"+g.Request] = true
			c.announce(EventGuestFence, levelWarn, "vm", g.VM, "request", g.Request, "target", g.Target, "action", g.Action)
		},
	})
}

// guestAsk is a guest's fence request and the node that it came from.
type guestAsk struct {
	from string
	g    *cib.GuestFence
}

// reopenGuestFences asks again for what could not be recorded for certain, as
// soon as changes are possible.
func (c *Core) reopenGuestFences() {
	o := c.office
	if len(o.reopened) == 0 || c.mayChange(true) != nil {
		return
	}
	asks := o.reopened
	o.reopened = nil
	for _, a := range asks {
		c.guestFenceAsked(a.from, a.g)
	}
}

// guestFenceOpen reports whether a guest has a resource fenced right now; until
// that is done nothing else is done to it.
func (c *Core) guestFenceOpen(resource string) bool {
	return slices.ContainsFunc(c.cib.Status.GuestFences, func(g cib.GuestFence) bool {
		return g.Target == instanceOf(resource) && !g.Done
	})
}

// attributesIn are a node's transient attributes, sorted by name.
func attributesIn(n cib.NodeState) []cib.NV {
	var out []cib.NV
	for i := range n.Attributes {
		for _, p := range n.Attributes[i].Pairs {
			out = append(out, cib.NV{Name: p.Name, Value: p.Value})
		}
	}
	slices.SortStableFunc(out, func(a, b cib.NV) int { return strings.Compare(a.Name, b.Name) })
	return out
}
