package simulate

import (
	"fmt"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// Injections are events that have not happened: they are written into the
// status, as the cluster would write them, before the scheduler decides. They
// happen in the order of the fields.
type Injections struct {
	// Quorum and Watchdog, unless empty, are the new values of have-quorum and
	// of the property have-watchdog: booleans in any of Pacemaker's spellings.
	Quorum, Watchdog string
	// NodeUp, NodeDown and NodeFail are the nodes that join, leave in an
	// orderly way or vanish. A node to come up that nobody knows is added to
	// the configuration; so are then all nodes that get a state.
	NodeUp, NodeDown, NodeFail []string
	// The tickets whose state changes.
	TicketGrant, TicketRevoke, TicketStandby, TicketActivate []string
	// Operations are results, each RSC_TASK_INTERVAL@NODE=RC with the interval
	// in milliseconds, that come from nodes unasked.
	Operations []string
}

// Any tells whether there is anything to inject.
func (i *Injections) Any() bool {
	lists := [][]string{i.NodeUp, i.NodeDown, i.NodeFail, i.TicketGrant, i.TicketRevoke, i.TicketStandby, i.TicketActivate, i.Operations}
	for _, list := range lists {
		if len(list) > 0 {
			return true
		}
	}
	return i.Quorum != "" || i.Watchdog != ""
}

// addsNodes tells whether nodes that are named enter the configuration.
func (i *Injections) addsNodes() bool { return len(i.NodeUp) > 0 }

// inject carries the injections out on a copy of the CIB, which is what is
// decided on afterwards. t is how things are.
func (r *run) inject(t *policy.Transition) error {
	w := newWorld(r.in.CIB, t, r.Clock, r.Inject.addsNodes())
	i := &injector{Injections: &r.Inject, out: r.out, world: w}
	r.out.begin(chapter{title: "Performing Requested Modifications", element: "modifications",
		settings: attributes{}.maybe("quorum", r.Inject.Quorum).maybe("watchdog", r.Inject.Watchdog)})
	if err := i.all(t); err != nil {
		return fmt.Errorf("%w: %w", ErrInjection, err)
	}
	r.out.end()
	r.in.CIB = w.cib
	r.tellTime()
	return nil
}

// injector makes up events in a world, and tells each before it is done.
type injector struct {
	*Injections
	out   teller
	world *world
}

func (i *injector) all(t *policy.Transition) error {
	if err := i.cluster(); err != nil {
		return err
	}
	if err := i.nodes(); err != nil {
		return err
	}
	i.tickets()
	known := resourcesByName(t.Resources)
	for _, spec := range i.Operations {
		if err := i.operation(known, spec); err != nil {
			return err
		}
	}
	return nil
}

func (i *injector) cluster() error {
	if i.Quorum != "" {
		quorate, err := cib.ParseBool(i.Quorum)
		if err != nil {
			return fmt.Errorf("quorum %q: %w", i.Quorum, err)
		}
		i.world.cib.HaveQuorum = quorate
	}
	if i.Watchdog != "" {
		return i.world.setProperty("have-watchdog", i.Watchdog)
	}
	return nil
}

func (i *injector) nodes() error {
	for _, change := range []struct {
		how, action string
		names       []string
		do          func(*world, string) error
	}{
		{"Bringing node %s online", "Online", i.NodeUp, (*world).nodeUp},
		{"Taking node %s offline", "Offline", i.NodeDown, (*world).nodeDown},
		{"Failing node %s", "Failing", i.NodeFail, (*world).nodeFail},
	} {
		for _, name := range change.names {
			i.out.event(nodeChanged{change.how, change.action, name})
			if err := change.do(i.world, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *injector) tickets() {
	for _, change := range []struct {
		how, action string
		names       []string
		do          func(*cib.TicketState)
	}{
		{"Granting ticket %s", "Granting", i.TicketGrant, func(t *cib.TicketState) { t.Granted = true }},
		{"Revoking ticket %s", "Revoking", i.TicketRevoke, func(t *cib.TicketState) { t.Granted = false }},
		{"Making ticket %s standby", "Standby", i.TicketStandby, func(t *cib.TicketState) { t.Standby = true }},
		{"Activating ticket %s", "Activating", i.TicketActivate, func(t *cib.TicketState) { t.Standby = false }},
	} {
		for _, name := range change.names {
			i.out.event(ticketChanged{change.how, change.action, name})
			change.do(i.world.ticket(name))
		}
	}
}
