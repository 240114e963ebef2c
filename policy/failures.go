package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// failRecord is what a node's attributes say of a resource's failures.
type failRecord struct {
	count cib.Score
	last  int64 // Unix seconds, 0 = unknown
}

// failures sums the attributes fail-count-RSC#OP_MS and last-failure-RSC#OP_MS
// of a node up, by resource name. Instance numbers stay part of the name.
// Before feature set 3.0.13 there was one of each per resource, without #OP_MS.
func (n *node) failures(legacy bool) map[string]failRecord {
	if n.fails != nil {
		return n.fails
	}
	n.fails = map[string]failRecord{}
	for name, value := range n.attrs {
		count, isCount := strings.CutPrefix(name, "fail-count-")
		last, isLast := strings.CutPrefix(name, "last-failure-")
		switch {
		case strings.Contains(name, "#") == legacy:
		case isCount:
			rsc := failureOwner(count)
			f := n.fails[rsc]
			f.count = f.count.Add(score(value))
			n.fails[rsc] = f
		case isLast:
			rsc := failureOwner(last)
			f := n.fails[rsc]
			f.last = max(f.last, leadingInt(value))
			n.fails[rsc] = f
		}
	}
	return n.fails
}

func failureOwner(name string) string {
	if i := strings.LastIndexByte(name, '#'); i >= 0 {
		return name[:i]
	}
	return name
}

// failureRecord is the record of r on n; the instances of an anonymous clone
// share one.
func (p *plan) failureRecord(r *resource, n *node) failRecord {
	name := r.id
	if r.historyName != "" {
		name = r.historyName
	}
	all := n.failures(p.legacyFailures)
	if r.unique {
		return all[name]
	}
	base := baseName(name)
	if p.failBases == nil {
		p.failBases = map[*node]map[string]failRecord{}
	}
	sums, ok := p.failBases[n]
	if !ok {
		sums = map[string]failRecord{}
		for rsc, f := range all {
			b := baseName(rsc)
			s := sums[b]
			s.count, s.last = s.count.Add(f.count), max(s.last, f.last)
			sums[b] = s
		}
		p.failBases[n] = sums
	}
	return sums[base]
}

// failCount is how often r failed on n; effective leaves out what has expired
// by failure-timeout, fillers adds the failures of what runs inside r.
func (p *plan) failCount(r *resource, n *node, op *cib.OpHistory, effective, fillers bool) (cib.Score, int64) {
	f := p.failureRecord(r, n)
	var last int64
	if f.count > 0 {
		last = f.last
	}
	if f.count > 0 && r.failureTimeout != 0 && r.blocksOnFailure(p, n, op) {
		// on-fail=block asks for an administrator: it does not expire.
		r.failureTimeout = 0
	}
	count := f.count
	if effective && count > 0 && f.last > 0 && r.failureTimeout != 0 && p.now.Unix() > f.last+r.failureTimeout {
		count = 0
	}
	if fillers && !r.isBundled() {
		for _, filler := range r.fillers {
			c, l := p.failCount(filler, n, op, effective, fillers)
			count += c
			last = max(last, l)
		}
	}
	return count, last
}

// blocksOnFailure: the failed operation is configured with on-fail=block.
func (r *resource) blocksOnFailure(p *plan, n *node, op *cib.OpHistory) bool {
	name := baseName(r.id)
	for _, spec := range r.ops {
		if !strings.EqualFold(opAttr(spec.OpSpec, "on-fail"), "block") {
			continue
		}
		ms := spec.ms
		if op != nil {
			if specMatches(name, spec.Name, ms, op) {
				return true
			}
			continue
		}
		h := p.historyOf(name, n.name)
		if h == nil {
			continue
		}
		for i := range h.Ops {
			if h.Ops[i].Operation == spec.Name && h.Ops[i].IntervalMS == ms && specMatches(name, spec.Name, ms, &h.Ops[i]) {
				return true
			}
		}
	}
	return false
}

func specMatches(name, task string, ms int64, op *cib.OpHistory) bool {
	if op.IntervalMS != ms || op.Operation != task {
		return false
	}
	return op.ID == opKey(name, "last_failure", 0) || op.ID == opKey(name, task, ms) && op.RC != targetRC(op)
}

// isLastFailure tells the entry that keeps a resource's last failure on a node.
func isLastFailure(op *cib.OpHistory) bool { return strings.HasSuffix(op.ID, "_last_failure_0") }

// operationExpired: a failure lies back further than failure-timeout. Fail
// counts that have expired, or that belong to parameters since changed, are
// cleared.
func (p *plan) operationExpired(r *resource, n *node, op *cib.OpHistory) bool {
	expired := false
	var unexpired cib.Score
	clear := ""
	if at, known := op.Changed(); known && r.failureTimeout > 0 {
		now := p.now.Unix()
		expired = now >= at+r.failureTimeout && !p.ignoresTimeout(r, op)
		var last int64
		unexpired, last = p.failCount(r, n, op, true, false)
		if last += r.failureTimeout + 1; unexpired != 0 && now < last {
			p.recheckAt(last)
		}
	}
	if expired {
		if any, _ := p.failCount(r, n, op, false, false); any != 0 {
			if unexpired == 0 {
				clear = "it expired"
			} else {
				expired = false
			}
		} else if r.reconnectMS != 0 && isLastFailure(op) {
			clear = "reconnect interval is set"
		}
	}
	if !expired && isLastFailure(op) && p.parametersChanged(r, n, op) {
		clear = "resource parameters have changed"
	}
	if clear != "" {
		a := p.clearFailCount(r, n, clear)
		if p.options.fencing && r.reconnectMS != 0 {
			if m := p.nodeByName[r.id]; m != nil {
				p.link(p.fenceAction(m, "", true, "", false), a, ordImpliesThen)
			}
		}
	}
	if expired && isProbe(op) {
		switch op.RC {
		case cib.OK, cib.NotRunning, cib.RunningPromoted, cib.Degraded, cib.DegradedPromoted:
			// A probe that worked is no failure, however old.
			return false
		}
	}
	return expired
}

// ignoresTimeout: a remote connection's failure lasts until the node is fenced.
func (p *plan) ignoresTimeout(r *resource, op *cib.OpHistory) bool {
	if r.reconnectMS == 0 || !p.options.fencing || op.IntervalMS == 0 || op.Operation != "monitor" {
		return false
	}
	m := p.nodeByName[r.id]
	return m != nil && !m.remoteFenced
}

func (p *plan) parametersChanged(r *resource, n *node, op *cib.OpHistory) bool {
	if op.Operation != "start" && op.Operation != "monitor" {
		return false
	}
	if r.needsHostAddress() {
		p.paramChecks = append(p.paramChecks, paramCheck{r: r, n: n, op: op, failure: true})
		return false
	}
	d := p.compareDigest(r, n, op)
	return d != digestUnknown && d != digestSame
}

func (p *plan) clearFailCount(r *resource, n *node, why string) *action {
	a := p.newAction(r, "clear_failcount", 0, n, false)
	a.say("op_no_wait", "true")
	a.because(Reason{Kind: ReasonFailCount, Node: n.name, Detail: why})
	return a
}

// thresholdReached: r failed on n as often as migration-threshold allows; what
// is returned is what must leave.
func (p *plan) thresholdReached(r *resource, n *node) *resource {
	if r.threshold == 0 || r.failureIgnored {
		return nil
	}
	count, _ := p.failCount(r, n, nil, true, true)
	if count <= 0 || r.threshold-count > 0 {
		return nil
	}
	if !r.unique {
		return r.top()
	}
	return r
}

// clearOrphanFailures forgets the failures of a resource that is leaving.
func (p *plan) clearOrphanFailures(r *resource) {
	if !r.orphan {
		return
	}
	for _, n := range p.nodes {
		if count, _ := p.failCount(r, n, nil, true, false); !n.online || count == 0 {
			continue
		}
		a := p.clearFailCount(r, n, "it is orphaned")
		p.orderAction(a, r, "stop", ordOptional)
	}
}
