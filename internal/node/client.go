package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kvmha/internal/control"
)

// clients are the requests of this node's clients that have no reply yet.
type clients struct{ waiting []clientWait }

type clientWait struct {
	id       uint64
	ask      askMsg
	sent     bool
	deadline time.Time
}

// origin is where a request came from: the node whose client it is, and that
// node's number for it.
type origin struct {
	node string
	id   uint64
}

// earlyAsk is a request that reached a DC before its first join was done.
type earlyAsk struct {
	from string
	ask  *askMsg
}

// reads reports whether a verb only reads, so that it may be asked twice.
func reads(v control.Verb) bool {
	return v == control.Status || v == control.GetCIB || v == control.Explain
}

// slow reports whether a verb may take as long as fencing does.
func slow(v control.Verb) bool { return v == control.FenceNode }

// clientRequest queues a request for the DC. Without one, status, cib and
// explain are answered from what this node knows itself.
func (c *Core) clientRequest(e ClientRequest) {
	verb := control.Verb(e.Verb)
	if !knownVerb(verb) {
		c.emit(Reply{ID: e.ID, Error: fmt.Sprintf("verb %q is unknown to this version: update the older of vm-ctl and hostd", e.Verb)})
		return
	}
	if reads(verb) && c.vote.dc == "" {
		body, err := c.read(verb, e.Args)
		c.emit(Reply{ID: e.ID, Body: body, Error: errorText(err)})
		return
	}
	wait := c.cfg.Timings.Client
	if slow(verb) {
		wait += 2 * c.cfg.Timings.FenceTimeout
	}
	c.clients.waiting = append(c.clients.waiting, clientWait{
		id: e.ID, ask: askMsg{ID: e.ID, Verb: verb, Args: e.Args}, deadline: c.now.Add(wait),
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// clientGone forgets a request; what it asked for may still happen.
func (c *Core) clientGone(id uint64) {
	c.clients.waiting = slices.DeleteFunc(c.clients.waiting, func(w clientWait) bool { return w.id == id })
}

// clientsProgress sends what a DC can take now and ends what has waited too long.
func (c *Core) clientsProgress() {
	cl := &c.clients
	for i := range cl.waiting {
		w := &cl.waiting[i]
		if !w.sent && c.vote.dc != "" {
			w.sent = true
			ask := w.ask
			c.send(c.vote.dc, message{Ask: &ask})
		}
	}
	var late []clientWait
	cl.waiting = slices.DeleteFunc(cl.waiting, func(w clientWait) bool {
		if c.now.Before(w.deadline) {
			return false
		}
		late = append(late, w)
		return true
	})
	for _, w := range late {
		why := "no node has become DC: look at vm-ctl status"
		if w.sent {
			why = "the DC " + c.vote.dc + " has not answered in time: look at vm-ctl status before you repeat it"
		}
		c.emit(Reply{ID: w.id, Error: string(w.ask.Verb) + ": " + why})
	}
}

// clientsLostDC asks reads again; what changes something is answered, since
// nobody can tell any more whether it took effect.
func (c *Core) clientsLostDC() {
	cl := &c.clients
	var lost []clientWait
	cl.waiting = slices.DeleteFunc(cl.waiting, func(w clientWait) bool {
		if !w.sent || reads(w.ask.Verb) {
			return false
		}
		lost = append(lost, w)
		return true
	})
	for i := range cl.waiting {
		cl.waiting[i].sent = false
	}
	for _, w := range lost {
		c.emit(Reply{ID: w.id, Error: string(w.ask.Verb) + ": the DC was lost meanwhile, so this may or may not have taken effect: look at vm-ctl status, repeat if needed"})
	}
}

// answered passes the DC's answer on, once.
func (c *Core) answered(m *answerMsg) {
	n := len(c.clients.waiting)
	c.clientGone(m.ID)
	if len(c.clients.waiting) < n {
		c.emit(Reply(*m))
	}
}

// answer ends a request at the DC.
func (c *Core) answer(to origin, body json.RawMessage, err error) {
	if c.office == nil {
		return // its node has told the client already
	}
	c.send(to.node, message{Answer: &answerMsg{ID: to.id, Body: body, Error: errorText(err)}})
}

func (c *Core) clientsDeadline(d *deadline) {
	for i := range c.clients.waiting {
		d.add(c.clients.waiting[i].deadline)
	}
}
