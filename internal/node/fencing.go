package node

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// fencer is this node's part in fencing, whoever is DC.
type fencer struct {
	lastID uint64
	orders []fenceOrder
	ended  []fenceEndMsg // not yet told to a DC
}

// fenceOrder is a fencing in progress on this node; id is that of its effect.
type fenceOrder struct {
	id    uint64
	order fenceMsg
}

// fenceJob is the DC's fencing of one target, on one member after another.
type fenceJob struct {
	fenceMsg
	tried   []string
	node    string // who is at it
	expires time.Time
	clients []origin
	last    string // why the last attempt failed
}

// fenceFailure counts how often all members have failed to fence a target.
type fenceFailure struct {
	Count int
	Next  time.Time
	Error string
}

// fenceForGraph starts the fencing that an action asks for, or joins the one
// in progress.
func (c *Core) fenceForGraph(a *policy.Action) {
	delay := time.Duration(0)
	for _, nv := range a.Meta {
		if nv.Name == "priority-fencing-delay" {
			delay, _ = cib.ParseDuration(nv.Value)
		}
	}
	timeout := c.cfg.Timings.FenceTimeout
	if g := c.office.graph; g != nil && g.t.FencingTimeout > 0 {
		timeout = g.t.FencingTimeout
	}
	c.fence(a.Node, a.Task, a.Cause, delay, timeout)
}

// fence starts a job, or joins the target's one that does at least what is
// asked: one that switches off is as good as a reboot, never the reverse, for
// a reboot ends by switching on. Switching on joins nothing else.
func (c *Core) fence(target, action, cause string, delay, timeout time.Duration) *fenceJob {
	asked := &fenceJob{fenceMsg: fenceMsg{Target: target}}
	if off := c.otherJob(asked, "off"); off != nil && action == "reboot" {
		return off
	}
	if same := c.otherJob(asked, action); same != nil {
		return same
	}
	levels, deviceDelay := c.fenceLevels(target)
	return c.startFence(target, action, cause, levels, delay+deviceDelay, timeout)
}

// startFence starts a job with certain devices.
func (c *Core) startFence(target, action, cause string, levels []FenceLevel, delay, timeout time.Duration) *fenceJob {
	o := c.office
	o.fenceID++
	n := c.node(target)
	j := &fenceJob{fenceMsg: fenceMsg{
		ID: o.fenceID, Target: target, Action: action, Levels: levels, Cause: cause, Victim: n.BootID,
		TimeoutMS: timeout.Milliseconds(), DelayMS: delay.Milliseconds(),
	}}
	if m := c.members.member(target); m != nil {
		j.Victim = m.BootID
	}
	o.fences = append(o.fences, j)
	if len(levels) == 0 {
		j.last = "no fencing device is configured for " + target + ": add a stonith resource with pcmk_host_list=" + target
		c.fenceGivenUp(j)
		return j
	}
	c.nextFencer(j)
	return j
}

// nextFencer asks the next member: the one that is at another job for the target,
// whose fencer does one after the other, or this node first, then the others;
// never the target itself.
func (c *Core) nextFencer(j *fenceJob) {
	first := c.cfg.Node
	if other := c.otherJob(j, "off", "reboot", "on"); other != nil && other.node != "" {
		first = other.node
	}
	names := c.joinedNames()
	slices.SortStableFunc(names, func(a, b string) int { return rankOf(a, first) - rankOf(b, first) })
	for _, name := range names {
		if name == j.Target || slices.Contains(j.tried, name) {
			continue
		}
		j.node, j.tried = name, append(j.tried, name)
		wait := time.Duration(j.TimeoutMS+j.DelayMS)*time.Millisecond + c.cfg.Timings.Report
		j.expires = c.now.Add(wait)
		c.announce(EventFenceStarted, levelWarn, "target", j.Target, "action", j.Action, "by", name, "cause", j.Cause)
		m := j.fenceMsg
		c.send(name, message{Fence: &m})
		return
	}
	if j.last == "" {
		j.last = "no other member is here to fence " + j.Target
	}
	c.fenceGivenUp(j)
}

// otherJob is another job for j's target with one of these actions, or nil.
func (c *Core) otherJob(j *fenceJob, actions ...string) *fenceJob {
	for _, k := range c.office.fences {
		if k != j && k.Target == j.Target && slices.Contains(actions, k.Action) {
			return k
		}
	}
	return nil
}

// fencingOf is the job that takes a node down, or nil.
func (c *Core) fencingOf(target string) *fenceJob {
	return c.otherJob(&fenceJob{fenceMsg: fenceMsg{Target: target}}, "off", "reboot")
}

func rankOf(name, first string) int {
	if name == first {
		return 0
	}
	return 1
}

// fenceGivenUp ends a job that every member has failed at. A target to be taken
// down stays unclean, nothing of it is recovered, and the fencing is tried
// again; so is switching on.
func (c *Core) fenceGivenUp(j *fenceJob) {
	fails := c.office.fenceFails
	if j.Action == "on" {
		fails = c.office.powerFails
	}
	f := fails[j.Target]
	if f == nil {
		f = &fenceFailure{}
		fails[j.Target] = f
	}
	f.Count++
	f.Error = j.last
	f.Next = c.now.Add(c.cfg.Timings.FenceRetry << min(f.Count-1, 4))
	c.announce(EventFenceGivenUp, levelError, "target", j.Target, "action", j.Action, "attempt", strconv.Itoa(f.Count), "error", j.last,
		"next", "again in "+f.Next.Sub(c.now).String())
	c.endFence(j, false)
}

// endFence takes a job from the list and tells who waited for it.
func (c *Core) endFence(j *fenceJob, ok bool) {
	o := c.office
	o.fences = slices.DeleteFunc(o.fences, func(k *fenceJob) bool { return k == j })
	if j.Action != "on" && (ok || c.otherJob(j, "off", "reboot") == nil) {
		c.settleFenceActions(j.Target, ok)
	}
	for _, from := range j.clients {
		if ok {
			c.answer(from, mustJSON(struct {
				Node string `json:"node"`
			}{j.Target}), nil)
		} else {
			c.answer(from, nil, &refusal{"node " + j.Target + " could not be fenced: " + j.last})
		}
	}
}

func (c *Core) settleFenceActions(target string, ok bool) {
	g := c.office.graph
	if g == nil {
		return
	}
	for i, a := range g.t.Actions {
		if g.state[i] == running && a.Kind == policy.FenceOp && a.Node == target {
			c.settleAction(g, i, ok)
		}
	}
}

// fenceOrdered fences on this node; an order for what is in progress already
// takes that one's result.
func (c *Core) fenceOrdered(m *fenceMsg) {
	f := &c.fencer
	for i := range f.orders {
		o := &f.orders[i]
		if o.order.Target == m.Target && o.order.Action == m.Action && o.order.Victim == m.Victim {
			o.order = *m
			return
		}
	}
	f.lastID++
	f.orders = append(f.orders, fenceOrder{id: f.lastID, order: *m})
	c.emit(Fence{ID: f.lastID, Target: m.Target, Action: m.Action, Levels: m.Levels,
		TimeoutMS: m.TimeoutMS, DelayMS: m.DelayMS, Cause: m.Cause})
}

// fenceDone takes the result of a Fence effect; the present DC hears of it,
// also when it is not the one that gave the order.
func (c *Core) fenceDone(e FenceDone) {
	f := &c.fencer
	i := slices.IndexFunc(f.orders, func(o fenceOrder) bool { return o.id == e.ID })
	if i < 0 {
		return
	}
	m := f.orders[i].order
	f.orders = slices.Delete(f.orders, i, i+1)
	f.ended = append(f.ended, fenceEndMsg{ID: m.ID, Target: m.Target, Action: m.Action, Victim: m.Victim,
		OK: e.OK, Device: e.Device, Error: e.Error, LeftOff: e.LeftOff})
}

// fencingProgress tells the DC what has ended here; the DC gives up on members
// that do not answer and tries failed targets again.
func (c *Core) fencingProgress() {
	dc := c.vote.dc
	if dc != "" && (dc != c.cfg.Node || c.office != nil && c.office.ready) {
		for i := range c.fencer.ended {
			c.send(dc, message{FenceEnd: &c.fencer.ended[i]})
		}
		c.fencer.ended = nil
		c.drain()
	}
	o := c.office
	if o == nil || !o.ready {
		return
	}
	for _, j := range slices.Clone(o.fences) {
		if j.node != "" && !c.now.Before(j.expires) {
			c.fenceAttemptFailed(j, "no answer within its time")
		}
	}
	for _, target := range sortedKeys(o.fenceFails) {
		f := o.fenceFails[target]
		if !f.Next.IsZero() && !c.now.Before(f.Next) {
			f.Next = time.Time{}
			c.markDirty("fencing of " + target + " is tried again")
		}
	}
	c.powerOnProgress()
}

// fenceEnded takes a member's result.
func (c *Core) fenceEnded(from string, m *fenceEndMsg) {
	o := c.office
	if o == nil || !o.ready {
		return
	}
	i := slices.IndexFunc(o.fences, func(j *fenceJob) bool { return j.Target == m.Target && j.Action == m.Action && j.Victim == m.Victim })
	var j *fenceJob
	if i >= 0 {
		j = o.fences[i]
	}
	if !m.OK {
		if j != nil && j.node == from {
			c.fenceAttemptFailed(j, m.Error)
		}
		return
	}
	if m.Action == "on" {
		c.poweredOn(m.Target)
	} else {
		c.confirmFenced(m, from)
	}
	if j != nil {
		c.endFence(j, true)
	}
}

func (c *Core) fenceAttemptFailed(j *fenceJob, why string) {
	if c.joined(j.Target) && len(j.clients) == 0 {
		c.endFence(j, false) // it is back, nobody wants it dead any more
		return
	}
	j.last = j.node + ": " + why
	c.announce(EventFenceFailed, levelError, "target", j.Target, "action", j.Action, "by", j.node, "error", why)
	j.node = ""
	if off := c.otherJob(j, "off"); off != nil && j.Action == "reboot" {
		c.yieldFence(j, off) // elsewhere its end could switch on what is to be off
		return
	}
	c.nextFencer(j)
}

// yieldFence ends a job in favour of another; who waited for it waits for that.
func (c *Core) yieldFence(j, to *fenceJob) {
	to.clients = append(to.clients, j.clients...)
	c.office.fences = slices.DeleteFunc(c.office.fences, func(k *fenceJob) bool { return k == j })
}

// fenceTargetBack takes a node that joins from the list of those to be fenced.
// With another boot id it was down for certain; with the same one a fencing in
// progress may still hit it, but nothing waits for that.
func (c *Core) fenceTargetBack(name string) {
	o := c.office
	delete(o.fenceFails, name)
	boot := c.members.member(name).BootID
	for _, j := range slices.Clone(o.fences) {
		switch {
		case j.Target != name || j.Action == "on":
		case j.Victim != boot:
			c.endFence(j, true)
		case o.graph != nil:
			c.settleFenceActions(name, true)
		}
	}
}

// confirmFenced records that a node is certainly down, for all members. A node
// that runs another kernel by now is not the one that was shot.
func (c *Core) confirmFenced(m *fenceEndMsg, by string) {
	delete(c.office.fenceFails, m.Target)
	here := c.members.member(m.Target)
	if here != nil && here.BootID != m.Victim || here == nil && c.node(m.Target).BootID != m.Victim {
		return
	}
	c.announce(EventNodeFenced, levelWarn, "node", m.Target, "by", by, "device", m.Device)
	fenced := cib.NodeFenced{Node: m.Target, At: c.now.Unix()}
	if m.LeftOff {
		fenced.PowerOn = m.Device
	}
	c.commit(cib.Command{NodeFenced: &fenced})
	c.office.disputed = true // it may have decided alone before it died
	c.markDirty("node " + m.Target + " was fenced")
}

// learnFenced makes a fenced node's last heartbeats and messages void. A node
// that hears this of itself has been declared dead: it lets go of everything.
func (c *Core) learnFenced(name string) {
	if name == c.cfg.Node {
		c.fencedAlive()
		return
	}
	if m := c.members.member(name); m != nil && m.BootID == c.node(name).BootID {
		setString(&c.members.shot, name, m.BootID)
		c.judgeView()
	}
}

// fencersGone passes jobs on that a lost member was at.
func (c *Core) fencersGone(name string) {
	for _, j := range slices.Clone(c.office.fences) {
		if j.node == name {
			c.fenceAttemptFailed(j, "the member has gone")
		}
	}
}

func (c *Core) fencingDeadline(d *deadline) {
	for _, j := range c.office.fences {
		d.add(j.expires)
	}
	for _, target := range sortedKeys(c.office.fenceFails) {
		d.add(c.office.fenceFails[target].Next)
	}
	for _, target := range sortedKeys(c.office.powerFails) {
		d.add(c.office.powerFails[target].Next)
	}
}

// uncleanNodes are the nodes that vanished and are not yet fenced, sorted.
func (c *Core) uncleanNodes() []string {
	var names []string
	for _, n := range c.cib.Status.Nodes {
		if n.HasInCCM && !n.Crmd && n.Expected == "member" {
			names = append(names, n.Uname)
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
