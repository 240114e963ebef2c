package node

import (
	"slices"

	"kvmha/internal/cib"
)

// namedOffer is a member's offer.
type namedOffer struct {
	name string
	*offerMsg
}

// mergeOffers makes one CIB of the DC's own and the members'. Configuration,
// intents and guest fences are those of the greatest version; finished guest
// fences of the others are kept, so that none is carried out twice. What a
// member says of itself is the truth about it. A node that is not here is
// unclean as soon as one of them saw it vanish, unless another knows that the
// same run of it said goodbye or was fenced. It returns the winner's name, ""
// when base itself has the greatest version.
func mergeOffers(base *cib.CIB, offers []namedOffer, here func(string) bool) (*cib.CIB, string) {
	best, winner := base, ""
	for _, o := range offers {
		if o.CIB.Version.Compare(best.Version) > 0 {
			best, winner = o.CIB, o.name
		}
	}
	merged := *best
	merged.Status.Nodes = slices.Clone(best.Status.Nodes)
	apply := func(cmd cib.Command) {
		if next, err := cib.Apply(&merged, cmd); err == nil {
			merged = *next
		}
	}
	for _, from := range append([]namedOffer{{offerMsg: &offerMsg{CIB: base}}}, offers...) {
		for _, g := range from.CIB.Status.GuestFences {
			if known := findGuestFence(&merged, g.VM, g.Request); known == nil || g.Done && !known.Done {
				apply(cib.Command{PutGuestFence: &g})
			}
		}
		for _, n := range from.CIB.Status.Nodes {
			if !here(n.Uname) {
				mergeAbsent(&merged, n, apply)
				mergePowerOn(&merged, n, apply)
			}
		}
	}
	for _, n := range base.Status.Nodes {
		if here(n.Uname) { // what this DC knows of those that take part already
			apply(cib.Command{ReplaceNodeState: &n})
		}
	}
	for _, o := range offers {
		state := selfState(o)
		keepOrphans(&state, base.Status.Node(o.name), &merged.Config)
		apply(cib.Command{ReplaceNodeState: &state})
	}
	return &merged, winner
}

// mergeAbsent takes over the worse of two opinions about a node that is not
// here, unless both speak of one run of it and one knows that run to be over.
func mergeAbsent(merged *cib.CIB, n cib.NodeState, apply func(cib.Command)) {
	known := merged.Status.Node(n.Uname)
	switch {
	case known == nil:
	case known.Incarnation == n.Incarnation && n.Expected == "down" && known.Expected != "down":
	case known.Incarnation == n.Incarnation && n.Attribute(AttributeAway) != "" && known.Expected != "down":
	case known.Incarnation != n.Incarnation && n.Expected != "down" && known.Expected == "down":
	default:
		return
	}
	apply(cib.Command{ReplaceNodeState: &n})
}

// selfState is what a member knows of itself. The history of an earlier run of
// its hostd is not its own: without history it is probed anew. An operation
// that was ordered but never reached the member makes the resource's history
// there worthless, so it is dropped and probed, too.
func selfState(o namedOffer) cib.NodeState {
	state := cib.NodeState{ID: o.name, Uname: o.name}
	if known := o.CIB.Status.Node(o.name); known != nil {
		state.ID = known.ID
		if known.Incarnation == o.Incarnation {
			state = *known
		}
	} else {
		for _, n := range o.CIB.Config.Nodes {
			if n.Uname == o.name {
				state.ID = n.ID
			}
		}
	}
	state.InCCM, state.Crmd, state.HasInCCM, state.HasCrmd = true, true, true, true
	state.Join, state.Expected = "member", "member"
	state.Incarnation, state.BootID, state.NodeFenced, state.PowerOn = o.Incarnation, o.BootID, "", ""
	known := map[int]bool{}
	for _, r := range o.Running {
		known[int(r.Operation.ID)] = true
	}
	for _, r := range o.Reports {
		known[int(r.Order.Operation.ID)] = true
	}
	state.History = slices.DeleteFunc(slices.Clone(state.History), func(h cib.ResourceHistory) bool {
		return slices.ContainsFunc(h.Ops, func(op cib.OpHistory) bool {
			return op.Status == cib.ExecPending && !known[op.CallID]
		})
	})
	return state
}

// keepOrphans keeps, over a restart of a node's hostd, the history of resources
// that are no longer configured: nobody probes for them, and they may still run
// there unless the kernel was restarted, too.
func keepOrphans(state, known *cib.NodeState, conf *cib.Configuration) {
	if known == nil || known.Incarnation == state.Incarnation || known.BootID != state.BootID {
		return
	}
	for _, h := range known.History {
		if h.Class != "stonith" && conf.FindResource(instanceOf(h.ID)) == nil && presenceOf(known, h.ID) != absent {
			h.Ops = slices.Clone(h.Ops)
			for i := range h.Ops {
				if op := &h.Ops[i]; op.Status == cib.ExecPending { // its end was never seen
					op.Status, op.RC, op.ExitReason = cib.ExecError, cib.UnknownError, "hostd restarted meanwhile"
				}
			}
			state.History = append(state.History, h)
		}
	}
}

// findGuestFence returns the record of a guest's request, or nil.
func findGuestFence(b *cib.CIB, vm, request string) *cib.GuestFence {
	for i := range b.Status.GuestFences {
		if g := &b.Status.GuestFences[i]; g.VM == vm && g.Request == request {
			return g
		}
	}
	return nil
}
