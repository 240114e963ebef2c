package sim

import (
	"fmt"
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/node"
)

// clients plays everybody who types vm-ctl.
type clients struct {
	w        *world
	made     uint64
	requests []*request
	ledger   ledger
}

// request is one ClientRequest and what became of it.
type request struct {
	id      uint64
	p       *process
	verb    control.Verb
	asked   time.Time
	replied bool
	promise *promise // what an answer without error promises, nil for the rest
	then    func(e node.Reply)
}

// ask sends a request to a host's hostd; nil when none runs there.
func (c *clients) ask(h *host, verb control.Verb, args any, promised *promise) *request {
	if h == nil || h.proc == nil || h.proc.leaving {
		return nil
	}
	c.made++
	r := &request{id: c.made, p: h.proc, verb: verb, asked: c.w.agenda.now, promise: promised}
	c.requests = append(c.requests, r)
	c.w.note(h.name, "client asks %s %s (request %d)", verb, clip(encode(args), 160), r.id)
	p := h.proc
	c.w.agenda.after(0, func() {
		p.deliver(node.ClientRequest{ID: r.id, Verb: string(verb), Args: []byte(encode(args))})
	})
	return r
}

// promise notes a change about to be asked for. What the configuration says
// before the first one counts as promised from the beginning.
func (c *clients) promise(key, value string) *promise {
	if !slices.Contains(c.ledger.keys(), key) {
		c.ledger.ask(key, readRegister(&c.w.initial, key), epoch).acked = epoch
	}
	return c.ledger.ask(key, value, c.w.agenda.now)
}

// reply takes the core's answer: one, to a request it was given.
func (c *clients) reply(p *process, e node.Reply) {
	for _, r := range c.requests {
		if r.id != e.ID {
			continue
		}
		switch {
		case r.p != p:
			c.w.violate("one reply a request", "%s answers request %d, which was not asked there", p.host.name, e.ID)
		case r.replied:
			c.w.violate("one reply a request", "%s answers request %d (%s) again", p.host.name, e.ID, r.verb)
		}
		r.replied = true
		if e.Error == "" && r.promise != nil {
			r.promise.acked = c.w.agenda.now
			c.w.report.Acknowledged++
		}
		if r.then != nil {
			r.then(e)
		}
		return
	}
	c.w.violate("one reply a request", "%s answers request %d, which nobody made", p.host.name, e.ID)
}

// gone forgets the requests of a run of hostd that ended: nobody can answer.
func (c *clients) gone(p *process) {
	kept := c.requests[:0]
	for _, r := range c.requests {
		if r.p != p {
			kept = append(kept, r)
		}
	}
	c.requests = kept
}

// unanswered returns the first request that should have its reply by now.
func (c *clients) unanswered() *request {
	for _, r := range c.requests {
		if !r.replied {
			return r
		}
	}
	return nil
}

// someone asks for one thing by chance.
func (c *clients) someone() {
	w := c.w
	h := pick(w.dice, w.hosts)
	target := pick(w.dice, w.hosts).name
	switch w.dice.IntN(9) {
	case 0:
		c.standby(h, target, true)
	case 1, 2:
		c.standby(h, target, false)
	case 3:
		c.ask(h, control.Move, control.MoveArgs{Resource: pick(w.dice, w.movable), Node: pick(w.dice, []string{target, ""})}, nil)
	case 4:
		c.ask(h, control.Cleanup, control.CleanupArgs{Resource: pick(w.dice, append([]string{""}, w.movable...))}, nil)
	case 5:
		c.role(h, pick(w.dice, w.movable), w.dice.chance(0.3))
	case 6:
		c.add(h)
	case 7:
		c.remove(h)
	case 8:
		c.apply(h)
	}
}

func (c *clients) standby(h *host, target string, standby bool) {
	verb, value := control.Online, "off"
	if standby {
		verb, value = control.Standby, "on"
	}
	c.ask(h, verb, control.NodeArgs{Node: target}, c.promise("standby/"+target, value))
}

func (c *clients) role(h *host, id string, stop bool) {
	verb, value := control.RscStart, "Started"
	if stop {
		verb, value = control.RscStop, "Stopped"
	}
	c.ask(h, verb, control.RscArgs{Resource: id}, c.promise("role/"+id, value))
}

// add adds a resource that no configuration had before.
func (c *clients) add(h *host) {
	if c.w.extras >= 3 {
		return
	}
	c.w.extras++
	id := fmt.Sprintf("extra-%d", c.w.extras)
	c.ask(h, control.RscAdd, control.RscAddArgs{Resource: dummy(id)}, c.promise("resource/"+id, "present"))
}

func (c *clients) remove(h *host) {
	if c.w.extras == 0 {
		return
	}
	id := fmt.Sprintf("extra-%d", 1+c.w.dice.IntN(c.w.extras))
	c.ask(h, control.RscDelete, control.RscArgs{Resource: id}, c.promise("resource/"+id, ""))
}

// apply replaces the configuration by the one this node knows, with one mark
// more, as an administrator does who has just edited it.
func (c *clients) apply(h *host) {
	if h.proc == nil {
		return
	}
	now := h.proc.inspect.CIB()
	next := clone(now.Config)
	mark := fmt.Sprintf("mark-%d", c.made+1)
	setProperty(&next, mark, "yes")
	base := now.Version
	c.ask(h, control.Apply, control.ApplyArgs{Config: next, BaseVersion: &base, Source: "simulated"},
		c.promise("property/"+mark, "yes"))
}

// readRegister reads from a configuration what the ledger has under a key.
func readRegister(conf *cib.Configuration, key string) string {
	var kind, id string
	for i := range key {
		if key[i] == '/' {
			kind, id = key[:i], key[i+1:]
			break
		}
	}
	switch kind {
	case "standby":
		for _, n := range conf.Nodes {
			if n.Uname == id {
				if v, found := lookup(n.Attributes, "standby"); found && (v == "on" || v == "true") {
					return "on"
				}
			}
		}
		return "off"
	case "role":
		if r := conf.FindResource(id); r != nil {
			if v, _ := lookup(r.Meta, "target-role"); v == "Stopped" {
				return v
			}
		}
		return "Started"
	case "resource":
		if conf.FindResource(id) != nil {
			return "present"
		}
		return ""
	case "property":
		v, _ := lookup(conf.Properties, id)
		return v
	}
	return "?"
}

func lookup(sets []cib.NVSet, name string) (string, bool) {
	for i := range sets {
		if v, found := sets[i].Get(name); found {
			return v, true
		}
	}
	return "", false
}
