package cib

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Bounds of an XML document. A CIB of 32 nodes and 8000 resources is 160 MB;
// the deepest that Pacemaker's schemas allow is far below 64 levels, but rules
// may nest.
const (
	maxXMLBytes = 1 << 30
	maxXMLDepth = 128
)

// element is one XML element with everything below it.
type element struct {
	name  string
	attrs []attribute
	kids  []*element
	line  int
	// seen is set when the codec has read the element, so that what nobody
	// read can be reported.
	seen bool
}

type attribute struct {
	name, value string
	seen        bool
}

func (e *element) attr(name string) (string, bool) {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			e.attrs[i].seen = true
			return e.attrs[i].value, true
		}
	}
	return "", false
}

// unread lets what is referred to be read once more, as part of what refers
// to it.
func (e *element) unread() {
	for i := range e.attrs {
		e.attrs[i].seen = false
	}
	for _, k := range e.kids {
		k.unread()
	}
}

func (e *element) setAttr(name, value string) {
	e.attrs = append(e.attrs, attribute{name: name, value: value})
}

// size counts the element and all below it.
func (e *element) size() int {
	n := 1
	for _, k := range e.kids {
		n += k.size()
	}
	return n
}

// place names the element for a message: <primitive id="db"> in line 12.
func (e *element) place() string {
	return placeOf(e.name, e.get("id"), e.line)
}

// parseTree reads one document of up to maxBytes. It never panics, whatever
// the bytes are. Names and values are parts of the document's text, which
// stays in memory as long as one of them does.
func parseTree(r io.Reader, maxBytes int64) (*element, error) {
	var text strings.Builder
	if known, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		// An open file tells its size, so that the text is not copied while
		// it grows.
		if info, err := known.Stat(); err == nil && info.Size() <= maxBytes {
			text.Grow(int(info.Size()) + 1)
		}
	}
	n, err := io.Copy(&text, io.LimitReader(r, maxBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("line %d: %w", 1+strings.Count(text.String(), "\n"), err)
	case n > maxBytes:
		return nil, fmt.Errorf("the document is larger than %d bytes: split the cluster or remove old status entries", maxBytes)
	}
	return scan(text.String())
}

// strayText refuses text between elements: it means nothing in a CIB, so it is
// a slip, or the file is no XML at all.
func strayText(stack []*element, text string, line int) error {
	if runes := []rune(text); len(runes) > 30 {
		text = string(runes[:30]) + "…"
	}
	if len(stack) == 0 {
		return fmt.Errorf("line %d: %q stands outside all elements: is this XML?", line, text)
	}
	return fmt.Errorf("line %d: %q stands inside <%s>, where only elements do: remove it", line, text, stack[len(stack)-1].name)
}

func cutOff(stack []*element) error {
	if len(stack) == 0 {
		return errors.New("the document is empty: expected <cib>")
	}
	open := stack[len(stack)-1]
	return fmt.Errorf("the document ends inside %s: the file is cut off, or </%s> is missing", open.place(), open.name)
}

func wrongEnd(stack []*element, name string, line int) error {
	if len(stack) == 0 {
		return fmt.Errorf("line %d: </%s> closes nothing: remove it", line, name)
	}
	open := stack[len(stack)-1]
	return fmt.Errorf("line %d: </%s> does not close %s: write </%s> first", line, name, open.place(), open.name)
}

// writeTree prints the element the way Pacemaker does: two spaces a level,
// one element a line.
func writeTree(b *strings.Builder, e *element, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + e.name)
	for _, a := range e.attrs {
		b.WriteString(" " + a.name + `="` + EscapeXML(a.value) + `"`)
	}
	if len(e.kids) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">\n")
	for _, k := range e.kids {
		writeTree(b, k, depth+1)
	}
	b.WriteString(indent + "</" + e.name + ">\n")
}

var attrEscaper = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
	"\n", "&#10;", "\r", "&#13;", "\t", "&#9;")

// EscapeXML makes a text fit for an attribute in double quotes. Line ends and
// tabs become character references, because a reader turns the plain ones into
// spaces; what XML cannot hold becomes U+FFFD.
func EscapeXML(text string) string {
	valid := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return attrEscaper.Replace(valid)
}
