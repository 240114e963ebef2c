package conformance

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"kvmha/internal/cib"
)

// element is one XML element. CIBs are made, taken apart and minimised as
// elements rather than as a cib.CIB, so that they may also hold what that type
// cannot say, and so that its own reader is under test.
type element struct {
	name  string
	attrs []cib.NV
	kids  []*element
}

// el makes an element from alternating names and values; a pair with an empty
// value is left out.
func el(name string, pairs ...string) *element {
	e := &element{name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			e.attrs = append(e.attrs, cib.NV{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return e
}

// add appends children, leaving out nil ones, and returns the element.
func (e *element) add(kids ...*element) *element {
	for _, k := range kids {
		if k != nil {
			e.kids = append(e.kids, k)
		}
	}
	return e
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

func (e *element) set(name, value string) {
	for i := range e.attrs {
		if e.attrs[i].Name == name {
			e.attrs[i].Value = value
			return
		}
	}
	e.attrs = append(e.attrs, cib.NV{Name: name, Value: value})
}

// child returns the first child of that name, or nil.
func (e *element) child(name string) *element {
	for _, k := range e.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// walk visits the element and all below it, parents first.
func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, k := range e.kids {
		k.walk(visit)
	}
}

// xml renders the element with everything below it.
func (e *element) xml() string {
	var b strings.Builder
	e.write(&b, 0)
	return b.String()
}

func (e *element) write(b *strings.Builder, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + e.name)
	for _, a := range e.attrs {
		b.WriteString(" " + a.Name + `="` + cib.EscapeXML(a.Value) + `"`)
	}
	if len(e.kids) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">\n")
	for _, k := range e.kids {
		k.write(b, depth+1)
	}
	b.WriteString(indent + "</" + e.name + ">\n")
}

// parseXML reads a document of elements and attributes; text is dropped.
func parseXML(text string) (*element, error) {
	dec := xml.NewDecoder(strings.NewReader(text))
	top := &element{}
	stack := []*element{top}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && len(top.kids) == 1 {
			return top.kids[0], nil
		}
		if err != nil {
			return nil, fmt.Errorf("not one XML document: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local}
			for _, a := range t.Attr {
				e.attrs = append(e.attrs, cib.NV{Name: a.Name.Local, Value: a.Value})
			}
			stack[len(stack)-1].add(e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// clone copies the element with everything below it.
func (e *element) clone() *element {
	kids := make([]*element, len(e.kids))
	for i, k := range e.kids {
		kids[i] = k.clone()
	}
	return &element{name: e.name, attrs: slices.Clone(e.attrs), kids: kids}
}

// children returns the children of that name.
func (e *element) children(name string) []*element {
	var out []*element
	for _, k := range e.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}
