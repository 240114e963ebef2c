package conformance

import "slices"

// Minimise removes elements and attributes from a CIB as long as it keeps the
// property that differs checks, and returns the smallest it finds. Tries
// bounds how often differs is asked.
func Minimise(document []byte, tries int, differs func([]byte) bool) []byte {
	root, err := parseXML(string(document))
	if err != nil {
		return document
	}
	m := &minimiser{root: root, tries: tries, differs: differs}
	for shrunk := true; shrunk && m.tries > 0; {
		shrunk = m.shrinkElements(root)
		shrunk = m.shrinkAttributes() || shrunk
	}
	return []byte(root.xml())
}

type minimiser struct {
	root    *element
	tries   int
	differs func([]byte) bool
}

// keeps tries the tree as it is now.
func (m *minimiser) keeps() bool {
	if m.tries <= 0 {
		return false
	}
	m.tries--
	return m.differs([]byte(m.root.xml()))
}

// shrinkElements tries to do without children: first without runs of half of
// them, then of a quarter and so on to single ones; then inside each that has
// to stay.
func (m *minimiser) shrinkElements(e *element) bool {
	shrunk := false
	for run := len(e.kids); run >= 1; run /= 2 {
		for i := 0; i < len(e.kids); {
			before := e.kids
			e.kids = slices.Delete(slices.Clone(before), i, min(i+run, len(before)))
			if m.keeps() {
				shrunk = true
				continue
			}
			e.kids = before
			i += run
		}
	}
	for _, k := range e.kids {
		shrunk = m.shrinkElements(k) || shrunk
	}
	return shrunk
}

// dispensable are attributes whose absence keeps a document readable.
var dispensable = []string{
	"score", "role", "kind", "symmetrical", "require-all", "first-action", "then-action", "influence", "node-attribute", "rsc-role", "with-rsc-role",
	"boolean-op", "type", "on-fail", "timeout", "sequential", "resource-discovery", "loss-policy", "op-digest", "op-force-restart",
	"op-restart-digest", "shutdown-lock", "exit-reason", "exec-time", "queue-time", "crm-debug-origin", "last-granted", "standby", "node_fenced",
}

func (m *minimiser) shrinkAttributes() bool {
	shrunk := false
	m.root.walk(func(e *element) {
		for i := 0; i < len(e.attrs); {
			before := e.attrs
			if slices.Contains(dispensable, before[i].Name) && !(e.name == "expression" || e.name == "primitive") {
				e.attrs = slices.Delete(slices.Clone(before), i, i+1)
				if m.keeps() {
					shrunk = true
					continue
				}
				e.attrs = before
			}
			i++
		}
	})
	return shrunk
}
