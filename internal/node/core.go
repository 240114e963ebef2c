package node

import (
	"encoding/json"
	"math/rand/v2"
	"time"

	"kvmha/internal/cib"
)

// maxRounds bounds what one Step does; a round without a result ends it, in
// practice after two or three.
const maxRounds = 50

// Core is the state machine of one node. It is not safe for concurrent use: one
// loop owns it.
type Core struct {
	cfg     Config
	now     time.Time
	started time.Time // the time of the first Step
	random  *rand.Rand

	out      []Effect
	loopback []*message // messages of this node to itself, handled in order
	activity uint64     // grows with everything that may make more possible

	members membership
	vote    election
	cib     *cib.CIB // never nil; never changed in place
	replica replica
	disk    disk
	pledge  pledging
	work    work
	fencer  fencer
	attrs   attributes
	clients clients
	guests  guests
	leave   leaving
	journal journal

	// office is what only a DC has; nil on every other node.
	office *office
}

// New makes a core. It returns an error when cfg contradicts itself or its
// State cannot be read.
func New(cfg Config) (*Core, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	c := &Core{cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, cfg.Seed^0x9e3779b97f4a7c15))}
	if err := c.restore(cfg.State); err != nil {
		return nil, err
	}
	if err := c.restorePledge(cfg.Pledge); err != nil {
		return nil, err
	}
	return c, nil
}

// Step takes one event at a moment and returns what must be done, in order.
// now never runs backwards: an earlier one counts as the last one given.
func (c *Core) Step(now time.Time, ev Event) []Effect {
	if c.started.IsZero() {
		c.started, c.now = now, now
		c.vote.since = now
	}
	if now.After(c.now) {
		c.now = now
	}
	if c.leave.done {
		return nil
	}
	c.out = nil
	c.take(ev)
	c.advance()
	out := c.out
	c.out = nil
	return out
}

// take hands the event to the room of its idea.
func (c *Core) take(ev Event) {
	switch e := ev.(type) {
	case Tick:
	case ViewChanged:
		c.viewChanged(e.View)
	case PeerMessage:
		c.peerMessage(e.From, e.Body)
	case PeerRefused:
		c.peerRefused(e)
	case OperationDone:
		c.operationDone(e)
	case FenceDone:
		c.fenceDone(e)
	case AttributeChanged:
		c.attributeChanged(e)
	case ClientRequest:
		c.clientRequest(e)
	case ClientGone:
		c.clientGone(e.ID)
	case GuestRequest:
		c.guestRequest(e)
	case Persisted:
		c.persisted(e)
	case PledgeWritten:
		c.pledgeWritten(e)
	case Shutdown:
		c.shutdown(e)
	}
}

// advance runs what the event made possible: the phases in one fixed order,
// again and again until nothing more comes of it. Messages to this node itself
// are handled before anything else is decided.
func (c *Core) advance() {
	c.drain()
	for range maxRounds {
		before := c.activity
		for _, phase := range []func(){
			c.electionProgress,
			c.votesProgress,
			c.joinProgress,
			c.membershipProgress,
			c.attributesProgress,
			c.workProgress,
			c.fencingProgress,
			c.leaveProgress,
			c.intentsProgress,
			c.guestsProgress,
			c.changesProgress,
			c.transitionProgress,
			c.clientsProgress,
			c.diskProgress,
			c.pledgeProgress,
		} {
			phase()
			c.drain()
		}
		if c.activity == before {
			return
		}
	}
}

// drain handles the messages of this node to itself.
func (c *Core) drain() {
	for len(c.loopback) > 0 {
		m := c.loopback[0]
		c.loopback = c.loopback[1:]
		c.handle(c.cfg.Node, m)
	}
}

// emit appends an effect.
func (c *Core) emit(e Effect) {
	c.out = append(c.out, e)
	c.activity++
}

// send queues a message with the current term; to this node itself it goes
// through the loopback.
func (c *Core) send(to string, m message) {
	m.Version, m.Term = MessageVersion, c.vote.term
	if to == c.cfg.Node {
		c.loopback = append(c.loopback, &m)
		c.activity++
		return
	}
	body, err := json.Marshal(m)
	if err != nil || len(body) > MaxMessage {
		c.announce(EventMessageRefused, levelError, "peer", to, "reason", "own message is too large or cannot be written")
		return
	}
	c.emit(Send{To: to, Body: body})
}

// peerMessage decodes and handles a message of another node.
func (c *Core) peerMessage(from string, body []byte) {
	if !c.members.here(from) || from == c.cfg.Node {
		return // its stream has ended with the view
	}
	m, err := decodeMessage(body)
	if err != nil {
		c.announce(EventMessageRefused, levelWarn, "peer", from, "reason", err.Error())
		return
	}
	c.handle(from, m)
}

// handle routes a message: first those that settle whom to obey, then those of
// the DC to its members, then those of a member to its DC. What belongs to
// another term than the present one is refused.
func (c *Core) handle(from string, m *message) {
	switch {
	case c.leave.done || c.leave.fenced: // nobody is obeyed any more
	case m.Hello != nil:
		c.hello(from, m)
	case m.Claim != nil:
		c.claimed(from, m.Term)
	case m.Grant != nil:
		c.granted(from, m.Term)
	case m.Refuse != nil:
		c.refused(from, m)
	case m.JoinAsk != nil:
		c.joinAsked(from, m.Term, m.JoinAsk.No)
	case m.FenceEnd != nil:
		c.fenceEnded(from, m.FenceEnd)
	case m.Term != c.vote.term:
		c.otherTerm(from, m)
	case from == c.vote.dc && c.fromDC(m):
	case c.office != nil:
		c.fromMember(from, m)
	}
}

// fromDC handles what only the DC may say; false when m is none of that.
func (c *Core) fromDC(m *message) bool {
	switch {
	case m.Sync != nil:
		c.synced(m.Sync)
	case m.Update != nil:
		c.updated(m.Update)
	case m.Prepare != nil:
		c.prepare(m.Prepare)
	case m.Abandon != nil:
		c.abandon(m.Abandon.Seq)
	case m.Execute != nil:
		c.execute(m.Execute)
	case m.Cancel != nil:
		c.cancel(m.Cancel)
	case m.Fence != nil:
		c.fenceOrdered(m.Fence)
	case m.Answer != nil:
		c.answered(m.Answer)
	case m.GuestError != nil:
		c.guestRefused(m.GuestError)
	case m.MayLeave != nil:
		c.mayLeave(m.MayLeave.Restart)
	default:
		return false
	}
	return true
}

// fromMember handles what members tell their DC.
func (c *Core) fromMember(from string, m *message) {
	switch {
	case m.JoinOffer != nil:
		c.offered(from, m.JoinOffer)
	case m.Resync != nil:
		c.resync(from)
	case m.Applied != nil:
		c.applied(from, m.Applied)
	case m.Prepared != nil:
		c.preparedBy(from, m.Prepared)
	case m.Report != nil:
		c.reported(from, m.Report)
	case m.Attributes != nil:
		c.attributesOf(from, m.Attributes)
	case m.Ask != nil:
		c.asked(from, m.Ask)
	case m.GuestFence != nil:
		c.guestFenceAsked(from, m.GuestFence)
	case m.Leave != nil:
		c.leaveAsked(from, m.Leave)
	}
}

// Deadline returns when Step must be called with a Tick at the latest; the zero
// time means that only an event can change anything.
func (c *Core) Deadline() time.Time {
	var d deadline
	c.electionDeadline(&d)
	c.membershipDeadline(&d)
	c.workDeadline(&d)
	c.clientsDeadline(&d)
	c.diskDeadline(&d)
	c.pledgeDeadline(&d)
	c.officeDeadline(&d)
	return d.at
}

// deadline keeps the earliest of the times it is given.
type deadline struct{ at time.Time }

func (d *deadline) add(t time.Time) {
	if !t.IsZero() && (d.at.IsZero() || t.Before(d.at)) {
		d.at = t
	}
}
