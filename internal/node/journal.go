package node

import (
	"strings"
	"time"

	"kvmha/internal/cib"
)

// journalKeep is how many decisions a node remembers.
const journalKeep = 400

// Decision is one line of the history of decisions: what was announced, when,
// with its fields.
type Decision struct {
	At     time.Time `json:"at"`
	Event  string    `json:"event"`
	Level  string    `json:"level"`
	Fields []cib.NV  `json:"fields,omitempty"`
}

// Field returns the value of a field, "" when there is none.
func (d *Decision) Field(name string) string {
	for _, f := range d.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// String renders the decision as one line without its time.
func (d *Decision) String() string {
	var b strings.Builder
	b.WriteString(d.Event)
	for _, f := range d.Fields {
		b.WriteString(" " + f.Name + "=")
		if strings.ContainsAny(f.Value, " =\"") {
			b.WriteString("\"" + strings.ReplaceAll(f.Value, "\"", "'") + "\"")
		} else {
			b.WriteString(f.Value)
		}
	}
	return b.String()
}

// journal is the bounded history of this node's decisions, oldest first.
type journal struct{ lines []Decision }

func (j *journal) add(d Decision) {
	if len(j.lines) >= journalKeep {
		j.lines = append(j.lines[:0:0], j.lines[journalKeep/4:]...)
	}
	j.lines = append(j.lines, d)
}

// last returns the newest n decisions, oldest first.
func (j *journal) last(n int) []Decision {
	return j.lines[max(0, len(j.lines)-n):]
}
