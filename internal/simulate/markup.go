package simulate

import (
	"bufio"
	"io"
	"strconv"

	"kvmha/internal/cib"
)

// attributes are those of an element, in their order.
type attributes []cib.NV

// attr begins a list of attributes.
func attr(name, value string) attributes { return attributes{{Name: name, Value: value}} }

// with adds an attribute, whatever its value.
func (a attributes) with(name, value string) attributes {
	return append(a, cib.NV{Name: name, Value: value})
}

// maybe adds an attribute unless its value is empty.
func (a attributes) maybe(name, value string) attributes {
	if value == "" {
		return a
	}
	return a.with(name, value)
}

// is adds an attribute that is true or false.
func (a attributes) is(name string, value bool) attributes {
	return a.with(name, strconv.FormatBool(value))
}

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
	m.put("<", name)
	for _, a := range attrs {
		m.put(" ", a.Name, `="`, cib.EscapeXML(a.Value), `"`)
	}
	m.names = append(m.names, name)
	m.bare = true
}

func (m *markup) close() {
	name := m.names[len(m.names)-1]
	m.names = m.names[:len(m.names)-1]
	if m.bare {
		m.put("/>\n")
		m.bare = false
		return
	}
	m.indent()
	m.put("</", name, ">\n")
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
	m.put("<", name, ">", cib.EscapeXML(text), "</", name, ">\n")
}

// hold lets the last element hold something.
func (m *markup) hold() {
	if m.bare {
		m.put(">\n")
		m.bare = false
	}
}

func (m *markup) indent() {
	for range m.names {
		m.put("  ")
	}
}

// put writes texts as they are. Its error stays with the writer.
func (m *markup) put(texts ...string) {
	for _, text := range texts {
		_, _ = m.b.WriteString(text)
	}
}

// flush closes what is open and returns the writer's error.
func (m *markup) flush() error {
	for len(m.names) > 0 {
		m.close()
	}
	return m.b.Flush()
}
