package cib

import (
	"fmt"
	"strings"
)

// Mistake is one thing that is wrong with a document, and where.
type Mistake struct {
	// Element, ID (may be "") and Line are the place.
	Element string `json:"element"`
	ID      string `json:"id,omitempty"`
	Line    int    `json:"line"`
	// Message says what is wrong there and what to write instead.
	Message string `json:"message"`
}

func (m Mistake) Error() string { return placeOf(m.Element, m.ID, m.Line) + ": " + m.Message }

// Mistakes is everything that is wrong with a document. Find it in an error
// with errors.As.
type Mistakes []Mistake

func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// maxMistakes bounds the report on a document that is wrong everywhere, for
// mistakes and for each kind of notices.
const maxMistakes = 100

// mistakeLog collects what is wrong with a document, so that all of it can be
// told at once.
type mistakeLog struct {
	found []Mistake
	// more counts the mistakes that were left out.
	more int
}

// add notes a mistake at an element.
func (l *mistakeLog) add(e *element, format string, args ...any) {
	if len(l.found) == maxMistakes {
		l.more++
		return
	}
	l.found = append(l.found, Mistake{Element: e.name, ID: e.get("id"), Line: e.line, Message: sentence(format, args)})
}

// err is the log as an error, nil if nothing was wrong.
func (l *mistakeLog) err() error {
	if len(l.found) == 0 {
		return nil
	}
	all := l.found
	if l.more > 0 {
		all = append(all[:len(all):len(all)], Mistake{Element: "cib", Line: 1, Message: fmt.Sprintf("%d more mistakes are not shown", l.more)})
	}
	return Mistakes(all)
}
