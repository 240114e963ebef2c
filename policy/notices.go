package policy

import (
	"maps"
	"slices"
	"strings"
)

// notices are the pseudo actions around the notifications of one kind of
// change of a clone ("Pacemaker Explained, Clone Notifications"): every
// instance is told before and after.
type notices struct {
	task                         string
	pre, preDone, post, postDone *action
}

func notifyKey(rsc, kind, task string) string { return rsc + "_" + kind + "_notify_" + task + "_0" }

// noticePseudos creates them for a clone that wants notifications; change or
// complete may be nil if there is nothing to tell before or after.
func (p *plan) noticePseudos(r *resource, task string, change, complete *action) *notices {
	if !r.notify {
		return nil
	}
	t := &notices{task: task}
	if change != nil {
		t.pre = p.noticePseudo(r, task, change, "notify", "pre", "pre")
		t.preDone = p.noticePseudo(r, task, change, "notified", "confirmed-pre", "pre")
		t.pre.set(actRunnable)
		t.preDone.set(actRunnable)
		p.link(t.pre, t.preDone, ordOptional)
		p.link(t.preDone, change, ordOptional)
	}
	if complete != nil {
		t.post = p.noticePseudo(r, task, complete, "notify", "post", "post")
		t.postDone = p.noticePseudo(r, task, complete, "notified", "confirmed-post", "post")
		for _, a := range [...]*action{t.post, t.postDone} {
			a.priority = infinity
			a.clear(actRunnable)
			a.set(complete.flags & actRunnable)
		}
		p.link(complete, t.post, ordImpliesThen)
		p.link(t.post, t.postDone, ordImpliesThen)
	}
	if change != nil && complete != nil {
		p.link(t.preDone, t.post, ordOptional)
	}
	return t
}

func (p *plan) noticePseudo(r *resource, task string, about *action, name, kind, when string) *action {
	a := p.customAction(r, notifyKey(r.id, kind, about.task), name, nil, about.is(actOptional))
	a.set(actPseudo)
	maps.Copy(a.settings.all(), map[string]string{
		"notify_key_type": kind, "notify_key_operation": about.task, "notify_type": when, "notify_operation": task,
	})
	return a
}

// noticeData is what the instances are told.
type noticeData struct {
	t       *notices
	entries map[string][]noticeEntry // by state or change
	env     map[string]string
}

type noticeEntry struct {
	r *resource
	n *node
}

func (d *noticeData) add(what string, r *resource, n *node) {
	d.entries[what] = append(d.entries[what], noticeEntry{r, n})
}

// collect gathers the instances' states and, with changes, what will be done.
func (d *noticeData) collect(r *resource, changes bool) {
	if len(r.children) > 0 {
		for _, c := range r.children {
			d.collect(c, changes)
		}
		return
	}
	var n *node
	if len(r.running) > 0 {
		n = r.running[0]
	}
	switch r.role {
	case roleStopped:
		d.add("inactive", r, n)
	case roleUnpromoted:
		d.add("unpromoted", r, n)
	case rolePromoted:
		d.add("promoted", r, n)
	}
	if r.role >= roleStarted {
		d.add("active", r, n)
	}
	if !changes {
		return
	}
	for _, a := range r.actions {
		if a.is(actOptional) || a.n == nil || !a.is(actRunnable) && !(a.task == "stop" && a.n.unclean) {
			continue
		}
		switch a.task {
		case "start", "stop", "promote", "demote":
			d.add(a.task, r, a.n)
		}
	}
}

// names lists a state's instances and their nodes, sorted, each instance once.
// A list of instances without nodes leaves out those that have none.
func (d *noticeData) names(what string, needNode bool) (rscs, nodes string) {
	list := d.entries[what]
	slices.SortStableFunc(list, func(a, b noticeEntry) int {
		if c := strings.Compare(a.r.id, b.r.id); c != 0 {
			return c
		}
		if a.n == nil || b.n == nil {
			return yesFirst(a.n != nil, b.n != nil)
		}
		return strings.Compare(a.n.id, b.n.id)
	})
	var rs, ns []string
	last := ""
	for _, e := range list {
		if needNode && e.n == nil || e.r.id == last {
			continue
		}
		last = e.r.id
		rs = append(rs, e.r.id)
		if e.n != nil {
			ns = append(ns, e.n.name)
		}
	}
	return words(rs), words(ns)
}

// words joins names; nothing is a single space, as agents expect.
func words(list []string) string {
	if len(list) == 0 {
		return " "
	}
	return strings.Join(list, " ")
}

func (p *plan) noticeEnv(r *resource, d *noticeData) {
	d.env = map[string]string{}
	required := false
	for _, task := range [...]string{"stop", "start", "demote", "promote"} {
		rscs, nodes := d.names(task, true)
		required = required || task == d.t.task && len(d.entries[task]) > 0
		d.env["notify_"+task+"_resource"], d.env["notify_"+task+"_uname"] = rscs, nodes
	}
	for state, aliases := range map[string][]string{"active": {"active"}, "unpromoted": {"unpromoted", "slave"}, "promoted": {"promoted", "master"}} {
		rscs, nodes := d.names(state, true)
		for _, name := range aliases {
			d.env["notify_"+name+"_resource"], d.env["notify_"+name+"_uname"] = rscs, nodes
		}
	}
	d.env["notify_inactive_resource"], _ = d.names("inactive", false)
	var available, all, hosts []string
	for _, n := range p.nodes {
		if r.allowed.get(n) != nil {
			available = append(available, n.name)
		}
		all = append(all, n.name)
		host := n
		if n.isGuest() {
			if h := n.remote.container.current(); h != nil {
				host = h
			}
		}
		hosts = append(hosts, host.name)
	}
	d.env["notify_available_uname"], d.env["notify_all_uname"] = words(available), words(all)
	if r.meta["container-attribute-target"] == "host" {
		d.env["notify_all_hosts"] = words(hosts)
	}
	if required {
		for _, a := range [...]*action{d.t.pre, d.t.preDone, d.t.post, d.t.postDone} {
			if a != nil {
				a.clear(actOptional)
			}
		}
	}
}

// createNotices adds the notifications themselves once it is certain what
// will change.
func (p *plan) createNotices(r *resource) {
	c := &r.clone
	for _, t := range [...]*notices{c.start, c.stop, c.promote, c.demote} {
		if t == nil {
			continue
		}
		d := &noticeData{t: t, entries: map[string][]noticeEntry{}}
		d.collect(r, true)
		p.noticeEnv(r, d)
		p.createNotice(r, d)
	}
}

// noticesAfterFencing tells the survivors of a stop that fencing implies.
func (p *plan) noticesAfterFencing(stop *action, r *resource, fence *action) {
	t := p.noticePseudos(r, "stop", nil, fence)
	if t == nil {
		return
	}
	d := &noticeData{t: t, entries: map[string][]noticeEntry{}}
	d.collect(r, false)
	d.env = map[string]string{"notify_stop_resource": r.id, "notify_stop_uname": stop.n.name}
	p.createNotice(r.top(), d)
}

func addMissing(to, from map[string]string) {
	for name, value := range from {
		if _, has := to[name]; !has {
			to[name] = value
		}
	}
}

func (p *plan) createNotice(r *resource, d *noticeData) {
	if len(r.children) > 0 {
		for _, c := range r.children {
			p.createNotice(c, d)
		}
		return
	}
	for _, a := range r.actions {
		if !a.is(actOptional) && a.n != nil && slices.Contains([]string{"start", "stop", "promote", "demote"}, a.task) {
			addMissing(a.settings.all(), d.env)
		}
	}
	task := d.t.task
	if task != "stop" && len(d.entries[task]) == 0 {
		return
	}
	switch task {
	case "stop", "demote":
		if r.role != roleStopped {
			p.noticeBeforeDown(r, d, task)
		}
	case "start", "promote":
		if r.next != roleStopped {
			p.noticeAfterUp(r, d, task)
		}
	}
}

func (p *plan) noticeBeforeDown(r *resource, d *noticeData, task string) {
	stop := r.newestAction("stop", nil)
	for _, n := range r.running {
		if stop != nil && stop.is(actPseudo) && (n.unclean || n.remoteReset) {
			continue
		}
		p.notice(r, n, d.t.pre, d.t.preDone, d)
		if task == "demote" || stop == nil || stop.is(actOptional) {
			p.noticePost(r, n, d)
		}
	}
}

func (p *plan) noticeAfterUp(r *resource, d *noticeData, task string) {
	start := r.newestAction("start", nil)
	if start != nil && start.n != nil && start.n.remote != nil {
		if up := start.n.remote.newestAction("start", nil); up != nil && !up.is(actRunnable) {
			return
		}
	}
	if r.allocated == nil {
		p.fault("Next role '%s' but %s is not allocated", r.next, r.id)
		return
	}
	n := r.allocated.node
	if task != "start" || start == nil || start.is(actOptional) {
		p.notice(r, n, d.t.pre, d.t.preDone, d)
	}
	p.noticePost(r, n, d)
}

// notice schedules one notification between its pseudo actions.
func (p *plan) notice(r *resource, n *node, before, after *action, d *noticeData) *action {
	if before == nil || after == nil || !n.online || !before.is(actRunnable) {
		return nil
	}
	key := notifyKey(r.id, before.said("notify_type"), before.said("notify_operation"))
	a := p.customAction(r, key, before.task, n, before.is(actOptional))
	addMissing(a.settings.all(), before.settings.all())
	addMissing(a.settings.all(), d.env)
	p.link(before, a, ordOptional)
	p.link(a, after, ordOptional)
	return a
}

func (p *plan) noticePost(r *resource, n *node, d *noticeData) {
	if a := p.notice(r, n, d.t.post, d.t.postDone, d); a != nil {
		a.priority = infinity
	}
	if d.t.postDone == nil {
		return
	}
	for _, a := range slices.Backward(r.actions) {
		if a.isRecurring() && a.task != "cancel" {
			p.link(d.t.postDone, a, ordOptional)
		}
	}
}
