package systemd

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
)

// Logger returns the daemon's logger: to the journal, with every attribute as
// a field of its own (`journalctl KVMHA_RESOURCE=db1`), when systemd has
// connected standard error to it; else as key=value lines to standard error.
func Logger(level slog.Level) *slog.Logger {
	if toJournal, err := journal.StderrIsJournalStream(); err == nil && toJournal && journal.Enabled() {
		return slog.New(&journalHandler{level: level, send: journal.Send})
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// fieldPrefix keeps our fields apart from the journal's own.
const fieldPrefix = "KVMHA_"

// journalHandler writes records as journal entries. The message holds the
// attributes as well, so that a plain journalctl shows them.
type journalHandler struct {
	level slog.Level
	attrs []slog.Attr
	send  func(message string, priority journal.Priority, fields map[string]string) error
}

// Enabled implements slog.Handler.
func (h *journalHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle implements slog.Handler.
func (h *journalHandler) Handle(_ context.Context, r slog.Record) error {
	message := r.Message
	fields := map[string]string{fieldPrefix + "EVENT": r.Message}
	add := func(a slog.Attr) bool {
		value := a.Value.Resolve().String()
		fields[fieldName(a.Key)] = value
		message += " " + a.Key + "=" + quoted(value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	return h.send(message, priorityOf(r.Level), fields)
}

// WithAttrs implements slog.Handler.
func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journalHandler{level: h.level, attrs: append(append([]slog.Attr(nil), h.attrs...), attrs...), send: h.send}
}

// WithGroup implements slog.Handler. Events are flat; a group changes nothing.
func (h *journalHandler) WithGroup(string) slog.Handler { return h }

func priorityOf(level slog.Level) journal.Priority {
	switch {
	case level >= slog.LevelError:
		return journal.PriErr
	case level >= slog.LevelWarn:
		return journal.PriWarning
	case level >= slog.LevelInfo:
		return journal.PriInfo
	}
	return journal.PriDebug
}

// fieldName makes a journal field's name: upper case letters, digits and _.
func fieldName(key string) string {
	return fieldPrefix + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
}

func quoted(value string) string {
	if value == "" || strings.ContainsAny(value, " =\"\n") {
		return `"` + strings.ReplaceAll(value, `"`, `'`) + `"`
	}
	return value
}
