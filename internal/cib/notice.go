package cib

import (
	"fmt"
	"strings"
)

// Notice is something that the reader of a document tells its user: what was
// left out because it means nothing here, or, where Old or New is set, what was
// written in the way of an older schema and how it is understood now.
type Notice struct {
	// Element, ID (may be "") and Line are the place.
	Element string `json:"element"`
	ID      string `json:"id,omitempty"`
	Line    int    `json:"line"`
	// Old is what stands there, "" for what was added; New is what it was
	// upgraded to, "" for what was removed.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// Message says what is odd, or why an upgrade changed more than a name.
	Message string `json:"message,omitempty"`
}

// Upgraded tells upgrades of an older document from all other notices.
func (n Notice) Upgraded() bool { return n.Old != "" || n.New != "" }

// String is one line: place, what was found, what became of it.
func (n Notice) String() string {
	text := placeOf(n.Element, n.ID, n.Line) + ": "
	switch {
	case !n.Upgraded():
		return text + n.Message
	case n.Old == "":
		text += "added " + n.New
	case n.New == "":
		text += "removed " + n.Old
	default:
		text += n.Old + " → " + n.New
	}
	if n.Message != "" {
		text += " (" + n.Message + ")"
	}
	return text
}

// placeOf names an element for a message: <primitive id="db"> in line 12.
func placeOf(element, id string, line int) string {
	if id != "" {
		return fmt.Sprintf("<%s id=%q> in line %d", short(element), short(id), line)
	}
	return fmt.Sprintf("<%s> in line %d", short(element), line)
}

// longestWord is how many bytes of a name or value a message repeats.
const longestWord = 300

// short cuts a name or value to what a message can hold.
func short(word string) string {
	if len(word) <= longestWord {
		return word
	}
	return strings.ToValidUTF8(word[:longestWord], "") + "…"
}

// sentence formats a message about values that may be of any length.
func sentence(format string, args []any) string {
	for i, arg := range args {
		switch a := arg.(type) {
		case string:
			args[i] = short(a)
		case error:
			args[i] = short(a.Error())
		}
	}
	return fmt.Sprintf(format, args...)
}
