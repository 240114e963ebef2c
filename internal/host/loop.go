package host

import (
	"context"
	"errors"
	"time"

	"kvmha/internal/cluster"
	"kvmha/internal/node"
	"kvmha/internal/systemd"
)

// leaveLimit bounds a clean leave: stopping or moving away what runs here. It
// is the sum of what the longest stop may take; systemd's TimeoutStopSec is
// above it.
const leaveLimit = 10 * time.Minute

// unit is the name of the daemon's unit file.
const unit = "hostd.service"

// ErrRestart, as the cause of the end of Run's context, means that only the
// daemon goes down for a moment: resources go on running.
var ErrRestart = errors.New("hostd restarts")

// loop owns the core: it feeds it events and time and carries out its effects,
// in order. It ends when the core is done or a part failed; left tells whether
// this node is out of the cluster for good, so that nobody waits for it.
func (h *Host) loop(ctx context.Context, failed <-chan error) (left bool, err error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	leaving := ctx.Done()
	var giveUp <-chan time.Time
	var hurry <-chan struct{} // of a leave only
	for {
		select {
		case <-h.events.ready:
			for _, ev := range h.events.take() {
				if done := h.step(ev); done != nil {
					return h.farewell(*done)
				}
			}
		case <-timer.C:
			if done := h.step(node.Tick{}); done != nil {
				return h.farewell(*done)
			}
		case <-leaving:
			leaving, hurry = nil, h.hurry
			systemd.Stopping()
			giveUp = time.After(leaveLimit)
			restart := errors.Is(context.Cause(ctx), ErrRestart) || systemd.Restarts(unit)
			if !restart {
				h.log.Info("leave-begun", "limit", leaveLimit, "hurry", "a second SIGTERM ends hostd at once, and the peers fence this node")
			}
			if done := h.step(node.Shutdown{Restart: restart}); done != nil {
				return h.farewell(*done)
			}
		case <-giveUp:
			h.log.Error("leave-gave-up", "after", leaveLimit, "consequence", "the peers will fence this node")
			return false, nil
		case <-hurry:
			h.log.Error("leave-cut-short", "consequence", "what still runs here goes on, and the peers will fence this node")
			return false, nil
		case err := <-failed:
			return false, err
		}
		now := time.Now()
		timer.Reset(pause(now, h.core.Deadline()))
	}
}

// step gives the core one event and carries out what it answers. It returns
// the core's farewell once it has left.
func (h *Host) step(ev node.Event) *node.LeftCluster {
	if beat, ok := ev.(heartbeat); ok {
		close(beat.done)
		return nil
	}
	now := time.Now()
	effects := h.core.Step(now, ev)
	if h.recorder != nil {
		h.recorder.note(now, ev, effects)
	}
	for _, effect := range effects {
		if done, ok := effect.(node.LeftCluster); ok {
			return &done
		}
		h.perform(effect)
	}
	if h.vms.update(h.core.CIB()) {
		h.hub.Changed()
	}
	return nil
}

func (h *Host) perform(effect node.Effect) {
	switch e := effect.(type) {
	case node.Send:
		h.engine.Send(e.To, e.Body)
	case node.Persist, node.Archive, node.WritePledge:
		h.disk.requests <- e
	case node.RunOperation:
		h.executor.Run(e.Operation)
	case node.CancelOperation:
		h.executor.Cancel(e.Resource, e.Name, time.Duration(e.IntervalMS)*time.Millisecond)
	case node.Fence:
		h.fence(e)
	case node.Reply:
		h.clients.reply(e)
	case node.GuestReply:
		h.replyGuest(e)
	case node.Announce:
		h.announcer.announce(e)
	}
}

// farewell says goodbye to the peers after the core has let go of everything. A
// restart is none: the peers see a member that comes back.
func (h *Host) farewell(done node.LeftCluster) (left bool, err error) {
	h.log.Info("hostd-left", "restart", done.Restart)
	if done.Restart {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return true, h.engine.Leave(ctx)
}

// forwardEngine posts the engine's events. The first view says that the engine
// has its links, which is the last thing that a daemon needs to serve.
func (h *Host) forwardEngine(ctx context.Context) error {
	ready := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, open := <-h.engine.Events():
			if !open {
				return nil
			}
			switch e := ev.(type) {
			case cluster.View:
				h.events.post(node.ViewChanged{View: e})
				if !ready {
					ready = true
					systemd.Ready()
				}
			case cluster.Message:
				h.events.post(node.PeerMessage{From: e.From, Body: e.Body})
			case cluster.Refused:
				h.events.post(node.PeerRefused{Address: e.Address, Reason: e.Reason})
			}
		}
	}
}

// heartbeat is no event of the core's: it proves to the watchdog that the loop
// goes round.
type heartbeat struct {
	node.Tick
	done chan struct{}
}

func (h *Host) alive(ctx context.Context) bool {
	beat := heartbeat{done: make(chan struct{})}
	h.events.post(beat)
	select {
	case <-beat.done:
		return true
	case <-ctx.Done():
		return false
	}
}
