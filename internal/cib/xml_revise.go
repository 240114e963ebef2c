package cib

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReviseXML writes the document that before was decoded from, upgraded if it is
// of an older schema, and changed where after differs from before. What no type here has a place for (descriptions,
// access lists, who wrote last) stays as it is; comments are lost. A tool that
// writes to a user's own file uses it instead of EncodeXML.
func ReviseXML(w io.Writer, document io.Reader, before, after *CIB) error {
	root, err := parseTree(document, maxXMLBytes)
	if err != nil {
		return fmt.Errorf("CIB XML: %w", err)
	}
	// As for the reader, to whom before is that of the upgraded document.
	upgrade(root, &codecLog{byID: map[string]*element{}})
	revise(root, encodeTree(before), encodeTree(after))
	var b strings.Builder
	writeTree(&b, root, 0)
	_, err = io.WriteString(w, b.String())
	return err
}

// encodeTree is the CIB as EncodeXML writes it.
func encodeTree(x *CIB) *element {
	c := &codec{e: &element{name: "cib"}, log: &codecLog{}}
	document(c, x)
	return c.e
}

// revise makes the changes that lead from before to after in the element that
// both of them stand for.
func revise(e, before, after *element) {
	for _, a := range before.attrs {
		if !hasAttr(after, a.name) {
			e.attrs = slices.DeleteFunc(e.attrs, func(o attribute) bool { return o.name == a.name })
		}
	}
	for _, a := range after.attrs {
		if old, ok := before.attr(a.name); !ok || old != a.value {
			replaceAttr(e, a.name, a.value)
		}
	}
	here, old, wanted := kidsByKey(e), kidsByKey(before), kidsByKey(after)
	e.kids = slices.DeleteFunc(slices.Clone(e.kids), func(k *element) bool {
		key := here.key[k]
		return old.kid[key] != nil && wanted.kid[key] == nil
	})
	for _, k := range after.kids {
		key := wanted.key[k]
		mine, was := here.kid[key], old.kid[key]
		switch {
		case was == nil && mine == nil, mine == nil && !sameTree(was, k):
			e.kids = append(e.kids, k)
		case was == nil:
			revise(mine, &element{}, k)
		case mine != nil:
			revise(mine, was, k)
		}
	}
}

func hasAttr(e *element, name string) bool {
	_, ok := e.attr(name)
	return ok
}

func replaceAttr(e *element, name, value string) {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			e.attrs[i].value = value
			return
		}
	}
	e.setAttr(name, value)
}

// kidKey finds a child again in another version of its parent: by tag and id,
// and by how many of the same came before.
type kidKey struct {
	name, id string
	nth      int
}

type keyedKids struct {
	key map[*element]kidKey
	kid map[kidKey]*element
}

func kidsByKey(e *element) keyedKids {
	k := keyedKids{make(map[*element]kidKey, len(e.kids)), make(map[kidKey]*element, len(e.kids))}
	for _, kid := range e.kids {
		key := kidKey{name: kid.name}
		if !slices.Contains(soleOfNode, kid.name) {
			key.id, _ = kid.attr("id")
		}
		for k.kid[key] != nil {
			key.nth++
		}
		k.key[kid], k.kid[key] = key, kid
	}
	return k
}

// soleOfNode are elements of which a node state has one each. Some have an id,
// which is of no account.
var soleOfNode = []string{"transient_attributes", "lrm", "lrm_resources"}

func sameTree(a, b *element) bool {
	same := func(x, y attribute) bool { return x.name == y.name && x.value == y.value }
	return a.name == b.name && slices.EqualFunc(a.attrs, b.attrs, same) && slices.EqualFunc(a.kids, b.kids, sameTree)
}
