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
	o := r.told()
	w := newWorld(r.in.CIB, t, r.Clock, r.Inject.addsNodes())
	o.begin("Performing Requested Modifications")
	if err := o.injectAll(w, t, &r.Inject); err != nil {
		return fmt.Errorf("%w: %w", ErrInjection, err)
	}
	o.end()
	r.in.CIB = w.cib
	r.tellTime()
	return nil
}

func (o *outline) injectAll(w *world, t *policy.Transition, i *Injections) error {
	if err := o.injectCluster(w, i); err != nil {
		return err
	}
	if err := o.injectNodes(w, i); err != nil {
		return err
	}
	o.injectTickets(w, i)
	known := resourcesByName(t.Resources)
	for _, spec := range i.Operations {
		if err := o.injectOperation(w, known, spec); err != nil {
			return err
		}
	}
	return nil
}

// injectCluster tells about both values before it judges any, as everything
// here is told before it is done.
func (o *outline) injectCluster(w *world, i *Injections) error {
	if i.Quorum != "" {
		o.item("", "Setting quorum: %s", i.Quorum)
	}
	if i.Watchdog != "" {
		o.item("", "Setting watchdog: %s", i.Watchdog)
	}
	if i.Quorum != "" {
		quorate, err := cib.ParseBool(i.Quorum)
		if err != nil {
			return fmt.Errorf("quorum %q: %w", i.Quorum, err)
		}
		w.cib.HaveQuorum = quorate
	}
	if i.Watchdog != "" {
		return w.setProperty("have-watchdog", i.Watchdog)
	}
	return nil
}

func (o *outline) injectNodes(w *world, i *Injections) error {
	for _, change := range []struct {
		text  string
		names []string
		do    func(*world, string) error
	}{
		{"Bringing node %s online", i.NodeUp, (*world).nodeUp},
		{"Taking node %s offline", i.NodeDown, (*world).nodeDown},
		{"Failing node %s", i.NodeFail, (*world).nodeFail},
	} {
		for _, name := range change.names {
			o.item("", change.text, name)
			if err := change.do(w, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *outline) injectTickets(w *world, i *Injections) {
	for _, change := range []struct {
		text  string
		names []string
		do    func(*cib.TicketState)
	}{
		{"Granting ticket %s", i.TicketGrant, func(t *cib.TicketState) { t.Granted = true }},
		{"Revoking ticket %s", i.TicketRevoke, func(t *cib.TicketState) { t.Granted = false }},
		{"Making ticket %s standby", i.TicketStandby, func(t *cib.TicketState) { t.Standby = true }},
		{"Activating ticket %s", i.TicketActivate, func(t *cib.TicketState) { t.Standby = false }},
	} {
		for _, name := range change.names {
			o.item("", change.text, name)
			change.do(w.ticket(name))
		}
	}
}
