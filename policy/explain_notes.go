package policy

import (
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// note is something rare that counted when a resource was placed, kept because
// nothing else remembers it: a failure, a ticket, a lock, a move. What follows
// from configuration and result alone is not noted but found again when asked.
type note struct {
	// at is the node it counts for, nil for all but except.
	at, except *node
	// score is what it adds; 0 for what is no matter of nodes.
	score cib.Score
	why   Reason
	// needs is what utilization asked of at, where that was too little.
	needs map[string]int
}

// follow is a colocation that acted on where a resource may be.
type follow struct {
	c       *colocation
	primary *resource
}

// noteAt notes a reason for or against a node, nil for every node.
func (r *resource) noteAt(n *node, why Reason, s cib.Score) {
	r.notes = append(r.notes, note{at: n, score: s, why: why})
}

// noteElsewhere notes a reason for or against every node but one.
func (r *resource) noteElsewhere(except *node, why Reason, s cib.Score) {
	r.notes = append(r.notes, note{except: except, score: s, why: why})
}

// follow notes that a colocation was applied to r.
func (r *resource) follow(c *colocation, primary *resource) {
	r.follows = append(r.follows, follow{c, primary})
}

func (nt *note) matches(n *node) bool {
	if nt.at == nil {
		return n != nt.except
	}
	return n == nt.at
}

// reason is the note told of n.
func (nt *note) reason(n *node) Reason {
	why := nt.why
	why.Score = nt.score
	if why.Node == "" && n != nil {
		why.Node = n.name
	}
	return why
}

// failureReason tells a failed operation; op is nil where it is not known.
func failureReason(op *cib.OpHistory, n *node) Reason {
	why := Reason{Kind: ReasonFailure, Node: n.name}
	if op == nil {
		return why
	}
	why.Action = readableOperation(op)
	said := op.RC.String()
	if op.Status != cib.ExecDone && op.Status != cib.ExecError {
		said = op.Status.String()
	}
	why.Detail = said + prefixedBy(": ", op.ExitReason)
	return why
}

func onFailReason(op *cib.OpHistory, n *node, value string) Reason {
	why := failureReason(op, n)
	why.Kind, why.Value = ReasonOnFail, value
	return why
}

func blockedReason(op *cib.OpHistory, n *node) Reason {
	why := failureReason(op, n)
	why.Kind = ReasonBlocked
	return why
}

func readableOperation(op *cib.OpHistory) string {
	switch {
	case isProbe(op):
		return "probe"
	case op.IntervalMS > 0:
		return op.Operation + " every " + readableInterval(op.IntervalMS)
	}
	return op.Operation
}

func nodeNames(nodes []*node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (p *plan) thresholdReason(r *resource, n *node) Reason {
	count, _ := p.failCount(r, n, nil, true, true)
	return Reason{Kind: ReasonThreshold, Subject: r.id, Value: count.String(), Name: r.threshold.String()}
}

// parametersReason names the parameters that may have changed. History keeps
// digests, no values: a new parameter shows because the digest without it is
// the recorded one; of the others it can only be said which do not count.
func (p *plan) parametersReason(r *resource, n *node, op *cib.OpHistory, how string) Reason {
	why := Reason{Kind: ReasonParameters, Value: how}
	params := p.operationDigest(r, n, op.Operation, op.IntervalMS, op).params()
	var names []string
	for i, nv := range params {
		if op.OpDigest != "" && cib.Digest(slices.Delete(slices.Clone(params), i, i+1)) == op.OpDigest {
			why.Name = parameterName(nv.Name)
			return why
		}
		if how == "" && op.RestartList != "" && !strings.Contains(op.RestartList, " "+nv.Name+" ") {
			continue
		}
		names = append(names, parameterName(nv.Name))
	}
	why.Name = strings.Join(names, ",")
	return why
}

func parameterName(name string) string {
	if name == "CRM_meta_timeout" {
		return "timeout"
	}
	return name
}

// lastFailed is the newest failure of r on n that the history tells.
func (p *plan) lastFailed(r *resource, n *node) *cib.OpHistory {
	for i := range p.failedOps {
		f := &p.failedOps[i]
		if f.Resource == r.id && (n == nil || f.Node == n.name) {
			return &f.Op
		}
	}
	return nil
}

// dateText puts a date expression likewise: "date in range from … to …", "date
// spec hours=9-17 weekdays=1-5".
func dateText(e *cib.DateExpression) string {
	text := "date" + prefixedBy(" ", strings.TrimPrefix(strings.ReplaceAll(e.Operation, "_", " "), "date ")) +
		prefixedBy(" from ", e.Start) + prefixedBy(" to ", e.End)
	pairs := e.Spec
	if e.End == "" && len(e.Duration) > 0 {
		text, pairs = text+" for", e.Duration
	}
	for _, nv := range pairs {
		text += " " + nv.Name + "=" + nv.Value
	}
	return text
}

// ruleText puts a rule's expressions as an administrator writes them.
func ruleText(rule *cib.Rule) string {
	var parts []string
	for _, part := range rule.Parts {
		switch {
		case part.Rule != nil:
			parts = append(parts, "("+ruleText(part.Rule)+")")
		case part.Attr != nil:
			e := part.Attr
			if e.Value == "" && strings.HasSuffix(e.Operation, "defined") {
				parts = append(parts, strings.ReplaceAll(e.Operation, "_", " ")+" "+e.Attribute)
			} else {
				parts = append(parts, e.Attribute+" "+e.Operation+" "+e.Value)
			}
		case part.Date != nil:
			parts = append(parts, dateText(part.Date))
		}
	}
	joint := " and "
	if strings.EqualFold(rule.Op, "or") {
		joint = " or "
	}
	return strings.Join(parts, joint)
}
