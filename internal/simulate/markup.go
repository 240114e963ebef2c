package simulate

import (
	"bufio"
	"io"
	"strings"

	"kvmha/internal/cib"
)

// markup writes XML in libxml2's layout: two spaces a level, attributes in
// double quotes, elements that hold nothing closed at once.
type markup struct {
	b *bufio.Writer
	// names are the elements that are open. The tag of the last one is not
	// closed while bare says so: nobody knows yet whether it holds anything.
	names []string
	bare  bool
}

func newMarkup(w io.Writer) *markup { return &markup{b: bufio.NewWriter(w)} }

// open begins an element; close ends the last one that was begun.
func (m *markup) open(name string, attrs attributes) {
	m.hold()
	m.indent()
	m.b.WriteString("<" + name)
	for _, a := range attrs {
		m.b.WriteString(" " + a.Name + `="` + cib.EscapeXML(a.Value) + `"`)
	}
	m.names = append(m.names, name)
	m.bare = true
}

func (m *markup) close() {
	name := m.names[len(m.names)-1]
	m.names = m.names[:len(m.names)-1]
	if m.bare {
		m.b.WriteString("/>\n")
		m.bare = false
		return
	}
	m.indent()
	m.b.WriteString("</" + name + ">\n")
}

// empty writes an element that holds nothing.
func (m *markup) empty(name string, attrs attributes) {
	m.open(name, attrs)
	m.close()
}

// words writes an element that holds a text.
func (m *markup) words(name, text string) {
	m.hold()
	m.indent()
	m.b.WriteString("<" + name + ">" + cib.EscapeXML(text) + "</" + name + ">\n")
}

// hold lets the last element hold something.
func (m *markup) hold() {
	if m.bare {
		m.b.WriteString(">\n")
		m.bare = false
	}
}

func (m *markup) indent() { m.b.WriteString(strings.Repeat("  ", len(m.names))) }

// flush closes what is open and returns the writer's error.
func (m *markup) flush() error {
	for len(m.names) > 0 {
		m.close()
	}
	return m.b.Flush()
}
