package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// live plays the past of the cluster: every resource was started somewhere or
// nowhere, probed elsewhere, and had accidents.
func (c *cluster) live() {
	virgin := c.chance(0.15)
	for _, p := range c.primitives {
		if virgin {
			c.connect(p)
			continue
		}
		c.place(p)
		c.connect(p)
		for _, h := range c.nodes {
			if h.fate == "unseen" || !p.mayBeOn(h) {
				continue
			}
			h.history = append(h.history, c.lived(p, h)...)
		}
	}
	if c.on["orphans"] {
		c.leaveOrphans()
	}
}

// mayBeOn says whether anything of the resource can be known there.
func (p *primitive) mayBeOn(h *host) bool {
	switch {
	case p.inside != "":
		return h.kind == "guest" && strings.HasPrefix(h.name, p.inside)
	case p.class == "stonith" || p.nearby:
		return h.kind == "member"
	}
	return h.kind != "guest" || !strings.HasPrefix(h.name, "bun-")
}

// place draws where the instances of a resource run. A member of a group runs
// where the one before it does, or not at all.
func (c *cluster) place(p *primitive) {
	var able []*host
	for _, h := range c.nodes {
		if h.acts() && p.mayBeOn(h) {
			able = append(able, h)
		}
	}
	if p.after != nil {
		for _, h := range p.after.on {
			if c.chance(0.85) {
				p.on = append(p.on, h)
			}
		}
		return
	}
	if len(able) == 0 || p.instances == 0 {
		return
	}
	switch {
	case p.multiple == "":
		if c.chance(0.8) {
			p.on = append(p.on, able[c.r.IntN(len(able))])
		}
		if c.on["accidents"] && c.chance(0.05) {
			p.on = append(p.on, able[c.r.IntN(len(able))])
		}
	default:
		for _, i := range c.r.Perm(len(able))[:min(len(able), p.instances)] {
			if c.chance(0.85) {
				p.on = append(p.on, able[i])
			}
		}
	}
}

// lived is what the resource left in the history of a node.
func (c *cluster) lived(p *primitive, h *host) []*element {
	var out []*element
	for i, at := range p.on {
		if at == h && (i == 0 || p.on[i-1] != h) {
			out = append(out, c.entry(p, h, c.ranHere(p, h, i)))
		}
	}
	if len(out) > 0 || c.chance(0.25) {
		return out
	}
	l := c.log(p, h, 0)
	switch {
	case c.on["accidents"] && c.chance(0.12):
		c.accidentElsewhere(l)
	case c.chance(0.25):
		l.add("start", 0, cib.OK)
		l.add("stop", 0, cib.OK)
	default:
		l.add("monitor", 0, cib.NotRunning)
	}
	return []*element{c.entry(p, h, l)}
}

// entry wraps a log as an lrm_resource. Instances of unique clones have names
// of their own; those of anonymous ones may have a number from older times.
func (c *cluster) entry(p *primitive, h *host, l *opLog) *element {
	e := el("lrm_resource", "id", l.id, "class", p.class, "provider", p.provider, "type", p.kind)
	if c.on["locks"] && h.fate == "off" && c.chance(0.5) {
		e.set("shutdown-lock", strconv.Itoa(now-300))
	}
	return e.add(l.ops...)
}

func (c *cluster) ranHere(p *primitive, h *host, instance int) *opLog {
	l := c.log(p, h, instance)
	if c.chance(0.3) {
		l.add("monitor", 0, cib.OK)
	} else {
		l.add("start", 0, cib.OK)
	}
	promoted := p.multiple == "promotable" && (instance == 0 && c.chance(0.7) || c.chance(0.1))
	if p.multiple == "promotable" {
		h.transient.put("master-"+p.id, c.maybe(0.8, "5", "10", "10", "100", "-1", "INFINITY"))
		if promoted {
			l.add("promote", 0, cib.OK)
		}
	}
	for _, o := range p.ops {
		rc := cib.OK
		switch {
		case o.role == "Stopped" || o.role == "Promoted" && !promoted || (o.role == "Unpromoted" || o.role == "") && promoted:
			continue
		case promoted:
			rc = cib.RunningPromoted
		}
		if c.chance(0.9) {
			l.add(o.name, o.interval, rc)
		}
	}
	if c.on["accidents"] && c.chance(0.2) {
		c.accidentHere(l)
	}
	return l
}

// accidentHere befalls a resource where it runs.
func (c *cluster) accidentHere(l *opLog) {
	failures := []cib.RC{cib.UnknownError, cib.NotRunning, cib.UnknownError, cib.FailedPromoted, cib.NotInstalled, cib.InvalidParam, cib.NotConfigured}
	rc := failures[c.r.IntN(len(failures))]
	interval := 0
	for _, o := range l.p.ops {
		if o.role != "Stopped" {
			interval = o.interval
		}
	}
	switch c.r.IntN(9) {
	case 0, 1, 2:
		l.fail("monitor", interval, rc)
	case 3:
		l.fail("stop", 0, cib.UnknownError)
	case 4:
		if l.p.multiple == "promotable" && c.chance(0.4) {
			l.pending(c.pick("promote", "demote", "notify"))
			return
		}
		l.pending(c.pick("monitor", "stop", "stop", "start"))
	case 5:
		l.add("stop", 0, cib.OK)
		l.fail("start", 0, rc)
	case 6:
		if l.p.multiple == "promotable" {
			l.fail(c.pick("promote", "demote"), 0, rc)
			return
		}
		c.migration(l)
	case 7:
		c.migration(l)
	default:
		l.timeOut(c.pick("monitor", "stop", "start"))
	}
}

// accidentElsewhere befalls a resource where it does not run.
func (c *cluster) accidentElsewhere(l *opLog) {
	switch c.r.IntN(7) {
	case 0:
		l.add("monitor", 0, cib.OK)
	case 1:
		l.add("monitor", 0, cib.NotInstalled)
	case 2:
		l.fail("start", 0, cib.UnknownError)
	case 3:
		l.pending(c.pick("monitor", "start"))
	case 4:
		l.fail("monitor", 0, cib.UnknownError)
	case 5:
		l.fail("stop", 0, cib.UnknownError)
	default:
		l.timeOut("start")
	}
}

// migration leaves the resource on its way to another node, or come from one.
func (c *cluster) migration(l *opLog) {
	if !l.p.migrates {
		l.pending("start")
		return
	}
	other := c.node()
	for other == l.h {
		other = c.node()
	}
	op := c.pick("migrate_to", "migrate_from")
	source, target := l.h.name, other.name
	if op == "migrate_from" {
		source, target = target, source
	}
	switch c.r.IntN(3) {
	case 0:
		l.pending(op)
	case 1:
		l.fail(op, 0, cib.UnknownError)
	default:
		l.add(op, 0, cib.OK)
	}
	last := l.ops[len(l.ops)-1]
	last.set("migrate_source", source)
	last.set("migrate_target", target)
}

// leaveOrphans leaves resources in the history that nobody configures.
func (c *cluster) leaveOrphans() {
	for range 1 + c.r.IntN(2) {
		p := &primitive{id: c.id("gone"), class: "ocf", provider: "pacemaker", kind: "Dummy"}
		if c.chance(0.2) && len(c.tops) > 0 {
			p.id = c.top().ends[0].id + ":9"
		}
		p.ops = []operation{{name: "monitor", interval: 10, timeout: 20}}
		for _, h := range c.nodes {
			if h.acts() && c.chance(0.5) {
				p.on = append(p.on, h)
				list := c.lived(p, h)
				if c.on["containers"] && len(list) > 0 && len(c.tops) > 0 {
					list[0].set("container", c.top().id)
				}
				h.history = append(h.history, list...)
			}
		}
	}
}

// opLog collects the operations of one resource on one node.
type opLog struct {
	c   *cluster
	p   *primitive
	h   *host
	id  string
	ops []*element
}

func (c *cluster) log(p *primitive, h *host, instance int) *opLog {
	l := &opLog{c: c, p: p, h: h, id: p.id}
	if p.multiple == "unique" {
		l.id = fmt.Sprintf("%s:%d", p.id, instance)
	} else if p.multiple != "" && c.on["orphans"] && c.chance(0.1) {
		l.id = fmt.Sprintf("%s:%d", p.id, instance)
	}
	return l
}

// record appends one result. The name under which it is kept (last_0, or by
// interval) makes it replace the one before, as in a real history.
func (l *opLog) record(name string, op string, interval int, rc cib.RC, status int) {
	c := l.c
	c.calls++
	key := fmt.Sprintf("%s_%s_%d", l.id, op, interval*1000)
	if name == "" {
		name = l.id + "_last_0"
		if interval > 0 {
			name = key
		}
	}
	want := 0
	if op == "monitor" && interval == 0 {
		want = 7
	} else if rc == cib.RunningPromoted {
		want = 8
	}
	call, done := c.calls, "0"
	if status < 0 {
		call, done = -1, "-1"
	}
	if status > 0 {
		done = strconv.Itoa(status)
	}
	transition := fmt.Sprintf("%d:%d:%d:5e4e4ef4-0000-4000-8000-00000000abcd", c.calls, 1+c.calls/9, want)
	e := el("lrm_rsc_op", "id", name, "operation_key", key, "operation", op, "crm-debug-origin", "generated", "crm_feature_set", featureSet,
		"transition-key", transition, "transition-magic", fmt.Sprintf("%s:%d;%s", done, rc, transition), "exit-reason", "", "on_node", l.h.name,
		"call-id", strconv.Itoa(call), "rc-code", strconv.Itoa(int(rc)), "op-status", done, "interval", strconv.Itoa(interval*1000),
		"last-rc-change", strconv.Itoa(now-4000+c.calls), "exec-time", "10", "queue-time", "0")
	if !l.p.implied && !l.p.vague {
		l.digest(e, interval)
	}
	if c.on["old formats"] {
		l.age(e, key)
	}
	for i, old := range l.ops {
		if old.attr("id") == e.attr("id") {
			l.ops = append(l.ops[:i], l.ops[i+1:]...)
			break
		}
	}
	l.ops = append(l.ops, e)
}

// age makes a result what versions before 1.1 kept: every operation under its
// own key, and nothing about where it ran or how long it took.
func (l *opLog) age(e *element, key string) {
	if strings.HasSuffix(e.attr("id"), "_last_0") {
		e.set("id", key)
	}
	e.set("crm_feature_set", "3.0.1")
	e.attrs = slices.DeleteFunc(e.attrs, func(a cib.NV) bool {
		return a.Name == "on_node" || a.Name == "exit-reason" || a.Name == "exec-time" || a.Name == "queue-time"
	})
}

// digest tells which parameters the operation was run with: today's, or now
// and then others.
func (l *opLog) digest(e *element, interval int) {
	params := map[string]string{}
	for _, nv := range l.p.params {
		params[nv.Name] = nv.Value
	}
	if l.c.on["changed params"] && l.c.chance(0.1) {
		params[l.c.pick("fake", "fake", "passwd")] = "as it was before"
	}
	timeout := ""
	if interval > 0 {
		timeout = "20000"
		for _, o := range l.p.ops {
			if o.interval == interval {
				timeout = strconv.Itoa(o.timeout * 1000)
				for _, nv := range o.params {
					params[nv.Name] = nv.Value
				}
			}
		}
	}
	e.set("op-digest", cib.DigestRecurring(cib.DigestParams(params), timeout))
	if l.p.secret {
		public := maps.Clone(params)
		delete(public, "passwd")
		e.set("op-secure-params", " passwd  user ")
		e.set("op-secure-digest", cib.Digest(cib.DigestParams(public)))
	}
	if l.p.reloads && interval == 0 {
		delete(params, "fake")
		e.set("op-force-restart", " state ")
		kept := map[string]string{}
		if state, there := params["state"]; there {
			kept["state"] = state
		}
		e.set("op-restart-digest", cib.Digest(cib.DigestParams(kept)))
	}
}

func (l *opLog) add(op string, interval int, rc cib.RC) { l.record("", op, interval, rc, 0) }

func (l *opLog) pending(op string) { l.record("", op, 0, 193, -1) }

func (l *opLog) timeOut(op string) { l.failed(op, 0, cib.UnknownError, 2) }

func (l *opLog) fail(op string, interval int, rc cib.RC) { l.failed(op, interval, rc, 0) }

// failed records a failure, keeps it as the last one, and counts it.
func (l *opLog) failed(op string, interval int, rc cib.RC, status int) {
	l.record(l.id+"_last_failure_0", op, interval, rc, status)
	if l.c.chance(0.7) {
		l.record("", op, interval, rc, status)
	}
	if l.c.chance(0.8) {
		base, _, _ := strings.Cut(l.id, ":")
		if l.p.multiple == "unique" {
			base = l.id
		}
		suffix := fmt.Sprintf("-%s#%s_%d", base, op, interval*1000)
		l.h.transient.put("fail-count"+suffix, l.c.pick("1", "1", "2", "INFINITY"))
		l.h.transient.put("last-failure"+suffix, strconv.Itoa(now-l.c.r.IntN(4000)))
	}
}
