package policy

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// digestVerdict tells how recorded parameters differ from configured ones.
type digestVerdict uint8

const (
	digestUnknown digestVerdict = iota
	digestSame
	digestChanged // something, not necessarily what needs a restart
	digestRestart
)

// digestSet is what an operation would run with on a node.
type digestSet struct {
	n          *node
	task       string
	intervalMS int64

	once    []cib.NV // all parameters but what recurring operations add
	timeout string   // in milliseconds, of a recurring operation
	all     string
	// restart covers what needs a restart, if the first history entry that
	// asked for this operation tells what that is.
	restart string
	// own: the operation has parameters of its own.
	own bool
}

// params are all parameters.
func (d *digestSet) params() []cib.NV {
	if d.timeout == "" {
		return d.once
	}
	return cib.WithTimeout(d.once, d.timeout)
}

// operationDigest computes and keeps the digests for one operation on one
// node; op is the history entry that asks, nil for none.
func (p *plan) operationDigest(r *resource, n *node, task string, intervalMS int64, op *cib.OpHistory) *digestSet {
	for _, d := range r.digests {
		if d.n == n && d.intervalMS == intervalMS && d.task == task {
			return d
		}
	}
	d := p.digestSlab.take()
	d.n, d.task, d.intervalMS = n, task, intervalMS
	r.digests = append(r.digests, d)
	var extra map[string]string
	if intervalMS != 0 || r.opSets {
		s := r.opSettings(task, intervalMS, opKey(r.id, task, intervalMS))
		extra = s.ownParams(n)
		if intervalMS != 0 {
			d.timeout = strconv.FormatInt(s.timeoutMS(), 10)
		}
	}
	d.own = intervalMS == 0 && len(extra) > 0
	d.once = r.digestParams(n, extra)
	d.all = cib.DigestRecurring(d.once, d.timeout)
	if op != nil && p.restartDigest(op) != "" {
		d.restart = d.all
		if op.RestartList != "" {
			var list []cib.NV
			for _, nv := range d.params() {
				if strings.Contains(op.RestartList, " "+nv.Name+" ") {
					list = append(list, nv)
				}
			}
			d.restart = cib.Digest(list)
		}
	}
	return d
}

// digestParams are the parameters on n that a digest is taken over, sorted; those
// in extra count where the resource has none of that name.
func (r *resource) digestParams(n *node, extra map[string]string) []cib.NV {
	params := r.params(n)
	if len(extra) > 0 || params["addr"] == hostAddress {
		params = maps.Clone(r.withHostAddress(params))
		addMissing(params, extra)
		return cib.DigestParams(params)
	}
	if r.paramsVary {
		return cib.DigestParams(params)
	}
	if r.digested == nil {
		r.digested = cib.DigestParams(params)
	}
	return r.digested
}

// restartDigest is the recorded digest of what needs a restart; of an expired
// failure it is one that fits nothing.
func (p *plan) restartDigest(op *cib.OpHistory) string {
	if p.digestOverride[op] {
		return "expired"
	}
	return op.RestartDigest
}

// compareDigest compares what an operation ran with to what it would run with.
func (p *plan) compareDigest(r *resource, n *node, op *cib.OpHistory) digestVerdict {
	d := p.operationDigest(r, n, op.Operation, op.IntervalMS, op)
	recorded := p.restartDigest(op)
	switch {
	case recorded != "" && d.restart != "" && recorded != d.restart:
		return digestRestart
	case op.OpDigest == "":
		return digestUnknown
	case op.OpDigest == d.all:
		return digestSame
	case op.IntervalMS == 0 && d.own:
		return digestRestart
	}
	return digestChanged
}

// forceRestartDigest makes the operation count as changed from now on.
func (p *plan) forceRestartDigest(op *cib.OpHistory) {
	if p.digestOverride == nil {
		p.digestOverride = map[*cib.OpHistory]bool{}
	}
	p.digestOverride[op] = true
}

// secureDigest is the digest without secrets: those that the history entry
// names, or, without an entry, those that fencing devices usually have. It never
// covers the timeout, not even that of a recurring operation: what was recorded
// with it fits nothing, and counts as changed.
func (p *plan) secureDigest(r *resource, n *node, op *cib.OpHistory) string {
	task, ms, version, secret := "stonith-on", int64(0), p.cib.FeatureSet, " passwd password user "
	if op != nil {
		task, ms, version, secret = op.Operation, op.IntervalMS, op.FeatureSet, op.SecureList
	}
	params := p.operationDigest(r, n, task, ms, op).once
	old := compareVersions(version, "3.16.0") < 0 && version != ""
	if old {
		params = cib.DigestParams(r.params(n))
	}
	var public []cib.NV
	for _, nv := range params {
		if strings.Contains(secret, " "+nv.Name+" ") || old && r.fenceDevice && isFencerParam(nv.Name) {
			continue
		}
		public = append(public, nv)
	}
	return cib.Digest(public)
}

// isFencerParam tells parameters that are the fencer's, not the device's.
func isFencerParam(name string) bool {
	switch name {
	case "provides", "stonith-timeout":
		return true
	}
	return strings.HasPrefix(name, "pcmk_")
}

// readableInterval spells an interval as the reference does: 10s, 60s, 1m30s;
// a unit is used for what is more than one of it.
func readableInterval(ms int64) string {
	if ms == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range [...]struct {
		ms   int64
		name string
	}{{86400000, "d"}, {3600000, "h"}, {60000, "m"}} {
		if ms > u.ms {
			b.WriteString(strconv.FormatInt(ms/u.ms, 10) + u.name)
			ms %= u.ms
		}
	}
	switch {
	case ms > 1000 && ms%1000 != 0:
		fmt.Fprintf(&b, "%d.%03ds", ms/1000, ms%1000)
	case ms > 1000:
		fmt.Fprintf(&b, "%ds", ms/1000)
	case ms > 0:
		fmt.Fprintf(&b, "%dms", ms)
	}
	return b.String()
}
