package policy

import "slices"

// What happens next to a resource.

// actions are what is planned for r and what is in it, and the fencing that this
// waits for.
func (x *explainer) actions(r *resource) []PlannedAction {
	var out []PlannedAction
	fencings := map[*action]bool{}
	for _, a := range x.p.actions {
		if a.r == nil || a.r != r && !a.r.inside(r) || a.r.variant != primitive {
			continue
		}
		told, worth := x.p.planned(a)
		if !worth {
			continue
		}
		out = append(out, told)
		for _, l := range a.before {
			if fence := l.a; fence.task == "stonith" && fence.is(actInGraph) && !fence.is(actPseudo) && !fencings[fence] {
				fencings[fence] = true
				told, _ := x.p.planned(fence)
				out = append(out, told)
			}
		}
	}
	migrates := slices.ContainsFunc(out, func(a PlannedAction) bool { return a.Task == "migrate_from" })
	slices.SortStableFunc(out, func(a, b PlannedAction) int { return lifeOrder(a, migrates) - lifeOrder(b, migrates) })
	return out
}

// planned tells of an action, if that is worth telling: what will be done, and
// what would be if it could.
func (p *plan) planned(a *action) (PlannedAction, bool) {
	out := PlannedAction{Key: a.key, Task: a.task, Node: nameOf(a.n)}
	if a.r != nil {
		out.Resource = a.r.id
	}
	switch {
	case a.is(actInGraph) && p.unfencedFirst(a) != nil:
		out.Why, out.Blocked = p.heldBack(a)
		return out, true
	case a.is(actInGraph) && !a.is(actPseudo):
		if a.task == "stonith" {
			out.Task = a.said("stonith_action")
		}
		out.Why = p.causeOf(a)
		return out, true
	case a.is(actInGraph) && a.why != nil && a.why.Kind == ReasonFenced:
		out.Why, out.Implied = *a.why, true
		return out, true
	case a.is(actRunnable), a.r == nil, !a.r.managed, a.isRecurring():
		return out, false
	case a.is(actOptional) && !(a.task == "start" && a.n == nodeOf(a.r.allocated) && len(a.r.running) == 0):
		return out, false
	}
	switch a.task {
	case "start", "stop", "promote", "demote":
		if a.task == "start" && a.r.next <= roleStopped {
			return out, false
		}
		out.Why, out.Blocked = p.whyBlocked(a)
		return out, out.Blocked
	}
	return out, false
}

// lifeOrder is when, in a resource's life, an action comes. The stop after a
// live migration is the last of it.
func lifeOrder(a PlannedAction, migrates bool) int {
	steps := []string{"clear_failcount", "monitor", "cancel", "demote", "stop", "delete", "migrate_to", "migrate_from", "start", "promote"}
	at := slices.Index(steps, a.Task)
	switch _, _, ms, _ := splitKey(a.Key); {
	case a.Resource == "": // fencing
		return -1
	case at < 0, ms != 0 && a.Task == "monitor":
		return len(steps)
	case migrates && a.Task == "stop":
		return len(steps) - 1
	}
	return at
}
