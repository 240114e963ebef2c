package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// ticket is the right of a site to run what depends on it.
type ticket struct {
	id               string
	granted, standby bool
}

// usable: the site has the ticket and may act on it.
func (t *ticket) usable() bool { return t.granted && !t.standby }

// ticketUse ties a resource, in one role or any, to a ticket.
type ticketUse struct {
	t    *ticket
	role role
	loss string
}

// unpackTicket applies a ticket constraint ("Pacemaker Explained, Ticket
// Constraints").
func (p *plan) unpackTicket(c *cib.RscTicket) {
	if c.Ticket == "" {
		p.fault("Ignoring constraint '%s' without ticket", c.ID)
		return
	}
	t := p.tickets[c.Ticket]
	if t == nil {
		t = &ticket{id: c.Ticket}
		p.tickets[c.Ticket] = t
	}
	sets := p.expandSets(c.ID, c.Sets)
	if len(sets) == 0 {
		set, _, ok := p.setOf(c.Resource)
		if !ok {
			p.fault("Ignoring constraint '%s' because '%s' is not a valid resource or tag", c.ID, c.Resource)
			return
		}
		set.Role = c.Role
		sets = []cib.ResourceSet{set}
	}
	for i := range sets {
		// Those before one that is not there need the ticket nevertheless.
		list, ok := p.resolve(&sets[i])
		for _, r := range list {
			p.useTicket(r, t, parseRole(sets[i].Role), strings.ToLower(c.LossPolicy))
		}
		if !ok {
			return
		}
	}
}

func (p *plan) useTicket(r *resource, t *ticket, in role, loss string) {
	if in == roleStarted {
		in = roleUnknown
	}
	if loss == "fence" && !p.options.fencing {
		p.fault("Resetting 'loss-policy' for ticket '%s' to 'stop' because fencing is not configured", t.id)
		loss = "stop"
	}
	switch loss {
	case "fence", "freeze", "demote", "stop":
	default:
		loss = "stop"
		if in == rolePromoted {
			loss = "demote"
		}
	}
	u := &ticketUse{t: t, role: in, loss: loss}
	r.tickets = append(r.tickets, u)
	if !t.usable() {
		p.withoutTicket(r, u)
	}
}

// withoutTicket does what the loss policy says to r and all that is in it.
func (p *plan) withoutTicket(r *resource, u *ticketUse) {
	if len(r.children) > 0 {
		for _, c := range r.children {
			p.withoutTicket(c, u)
		}
		return
	}
	why := Reason{Kind: ReasonTicket, ID: u.t.id, Value: "not granted"}
	roleMatches := u.role == roleUnknown || u.role == r.role
	ban := func() {
		p.scoreEverywhere(r, minusInfinity)
		r.noteAt(nil, why, minusInfinity)
	}
	switch {
	case !u.t.granted && len(r.running) > 0:
		switch u.loss {
		case "stop":
			ban()
		case "demote":
			if u.role != rolePromoted {
				ban()
			}
		case "fence":
			if !roleMatches {
				return
			}
			ban()
			for _, n := range r.running {
				p.fenceNode(n, "deadman ticket was lost", false)
			}
		case "freeze":
			if roleMatches {
				r.managed, r.blocked = false, true
				why.Detail = u.loss
				r.noteAt(nil, why, 0)
			}
		}
	case u.role != rolePromoted || u.loss == "stop":
		if u.t.granted {
			why.Value = "in standby"
		}
		ban()
	}
}

// requirePromotionTickets keeps a clone from being promoted without its ticket.
func (p *plan) requirePromotionTickets(r *resource) {
	for _, u := range r.tickets {
		if u.role == rolePromoted && !u.t.usable() {
			p.scoreEverywhere(r, minusInfinity)
		}
	}
}
