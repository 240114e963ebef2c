package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/node"
	"kvmha/policy"
)

// mover carries out a move and follows it to its end.
type mover struct {
	*app
	to       string
	lifetime time.Duration
	noWait   bool
	// live refuses what cannot be moved while it runs.
	live bool
}

// lookAgain is how often the status is read while no event arrives. The end of
// a move is announced on the DC, which may be another node than this one.
const lookAgain = 250 * time.Millisecond

// silenceLimit is how long the daemon may be away, as in a restart, before a
// move is followed no longer.
const silenceLimit = 30 * time.Second

func (m *mover) move(ctx context.Context, id string) error {
	from, err := m.prepare(ctx, id)
	if err != nil || from == m.to && m.to != "" {
		return err
	}
	events, err := m.listen(ctx)
	if err != nil {
		return err
	}
	defer events.stop()
	begin := time.Now()
	request := control.MoveArgs{Resource: id, Node: m.to, LifetimeS: int64(m.lifetime.Seconds())}
	if err := m.ask(ctx, control.Move, request, nil); err != nil {
		return fmt.Errorf("%s was not moved: %w", id, err)
	}
	if m.noWait {
		m.say("%s: the cluster has accepted the move%s.", id, towards(m.to))
		return nil
	}
	m.say("%s: moving from %s%s", id, from, towards(m.to))
	return m.follow(ctx, id, from, begin, events.lines)
}

func towards(node string) string {
	if node == "" {
		return " to another node"
	}
	return " to " + node
}

// prepare refuses what cannot succeed, and returns where the resource runs.
// When it is on the wanted node already it says so.
func (m *mover) prepare(ctx context.Context, id string) (from string, err error) {
	status, err := m.status(ctx)
	if err != nil {
		return "", err
	}
	view := findResource(status.Resources, id)
	switch {
	case view == nil:
		return "", fmt.Errorf("there is no resource %q: vm-ctl resource list", id)
	case len(view.Active) == 0:
		return "", fmt.Errorf("%s does not run, so there is nothing to move: vm-ctl explain %s", id, id)
	case !view.Managed:
		return "", fmt.Errorf("%s is not managed by the cluster now (is-managed or maintenance): make it managed first", id)
	case len(view.Active) > 1:
		return "", fmt.Errorf("%s runs on %s: only what runs on one node can be moved", id, strings.Join(view.Active, ", "))
	}
	from = view.Active[0]
	if m.to != "" && findNode(status.Nodes, m.to) == nil {
		return "", fmt.Errorf("there is no node %q: vm-ctl node list", m.to)
	}
	if from == m.to {
		m.say("%s runs on %s already.", id, from)
		return from, nil
	}
	if m.live {
		return from, m.checkLive(ctx, id)
	}
	return from, nil
}

// checkLive refuses a resource that would be stopped and started instead.
func (m *mover) checkLive(ctx context.Context, id string) error {
	var now cib.CIB
	if err := m.ask(ctx, control.GetCIB, nil, &now); err != nil {
		return err
	}
	if now.Config.FindResource(id) == nil {
		return fmt.Errorf("%s is not in the configuration any more", id)
	}
	if mayMigrate(&now.Config, id) {
		return nil
	}
	return fmt.Errorf("%s cannot be migrated live (allow-migrate is not true): \"vm-ctl resource move %s\" stops and starts it", id, id)
}

// follow shows what happens to the resource until its move has ended.
func (m *mover) follow(ctx context.Context, id, from string, begin time.Time, lines <-chan control.EventLine) error {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	answered := time.Now()
	for {
		status, err := m.status(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			answered = time.Now()
			if over, err := m.judge(status, id, from, begin); over {
				return err
			}
		case time.Since(answered) > silenceLimit:
			return fmt.Errorf("the cluster has accepted the move of %s, but its end cannot be seen: %w", id, err)
		}
		if err := m.nextEvent(ctx, id, lines, look.C); err != nil {
			return err
		}
	}
}

// nextEvent waits for an event that may have ended the move, showing progress
// meanwhile.
func (m *mover) nextEvent(ctx context.Context, id string, lines <-chan control.EventLine, look <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look:
			return nil
		case line, open := <-lines:
			if !open {
				lines = nil // the stream has ended; looking goes on
				continue
			}
			about := orElse(eventField(line, "rsc"), eventField(line, "resource"))
			if about == id && !m.show(line) {
				return nil
			}
		}
	}
}

// show prints the progress of a migration; false means that the event is none.
func (m *mover) show(line control.EventLine) bool {
	if line.Name != "migration-progress" {
		return false
	}
	text := fmt.Sprintf("  %s%% moved, %s to go", orElse(eventField(line, "percent"), "?"), megabytes(eventField(line, "remaining")))
	if m.terminal {
		fmt.Fprintf(m.out, "\r%s\x1b[K", text)
	} else {
		m.say("%s", text)
	}
	return true
}

// megabytes writes a number of bytes for people.
func megabytes(text string) string {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return "?"
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// judge tells whether the move is over and how it ended.
func (m *mover) judge(status *node.StatusReply, id, from string, begin time.Time) (over bool, err error) {
	view := findResource(status.Resources, id)
	if view == nil {
		return true, fmt.Errorf("%s has been deleted meanwhile", id)
	}
	here := strings.Join(view.Active, ", ")
	intent := findIntent(status.Intents, id)
	switch {
	case intent != nil && intent.State == cib.IntentMoving:
		return false, nil
	case intent != nil && intent.State == cib.IntentFailed:
		return true, fmt.Errorf("%s was not moved: %s; it runs on %s: vm-ctl explain %s", id, intent.Reason, orElse(here, "no node"), id)
	case intent != nil:
		m.arrived(id, orElse(intent.Node, here), begin)
		return true, nil
	case len(view.Active) == 1 && (here == m.to || m.to == "" && here != from):
		m.arrived(id, here, begin)
		return true, nil
	}
	return true, fmt.Errorf("the move of %s was ended by somebody else; it runs on %s", id, orElse(here, "no node"))
}

func (m *mover) arrived(id, node string, begin time.Time) {
	if m.terminal {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
	m.say("%s runs on %s, after %v.", id, node, time.Since(begin).Round(time.Millisecond))
}

func findIntent(intents []cib.Intent, id string) *cib.Intent {
	for i := range intents {
		if intents[i].Resource == id {
			return &intents[i]
		}
	}
	return nil
}

// findResource returns the view of a resource anywhere in the tree, or nil.
func findResource(views []policy.ResourceView, id string) *policy.ResourceView {
	for i := range views {
		if views[i].ID == id {
			return &views[i]
		}
		if found := findResource(views[i].Children, id); found != nil {
			return found
		}
	}
	return nil
}

func eventField(line control.EventLine, name string) string {
	for _, f := range line.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// eventStream is the daemon's events as a channel, which is closed when the
// stream ends.
type eventStream struct {
	lines <-chan control.EventLine
	stop  func()
}

// listen subscribes to the daemon's events until stop is called.
func (a *app) listen(ctx context.Context) (*eventStream, error) {
	client, err := a.dial()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	lines := make(chan control.EventLine)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(lines)
		defer client.Close()
		// How the stream ends does not matter: its readers look at the status too.
		_ = client.Stream(ctx, control.Events, nil, func(body json.RawMessage) error {
			var line control.EventLine
			if err := json.Unmarshal(body, &line); err != nil {
				return err
			}
			select {
			case lines <- line:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return &eventStream{lines: lines, stop: func() { cancel(); <-done }}, nil
}

// status asks the daemon for its view of the cluster.
func (a *app) status(ctx context.Context) (*node.StatusReply, error) {
	var reply node.StatusReply
	if err := a.ask(ctx, control.Status, nil, &reply); err != nil {
		return nil, err
	}
	return &reply, nil
}
