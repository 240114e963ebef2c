package node

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// maxRepeats is how often a transition may follow another without any news
// before the DC waits: a scheduler that is never content must not spin.
const maxRepeats = 20

// recheckAfterLoop is that wait.
const recheckAfterLoop = 15 * time.Second

// actionState is where an action of the graph stands.
type actionState int

const (
	waiting actionState = iota
	running
	done
	failed
)

// graph is a transition in progress.
type graph struct {
	no      int
	t       *policy.Transition
	index   map[int]int // action id -> position
	state   []actionState
	expires []time.Time // of running operations
	began   time.Time
	aborted string // why nothing more is started; "" = not aborted
}

// transitionProgress computes a transition when something has changed and none
// is in progress, and carries the one in progress on.
func (c *Core) transitionProgress() {
	o := c.office
	if o == nil || !o.ready {
		return
	}
	for range maxRepeats + 1 {
		if o.graph != nil {
			c.fire()
			c.drain() // this node's own part may have ended actions at once
			if c.office != o {
				return
			}
			c.fire()
			if !c.graphEnded() {
				return
			}
		}
		if o.dirty == "" && !o.recheck.IsZero() && !c.now.Before(o.recheck) {
			o.dirty, o.repeats = "time has passed", 0
		}
		if o.graph != nil || o.dirty == "" || c.waitsForNodes() || c.joining() || !c.compute() {
			return
		}
	}
}

// compute asks the scheduler; false when there is nothing to do.
func (c *Core) compute() bool {
	o := c.office
	why := o.dirty
	o.dirty = ""
	t := c.cfg.Schedule(policy.Input{CIB: c.cib, Now: c.now})
	o.last, o.recheck = t, t.RecheckAt
	if !o.recheck.IsZero() && !o.recheck.After(c.now) {
		o.recheck = c.now.Add(time.Second) // the scheduler answers whole seconds
	}
	if !slices.ContainsFunc(t.Actions, func(a *policy.Action) bool { return a.Kind != policy.Pseudo && !c.held(a) }) {
		return false // nothing to do, or nothing that may be done yet
	}
	if o.repeats++; o.repeats > maxRepeats {
		o.recheck = c.now.Add(recheckAfterLoop)
		c.announce(EventTransitionLoop, levelError, "action", t.Actions[0].Key, "remedy", "report this with the output of vm-ctl cib")
		return false
	}
	for _, problem := range t.Errors {
		c.announce(EventPolicyProblem, levelError, "problem", problem)
	}
	o.graphNo++
	g := &graph{no: o.graphNo, t: t, index: map[int]int{}, began: c.now,
		state: make([]actionState, len(t.Actions)), expires: make([]time.Time, len(t.Actions))}
	for i, a := range t.Actions {
		g.index[a.ID] = i
	}
	o.graph = g
	c.announce(EventTransition, levelInfo, "transition", strconv.Itoa(g.no), "actions", strconv.Itoa(len(t.Actions)), "why", why)
	return true
}

// fire starts every action that is ready, the most urgent first, within the
// batch and migration limits, until no more can be started.
func (c *Core) fire() {
	g := c.office.graph
	c.expireActions(g)
	for again := true; again; {
		again = false
		for _, i := range g.ready() {
			if g.aborted != "" || c.held(g.t.Actions[i]) || !g.room(i) {
				continue
			}
			c.startAction(g, i)
			again = true
		}
	}
}

// ready are the positions of the actions whose inputs are done.
func (g *graph) ready() []int {
	var out []int
	for i, a := range g.t.Actions {
		if g.state[i] == waiting && g.inputsDone(a) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return g.t.Actions[b].Priority - g.t.Actions[a].Priority })
	return out
}

func (g *graph) inputsDone(a *policy.Action) bool {
	for _, id := range a.Inputs {
		if at, ok := g.index[id]; ok && g.state[at] != done {
			return false
		}
	}
	return true
}

// room reports whether the limits let action i start now.
func (g *graph) room(i int) bool {
	a := g.t.Actions[i]
	if a.Kind != policy.ResourceOp {
		return true
	}
	busy, moving := 0, 0
	for j, b := range g.t.Actions {
		if g.state[j] != running || b.Kind != policy.ResourceOp {
			continue
		}
		busy++
		if b.Node == a.Node && strings.HasPrefix(b.Task, "migrate_") {
			moving++
		}
	}
	if g.t.BatchLimit > 0 && busy >= g.t.BatchLimit {
		return false
	}
	return !strings.HasPrefix(a.Task, "migrate_") || g.t.MigrationLimit <= 0 || moving < g.t.MigrationLimit
}

// startAction carries an action out or orders it.
func (c *Core) startAction(g *graph, i int) {
	a := g.t.Actions[i]
	g.state[i] = running
	switch {
	case a.Kind == policy.Pseudo:
		g.state[i] = done
	case a.Kind == policy.FenceOp:
		c.fenceForGraph(a)
	case a.Kind == policy.ClusterOp, a.Task == "delete": // delete: of a history, no agent knows it
		c.clusterAction(a)
		g.state[i] = done
	default:
		c.resourceAction(g, i)
	}
}

// clusterAction does the cluster's own work.
func (c *Core) clusterAction(a *policy.Action) {
	resource := actionResource(a)
	switch a.Task {
	case "clear_failcount":
		c.commit(cib.Command{ClearFailures: &cib.ClearFailures{Node: a.Node, Resource: resource}})
	case "lrm_delete", "delete":
		c.commit(cib.Command{ForgetResource: &cib.ForgetResource{Node: a.Node, Resource: resource}})
	case "do_shutdown":
		c.grantLeave(a.Node)
	}
}

// actionResource is the resource an action is about, from its operation or
// from its key RSC_TASK_INTERVAL.
func actionResource(a *policy.Action) string {
	if a.Operation != nil {
		return a.Operation.Resource
	}
	return strings.TrimSuffix(a.Key, "_"+a.Task+"_0")
}

// resourceAction orders an operation on its node.
func (c *Core) resourceAction(g *graph, i int) {
	a := g.t.Actions[i]
	switch {
	case a.Operation == nil:
		g.state[i] = failed
		g.aborted = "action " + a.Key + " has no operation"
	case !c.joined(a.Node):
		g.state[i] = failed
		g.aborted = "node " + a.Node + " does not take part, " + a.Key + " has to wait"
	case a.Task == "cancel" || a.Operation.Name == "cancel":
		c.orderCancel(a)
		g.state[i] = done
	default:
		op := *a.Operation
		op.Cause = cmpOr(op.Cause, a.Cause)
		op.TransitionKey = fmt.Sprintf("%d:%d:%d:%s", a.ID, g.no, a.TargetRC, c.office.key)
		c.doubtTarget(&op)
		g.expires[i] = c.now.Add(operationTimeout(&op) + g.t.ClusterDelay + c.cfg.Timings.Report)
		c.order(a.Node, orderMsg{Operation: op, TargetRC: a.TargetRC, OpDigest: a.OpDigest})
	}
}

// operationTimeout is what an operation may take on its node.
func operationTimeout(op *cib.Operation) time.Duration {
	return cmpOr(op.Timeout, 20*time.Second) + op.StartDelay
}

func cmpOr[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// transitionKey identifies this DC's time in office in transition keys: 36
// characters, as Pacemaker's tools expect.
func (c *Core) transitionKey() string {
	name := fmt.Sprintf("%x", c.cfg.Node+"/"+c.cfg.Incarnation)
	name = (name + strings.Repeat("0", 24))[:24]
	return fmt.Sprintf("%08x-%s-%s-%s-%s", uint32(c.vote.term), name[0:4], name[4:8], name[8:12], name[12:24])
}

// actionDone notes the end of the action that a transition key names; false
// when it belongs to no action in progress.
func (c *Core) actionDone(key string, ok bool) bool {
	o := c.office
	var id, no, target int
	var uuid string
	if _, err := fmt.Sscanf(key, "%d:%d:%d:%s", &id, &no, &target, &uuid); err != nil {
		return false
	}
	g := o.graph
	if g == nil || g.no != no || uuid != c.office.key {
		return false
	}
	i, known := g.index[id]
	if !known || g.state[i] != running {
		return false
	}
	c.settleAction(g, i, ok)
	return true
}

// settleAction ends an action; a failure ends the transition unless it may fail.
func (c *Core) settleAction(g *graph, i int, ok bool) {
	a := g.t.Actions[i]
	if ok || a.CanFail {
		g.state[i] = done
		return
	}
	g.state[i] = failed
	c.markDirty(a.Key + " on " + a.Node + " did not end as expected")
}

// expireActions counts an operation without a report as timed out. The result
// goes into the history, so that the scheduler decides what follows.
func (c *Core) expireActions(g *graph) {
	for i, a := range g.t.Actions {
		if g.state[i] != running || g.expires[i].IsZero() || c.now.Before(g.expires[i]) {
			continue
		}
		g.expires[i] = time.Time{}
		c.recordLost(a)
		c.settleAction(g, i, false)
	}
}

// graphNodeGone ends what was running on a node that went: nobody will report it.
func (c *Core) graphNodeGone(name string) {
	g := c.office.graph
	if g == nil {
		return
	}
	for i, a := range g.t.Actions {
		if g.state[i] == running && a.Node == name && a.Kind == policy.ResourceOp {
			c.settleAction(g, i, false)
		}
	}
}

// graphEnded closes the graph when nothing runs any more. A graph
// that did something is followed by another look, until one is empty.
func (c *Core) graphEnded() bool {
	o := c.office
	g := o.graph
	did := false
	for i, a := range g.t.Actions {
		if g.state[i] == running {
			return false
		}
		did = did || g.state[i] == done && a.Kind != policy.Pseudo
	}
	o.graph = nil
	if g.aborted == "" && did && o.dirty == "" {
		o.dirty = "transition " + strconv.Itoa(g.no) + " is complete"
	}
	c.announce(EventTransitionEnd, levelInfo, "transition", strconv.Itoa(g.no), "ms", strconv.FormatInt(c.now.Sub(g.began).Milliseconds(), 10),
		"result", cmpOr(prefixed("aborted: ", g.aborted), "complete"))
	return true
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func (c *Core) graphDeadline(d *deadline) {
	g := c.office.graph
	if g == nil {
		return
	}
	for i := range g.t.Actions {
		if g.state[i] == running {
			d.add(g.expires[i])
		}
	}
}
