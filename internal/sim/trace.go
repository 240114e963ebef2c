package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"time"
)

// traceLines is how many of the last lines a failure shows.
const traceLines = 120

// trace is the log of a run: all of it goes into the hash, the last lines are
// kept for the report, and every line goes to sink if there is one.
type trace struct {
	sum  hash.Hash
	last []string
	at   int
	sink io.Writer
}

func newTrace(sink io.Writer) *trace { return &trace{sum: sha256.New(), sink: sink} }

// add logs one line about who at a moment.
func (t *trace) add(now time.Time, who, format string, args ...any) {
	line := fmt.Sprintf("%10.4f %-4s ", now.Sub(epoch).Seconds(), who) + fmt.Sprintf(format, args...)
	io.WriteString(t.sum, line) //nolint:errcheck // a hash never fails
	if t.sink != nil {
		fmt.Fprintln(t.sink, line)
	}
	line = clip(line, 400)
	if len(t.last) < traceLines {
		t.last = append(t.last, line)
	} else {
		t.last[t.at] = line
		t.at = (t.at + 1) % traceLines
	}
}

// tail returns the last lines, oldest first.
func (t *trace) tail() []string {
	return append(append([]string{}, t.last[t.at:]...), t.last[:t.at]...)
}

// hex returns the hash of everything logged.
func (t *trace) hex() string { return hex.EncodeToString(t.sum.Sum(nil)) }
