package host

import (
	"log/slog"
	"sync"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/node"
)

// announcer tells what happens: to the log, one line an event, and to every
// client that listens. A listener that does not keep up loses the oldest lines;
// it never holds up the daemon.
type announcer struct {
	node string
	log  *slog.Logger

	mu        sync.Mutex
	listeners map[chan control.EventLine]struct{}
}

const listenerBuffer = 256

func newAnnouncer(nodeName string, log *slog.Logger) *announcer {
	return &announcer{node: nodeName, log: log, listeners: map[chan control.EventLine]struct{}{}}
}

// listen returns a stream of everything announced from now on, and its end.
func (a *announcer) listen() (<-chan control.EventLine, func()) {
	lines := make(chan control.EventLine, listenerBuffer)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listeners[lines] = struct{}{}
	return lines, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.listeners, lines)
	}
}

func (a *announcer) announce(ev node.Announce) {
	attrs := make([]any, 0, 2*len(ev.Fields))
	for _, f := range ev.Fields {
		attrs = append(attrs, f.Name, f.Value)
	}
	switch ev.Level {
	case "error":
		a.log.Error(ev.Name, attrs...)
	case "warn":
		a.log.Warn(ev.Name, attrs...)
	default:
		a.log.Info(ev.Name, attrs...)
	}
	a.publish(ev)
}

// publish sends an event to the listeners only: for progress that would flood
// the log.
func (a *announcer) publish(ev node.Announce) {
	line := control.EventLine{
		Time: time.Now().Format("2006-01-02T15:04:05.000Z07:00"), Node: a.node,
		Name: ev.Name, Level: ev.Level, Fields: append([]cib.NV(nil), ev.Fields...),
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for listener := range a.listeners {
		select {
		case listener <- line:
		default:
			select { // make room: the newest is worth more than the oldest
			case <-listener:
			default:
			}
			select {
			case listener <- line:
			default:
			}
		}
	}
}
