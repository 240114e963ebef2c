package node

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// replica is this node's place in the stream of updates.
type replica struct {
	seq      uint64
	prepared *prepared
}

// prepared is a change that is on its way to this node's disk and not yet in
// effect.
type prepared struct {
	change uint64
	cmds   []cib.Command
	write  uint64 // the Persist's number
	onDisk bool
}

// ackWait runs done when every member has applied update seq.
type ackWait struct {
	seq  uint64
	done func()
}

// change is a durable change: on every member's disk before it takes effect
// and before its author hears of it.
type change struct {
	what string
	// check is asked at the moment the change is due; it may refuse, or
	// complete cmds from the CIB as it is then.
	check func(*cib.CIB) ([]cib.Command, error)
	// must: records of what has happened anyway; a full disk does not undo it.
	must bool
	// early: may be made while the other half of a cluster of two is lost, because
	// its author hears nothing before that half is fenced, and a merge keeps it.
	early bool
	// done is called once, with nil or the reason of the refusal.
	done func(error)

	cmds     []cib.Command
	no       uint64 // 0 = not begun
	deadline time.Time
	asked    []string          // the members that were told to prepare it
	answers  map[string]string // member -> "" or its error
}

// commit applies commands and sends them to every member. Commands that do not
// apply are a contradiction in this program and are announced, never sent.
func (c *Core) commit(cmds ...cib.Command) {
	c.commitUpdate(updateMsg{Commands: cmds})
}

func (c *Core) commitUpdate(u updateMsg) {
	o := c.office
	next, err := cib.ApplyAll(c.cib, u.Commands)
	if err != nil {
		c.announce(EventChangeRefused, levelError, "error", err.Error())
		return
	}
	c.cib = next
	c.activity++
	o.seq++
	u.Seq = o.seq
	for _, name := range c.joinedNames() {
		if name != c.cfg.Node {
			c.send(name, message{Update: &u})
		}
	}
	c.afterCommands(u.Commands, u.Change)
}

// commitAcknowledged commits and calls done when every member has applied it.
func (c *Core) commitAcknowledged(done func(), cmds ...cib.Command) {
	c.commitUpdate(updateMsg{Commands: cmds, Ack: true})
	c.office.waits = append(c.office.waits, ackWait{seq: c.office.seq, done: done})
}

// resync gives a member the whole CIB.
func (c *Core) resync(name string) {
	c.office.acks[name] = c.office.seq
	c.send(name, message{Sync: &syncMsg{CIB: c.cib, Seq: c.office.seq}})
}

// synced replaces this node's CIB by the DC's. What is lost by it is archived.
func (c *Core) synced(s *syncMsg) {
	if !durablyEqual(c.cib, s.CIB) {
		if c.cib.Version.Compare(s.CIB.Version) != 0 && c.cib.Version.Epoch > 1 {
			c.archive(c.cib, c.vote.dc)
		}
	}
	if !sameOnDisk(c.cib, s.CIB) || c.cib.Version.Term != s.CIB.Version.Term {
		c.disk.stale = true
	}
	c.cib, c.replica.seq, c.replica.prepared = s.CIB, s.Seq, nil
	c.members.joinedAll = c.members.joinedAll || s.CIB.HaveQuorum
	c.deliverGuestReplies()
}

// updated applies the DC's commands; after a gap it asks for the whole.
func (c *Core) updated(u *updateMsg) {
	if u.Seq <= c.replica.seq {
		return
	}
	next, err := cib.ApplyAll(c.cib, u.Commands)
	if u.Seq != c.replica.seq+1 || err != nil {
		c.send(c.vote.dc, message{Resync: &struct{}{}})
		return
	}
	c.cib, c.replica.seq = next, u.Seq
	c.afterCommands(u.Commands, u.Change)
	if u.Ack {
		c.send(c.vote.dc, message{Applied: &appliedMsg{Seq: u.Seq}})
	}
}

// afterCommands does what applied commands mean for this node itself, on the
// DC as on every member.
func (c *Core) afterCommands(cmds []cib.Command, changeNo uint64) {
	onDisk := false
	if p := c.replica.prepared; p != nil && changeNo != 0 && p.change == changeNo {
		onDisk, c.replica.prepared = p.onDisk, nil
	}
	for _, cmd := range cmds {
		if cmd.Durable() && !onDisk {
			c.disk.stale = true
		}
		switch {
		case cmd.RecordOperation != nil && cmd.RecordOperation.Node == c.cfg.Node:
			c.work.recorded(cmd.RecordOperation.Seq)
		case cmd.ForgetResource != nil && cmd.ForgetResource.Node == c.cfg.Node:
			c.cancelRecurring(cmd.ForgetResource.Resource)
		case cmd.PoweredOn != nil:
			c.disk.stale = true
		case cmd.NodeFenced != nil:
			c.disk.stale = true // whether it is to be switched on again
			c.learnFenced(cmd.NodeFenced.Node)
		case cmd.ReplaceConfig != nil:
			c.announce(EventConfigChanged, levelInfo, "version", c.cib.Version.String())
		case cmd.PutGuestFence != nil && cmd.PutGuestFence.Done:
			c.guestDone(cmd.PutGuestFence)
		}
	}
}

// applied counts a member's acknowledgement.
func (c *Core) applied(from string, a *appliedMsg) {
	c.office.acks[from] = max(c.office.acks[from], a.Seq)
}

// submit queues a durable change.
func (c *Core) submit(ch *change) {
	ch.deadline = c.now.Add(c.cfg.Timings.Client / 2)
	c.office.changes = append(c.office.changes, ch)
	c.activity++
}

// submitted reports whether a change of this description is on its way.
func (c *Core) submitted(what string) bool {
	return slices.ContainsFunc(c.office.changes, func(ch *change) bool { return ch.what == what })
}

// changesProgress moves acknowledged updates and durable changes on.
func (c *Core) changesProgress() {
	if c.office == nil || !c.office.ready {
		return
	}
	c.releaseWaits()
	for c.office != nil {
		ch := c.nextChange()
		if ch == nil {
			return
		}
		if ch.no == 0 && !c.beginChange(ch) {
			continue
		}
		c.drain() // this node's own part
		if c.office == nil || !c.endChange(ch) {
			return
		}
	}
}

// nextChange is the change in flight, or the next one that may begin: records
// of what has happened always, others when the partition may change things.
func (c *Core) nextChange() *change {
	for _, ch := range c.office.changes {
		if ch.no != 0 {
			return ch
		}
	}
	held := len(c.disputed()) > 0
	for _, ch := range c.office.changes {
		if ch.must || ch.early || !held || !c.now.Before(ch.deadline) {
			return ch
		}
	}
	return nil
}

func (c *Core) endedChange(ch *change) {
	c.office.changes = slices.DeleteFunc(c.office.changes, func(x *change) bool { return x == ch })
}

func (c *Core) releaseWaits() {
	o := c.office
	for len(o.waits) > 0 {
		for _, name := range c.joinedNames() {
			if name != c.cfg.Node && o.acks[name] < o.waits[0].seq {
				return
			}
		}
		done := o.waits[0].done
		o.waits = o.waits[1:]
		done()
	}
}

// beginChange asks every member to write the change; false when it was refused
// at once.
func (c *Core) beginChange(ch *change) bool {
	o := c.office
	cmds, err := ch.check(c.cib)
	var next *cib.CIB
	if err == nil {
		next, err = cib.ApplyAll(c.cib, cmds)
	}
	if err != nil {
		c.endedChange(ch)
		c.announce(EventChangeRefused, levelWarn, "change", ch.what, "error", err.Error())
		ch.done(err)
		return false
	}
	if next.Version.Epoch > c.cib.Version.Epoch && next.Version.Epoch <= o.takenBack {
		cmds = append([]cib.Command{{SkipEpoch: &cib.SkipEpoch{Epoch: o.takenBack}}}, cmds...)
	}
	c.probeRemoved(&next.Config)
	o.changeSeq++
	ch.cmds, ch.no, ch.answers = cmds, o.changeSeq, map[string]string{}
	ch.asked = c.joinedNames()
	for _, name := range ch.asked {
		c.send(name, message{Prepare: &prepareMsg{Change: ch.no, Commands: cmds}})
	}
	return true
}

// endChange makes a change effective when all members have written it, or
// takes it back; false while answers are missing.
func (c *Core) endChange(ch *change) bool {
	var missing, failed []string
	for _, name := range c.joinedNames() {
		answer, ok := ch.answers[name]
		switch {
		case !ok:
			missing = append(missing, name)
		case answer != "":
			failed = append(failed, name+": "+answer)
		}
	}
	late := !c.now.Before(ch.deadline)
	if len(missing) > 0 && !late && (len(failed) == 0 || ch.must) {
		return false
	}
	if !ch.must && !ch.early && len(c.disputed()) > 0 && !late {
		return false
	}
	lost := c.mayChange(ch.early) // members may have gone since it began
	c.endedChange(ch)
	switch {
	case ch.must:
	case len(missing)+len(failed) > 0:
		c.abandonChange(ch, errNotWritten(missing, failed))
		return true
	case lost != nil:
		c.abandonChange(ch, lost)
		return true
	}
	c.commitUpdate(updateMsg{Commands: ch.cmds, Change: ch.no})
	c.markDirty(ch.what)
	ch.done(nil)
	return true
}

// uncertain wraps the error of a change that was taken back everywhere but on
// members that are gone: they may have it on disk and bring it back.
type uncertain struct{ error }

func (u *uncertain) Unwrap() error { return u.error }

// abandonChange takes a change back. A member that is gone may have it on disk,
// so the next change skips the versions that this one would have made.
func (c *Core) abandonChange(ch *change, err error) {
	gone := slices.DeleteFunc(slices.Clone(ch.asked), c.joined)
	if len(gone) > 0 {
		err = &uncertain{fmt.Errorf("%w. %s may have written it already and bring it back: look at the status when it is here again",
			err, strings.Join(gone, ", "))}
	}
	if taken, failure := cib.ApplyAll(c.cib, ch.cmds); failure == nil {
		c.office.takenBack = max(c.office.takenBack, taken.Version.Epoch)
	}
	for _, name := range c.joinedNames() {
		c.send(name, message{Abandon: &appliedMsg{Seq: ch.no}})
	}
	c.announce(EventChangeRefused, levelError, "change", ch.what, "error", err.Error())
	ch.done(err)
}

// preparedBy counts a member's answer to a prepare.
func (c *Core) preparedBy(from string, a *appliedMsg) {
	for _, ch := range c.office.changes {
		if ch.no != 0 && ch.no == a.Seq {
			ch.answers[from] = a.Error
		}
	}
}

// prepare writes what the commands will lead to; the answer follows Persisted.
func (c *Core) prepare(p *prepareMsg) {
	next, err := cib.ApplyAll(c.cib, p.Commands)
	if err != nil {
		c.send(c.vote.dc, message{Prepared: &appliedMsg{Seq: p.Change, Error: err.Error()}})
		return
	}
	c.replica.prepared = &prepared{change: p.Change, cmds: p.Commands, write: c.write(next)}
}

// changeOnDisk answers the DC's prepare.
func (c *Core) changeOnDisk(p *prepared, failure string) {
	p.onDisk = failure == ""
	if c.vote.dc != "" {
		c.send(c.vote.dc, message{Prepared: &appliedMsg{Seq: p.change, Error: failure}})
	}
}

// abandon forgets a prepared change and puts the disk right again.
func (c *Core) abandon(no uint64) {
	if p := c.replica.prepared; p != nil && p.change == no {
		c.replica.prepared = nil
		c.disk.stale = true
	}
}

// settlePrepared makes a prepared change effective when its DC is lost: it may
// have been acknowledged, and it is on this disk.
func (c *Core) settlePrepared() {
	p := c.replica.prepared
	if p == nil {
		return
	}
	c.replica.prepared = nil
	if next, err := cib.ApplyAll(c.cib, p.cmds); err == nil {
		c.cib = next
		c.afterCommands(p.cmds, 0)
	}
}

func errNotWritten(missing, failed []string) error {
	slices.Sort(failed)
	switch {
	case len(failed) > 0:
		return &refusal{"the change was made nowhere: the state cannot be written on " + strings.Join(failed, "; ") +
			". Make room on that disk and repeat"}
	default:
		return &refusal{"the change was made nowhere: no answer from " + strings.Join(missing, ", ") +
			". Look at hostd there and repeat"}
	}
}

// refusal is an error whose text is meant for the one who asked.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// mustJSON renders plain data.
func mustJSON(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic("node: reply cannot be rendered: " + err.Error()) // plain data always can
	}
	return data
}
