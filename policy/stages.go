package policy

import "strings"

// The pseudo actions around what is in a clone or bundle (start and running,
// stop and stopped …) have no flags of their own: they follow from the actions
// of the instances. Since everything that is ordered with a clone looks at
// them, they are found out once for each version of the clone.

// stagedFlags are the flags of a clone's pseudo action in one version of the
// clone; versions begin at 1.
type stagedFlags struct {
	version uint
	flags   actFlag
}

// changed tells what depends on the action that its flags, or what it is, have
// changed: what it is ordered with, and the groups and clones that it belongs
// to, of which there is a new version.
func (a *action) changed() {
	a.unsettle()
	for r := a.r; r != nil; r = r.parent {
		r.version++
		if r.variant == primitive {
			continue
		}
		for _, stage := range r.actions {
			stage.unsettle()
		}
	}
}

// unsettle: the action and what follows it have to be made consistent anew.
func (a *action) unsettle() {
	a.settled, a.disturbed = false, true
	for _, l := range a.after {
		l.a.settled, l.a.disturbed = false, true
	}
}

// cloneFlags are stageFlags of a clone, on n if given.
func (r *resource) cloneFlags(a *action, n *node) actFlag {
	at := 0
	if n != nil {
		at = 1 + n.index
	}
	if at < len(a.staged) && a.staged[at].version == r.version {
		return a.staged[at].flags
	}
	before := r.version
	flags := r.stageFlags(a, r.children, n)
	if before == r.version && before > 0 {
		for len(a.staged) <= at {
			a.staged = append(a.staged, stagedFlags{})
		}
		a.staged[at] = stagedFlags{r.version, flags}
	}
	return flags
}

// stageFlags are the flags of a pseudo action around those of instances: it is
// required if one of those is, and can run if one of those can.
func (r *resource) stageFlags(a *action, instances []*resource, n *node) actFlag {
	flags := actOptional | actRunnable | actPseudo
	task := r.cloneTask(a)
	anyRunnable := false
	for _, c := range instances {
		on := n
		if len(c.children) > 0 {
			on = nil
		}
		b := c.newestAction(task, on)
		if b == nil {
			continue
		}
		cf := c.actionFlags(b, n)
		if flags&actOptional != 0 && cf&actOptional == 0 {
			flags &^= actOptional
			a.clear(actOptional)
		}
		anyRunnable = anyRunnable || cf&actRunnable != 0
	}
	if !anyRunnable {
		flags &^= actRunnable
		if n == nil {
			a.clear(actRunnable)
		}
	}
	return flags
}

// cloneTask is the task of the instances that a clone's action is about.
func (r *resource) cloneTask(a *action) string {
	task := a.task
	if task == "notify" || task == "notified" {
		// RSC_pre_notify_start_0: the task is the last word but one.
		parts := strings.Split(a.key, "_")
		if len(parts) >= 2 {
			task = parts[len(parts)-2]
		}
	}
	return r.children[0].atomicTask(knownTask(task))
}

// doneOf names what is done once a task is.
var doneOf = map[string]string{"start": "running", "stop": "stopped", "promote": "promoted", "demote": "demoted", "notify": "notified"}

// doing is the task by which something came to be done, "" for none.
func doing(done string) string {
	switch done {
	case "running":
		return "start"
	case "stopped":
		return "stop"
	case "promoted":
		return "promote"
	case "demoted":
		return "demote"
	}
	return ""
}

// stageFor is the action of a collective resource that others wait for: not
// "start" but "everything is running".
func stageFor(a *action) *action {
	r := a.r
	if r == nil || r.variant < group || a.key == "" {
		return a
	}
	if a.stageKey == "" {
		a.stageKey = stageKey(a)
	}
	if b := r.newestByKey(a.stageKey); b != nil {
		return b
	}
	return a
}

func stageKey(a *action) string {
	r := a.r
	_, task, ms, ok := splitKey(a.key)
	if !ok || strings.Contains(a.key, "notify") || ms != 0 {
		return a.key
	}
	done := doneOf[task]
	if doing(task) != "" || task == "notified" {
		done = task
	}
	switch {
	case done == "":
		return a.key
	case r.notify && (r.parent == nil || r.isClone() && r.parent.variant == bundle):
		return notifyKey(r.id, "confirmed-post", done)
	}
	return opKey(r.id, done, 0)
}
