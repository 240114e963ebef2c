package node

import (
	"fmt"
	"strings"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// explain tells what only the daemons know of a resource, a node or of fencing:
// what is being done, what has failed, what was decided lately and why. Why a
// resource is where it is follows from the CIB alone: policy.Explain tells that.
func (c *Core) explain(subject string) ([]string, error) {
	var lines []string
	switch {
	case subject == "fence" || subject == "fencing":
		lines = c.explainFencing()
	case c.cib.Status.Node(subject) != nil || c.cfg.Quorum.Votes[subject] > 0:
		lines = c.explainNode(subject)
	case c.cib.Config.FindResource(instanceOf(subject)) != nil:
		lines = c.explainResource(subject)
	default:
		return nil, &refusal{fmt.Sprintf("%q is neither a resource nor a node: name one that vm-ctl status shows, or \"fence\"", subject)}
	}
	return append(lines, c.explainHistory(subject)...), nil
}

func (c *Core) explainResource(id string) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if c.office == nil {
		add("There is no DC, so nothing is decided: what runs stays as it is.")
	}
	for _, in := range c.cib.Status.Intents {
		if in.Resource == id {
			add("A move to %s is %s%s.", cmpOr(in.Node, "anywhere but "+in.From), in.State, prefixed(": ", in.Reason))
		}
	}
	for _, g := range c.cib.Status.GuestFences {
		if g.Target == id && !g.Done {
			add("Guest %s is having it fenced (request %s): nothing else is done to it until it is certainly down.", g.VM, g.Request)
		}
	}
	if o := c.office; o != nil && o.graph != nil {
		for _, a := range o.graph.status().Actions {
			if strings.HasPrefix(a.Key, id+"_") {
				add("%s on %s is %s because %s.", a.Key, a.Node, a.State, a.Cause)
			}
		}
	}
	return lines
}

func walkViews(views []policy.ResourceView, fn func(*policy.ResourceView)) {
	for i := range views {
		fn(&views[i])
		walkViews(views[i].Children, fn)
	}
}

func (c *Core) explainNode(name string) []string {
	s := c.nodeStatus(name)
	lines := []string{fmt.Sprintf("To the daemons node %s is %s%s.", name, s.State, prefixed(": ", s.Why))}
	if c.office != nil {
		for _, f := range c.fencingStatus() {
			if f.Target == name {
				lines = append(lines, fmt.Sprintf("Its fencing has failed %d times, last: %s.", f.Failed, cmpOr(f.Error, "none")))
			}
		}
	}
	lines = append(lines, fmt.Sprintf("Quorum here: %v, %s.", c.members.quorum.Have, c.members.quorum.Why))
	return lines
}

func (c *Core) explainFencing() []string {
	var lines []string
	for _, name := range c.uncleanNodes() {
		lines = append(lines, "Node "+name+" is unclean: it is fenced before anything of it is recovered.")
	}
	if c.office != nil {
		for _, f := range c.fencingStatus() {
			lines = append(lines, fmt.Sprintf("Fencing of %s: by %s, failed %d times, last error: %s.", f.Target, cmpOr(f.By, "nobody at the moment"), f.Failed, cmpOr(f.Error, "none")))
		}
	}
	if !c.fencingEnabled() {
		lines = append(lines, "Fencing is switched off (stonith-enabled=false): lost nodes are never proven down.")
	}
	if len(lines) == 0 {
		lines = append(lines, "Nothing is to be fenced.")
	}
	return lines
}

// explainHistory are the decisions that name the subject, oldest first.
func (c *Core) explainHistory(subject string) []string {
	const most = 20
	var lines []string
	for i := range c.journal.lines {
		d := &c.journal.lines[i]
		about := strings.HasPrefix(d.Event, subject)
		for _, f := range d.Fields {
			about = about || fieldNames(f, subject)
		}
		if about {
			lines = append(lines, d.At.UTC().Format("15:04:05.000")+" "+d.String())
		}
	}
	return lines[max(0, len(lines)-most):]
}

func fieldNames(f cib.NV, subject string) bool {
	switch f.Name {
	case "resource", "node", "target", "vm", "dc":
		return f.Value == subject
	}
	return false
}
