package sim

import (
	"fmt"
	"slices"
	"time"
)

// ledger remembers what clients asked to have written and what was
// acknowledged, as registers: one key, one value at a time. It knows nothing of
// how a cluster orders changes, only what an acknowledgement promises.
type ledger struct{ promises []*promise }

// promise is one change. Without acked it may take effect at any time, or
// never: nobody was told.
type promise struct {
	key, value string
	asked      time.Time
	acked      time.Time
}

// ask notes a change that a client is about to ask for.
func (l *ledger) ask(key, value string, now time.Time) *promise {
	p := &promise{key: key, value: value, asked: now}
	l.promises = append(l.promises, p)
	return p
}

// keys returns every key ever written, sorted.
func (l *ledger) keys() []string {
	var keys []string
	for _, p := range l.promises {
		if at, found := slices.BinarySearch(keys, p.key); !found {
			keys = slices.Insert(keys, at, p.key)
		}
	}
	return keys
}

// permits tells whether a reader may find value under key: some change wrote
// it that no later acknowledged change has replaced for good. One change is
// later than another when it was asked for after the other's acknowledgement;
// changes under way together may end in any order.
func (l *ledger) permits(key, value string) bool {
	for _, p := range l.promises {
		if p.key == key && p.value == value && !l.replaced(p) {
			return true
		}
	}
	return false
}

func (l *ledger) replaced(p *promise) bool {
	if p.acked.IsZero() {
		return false
	}
	for _, q := range l.promises {
		if q.key == p.key && !q.acked.IsZero() && q.asked.After(p.acked) {
			return true
		}
	}
	return false
}

// audit compares what a reader found with what was promised and returns the
// first broken promise in words, "" when all are kept.
func (l *ledger) audit(read func(key string) string) string {
	for _, key := range l.keys() {
		if value := read(key); !l.permits(key, value) {
			return fmt.Sprintf("%s is %q, promised was %s", key, value, l.history(key))
		}
	}
	return ""
}

// history shows the changes of a key.
func (l *ledger) history(key string) string {
	text := ""
	for _, p := range l.promises {
		if p.key != key {
			continue
		}
		when := "never acknowledged"
		if !p.acked.IsZero() {
			when = fmt.Sprintf("acknowledged %.4f", p.acked.Sub(epoch).Seconds())
		}
		text += fmt.Sprintf("[%q asked %.4f, %s] ", p.value, p.asked.Sub(epoch).Seconds(), when)
	}
	return text
}
