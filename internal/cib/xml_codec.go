package cib

import (
	"fmt"
	"slices"
	"strconv"
)

// The XML form of every type is described once, by a function that visits the
// type's fields with a codec; the same function decodes and encodes. So the
// two directions cannot drift apart.

// codec stands at one element and moves values between it and Go.
type codec struct {
	e        *element
	up       *codec
	decoding bool
	log      *codecLog
}

// codecLog collects what is wrong with a document, so that all of it can be
// told at once.
type codecLog struct {
	mistakes mistakeLog
	warnings []Notice
	upgrades []Notice
	// more counts the notices that were left out.
	more int
	// byID finds the elements that id-ref may name, and refCost counts the
	// elements that were read through one.
	byID    map[string]*element
	refCost int
	// words are the texts that share has seen.
	words map[string]string
}

func (c *codec) fail(format string, args ...any) { c.log.mistakes.add(c.e, format, args...) }

func (c *codec) warn(format string, args ...any) {
	c.log.notice(Notice{Element: c.e.name, ID: c.e.get("id"), Line: c.e.line, Message: sentence(format, args)})
}

// notice keeps a notice, up to a bound for each kind.
func (l *codecLog) notice(n Notice) {
	list := &l.warnings
	if n.Upgraded() {
		list = &l.upgrades
	}
	if len(*list) == maxMistakes {
		l.more++
		return
	}
	*list = append(*list, n)
}

// notices are the upgrades, then what else is to be told.
func (l *codecLog) notices() []Notice {
	all := slices.Concat(l.upgrades, l.warnings)
	if l.more > 0 {
		all = append(all, Notice{Element: "cib", Line: 1, Message: fmt.Sprintf("%d more notices are not shown", l.more)})
	}
	return all
}

func (l *codecLog) err() error { return l.mistakes.err() }

func (c *codec) at(e *element) *codec {
	return &codec{e: e, up: c, decoding: c.decoding, log: c.log}
}

// str moves a text attribute; the empty text is not written.
func (c *codec) str(name string, p *string) {
	if c.decoding {
		if v, ok := c.e.attr(name); ok {
			*p = v
		}
	} else if *p != "" {
		c.e.setAttr(name, *p)
	}
}

// need is str for an attribute without which the element means nothing.
func (c *codec) need(name string, p *string) {
	if c.decoding {
		v, ok := c.e.attr(name)
		if !ok {
			c.fail("attribute %q is missing: add it", name)
		}
		*p = v
		return
	}
	c.e.setAttr(name, *p)
}

// share makes equal texts one text in memory: names that stand in every node's
// history are then compared by where they are, without being read.
func (c *codec) share(texts ...*string) {
	if !c.decoding {
		return
	}
	if c.log.words == nil {
		c.log.words = map[string]string{}
	}
	for _, p := range texts {
		if first, ok := c.log.words[*p]; ok {
			*p = first
		} else {
			c.log.words[*p] = *p
		}
	}
}

// autoID moves the id. When writing, an element that has none (it came from
// another source than XML) gets one made of its parent's id and suffix.
func (c *codec) autoID(p *string, suffix string) {
	if c.decoding {
		c.str("id", p)
		return
	}
	id := *p
	if id == "" {
		id = c.parentID() + "-" + suffix
	}
	c.e.setAttr("id", id)
}

func (c *codec) parentID() string {
	for u := c.up; u != nil; u = u.up {
		for _, a := range u.e.attrs {
			if a.name == "id" {
				return a.value
			}
		}
	}
	return "cib"
}

func (c *codec) boolean(name string, p *bool) {
	if c.decoding {
		if v, ok := c.e.attr(name); ok {
			b, err := ParseBool(v)
			if err != nil {
				c.fail("%s: %v", name, err)
			}
			*p = b
		}
		return
	}
	c.e.setAttr(name, strconv.FormatBool(*p))
}

// flag is boolean for an attribute that is written only when it is true.
func (c *codec) flag(name string, p *bool) {
	if c.decoding || *p {
		c.boolean(name, p)
	}
}

func (c *codec) score(name string, p *Score) bool {
	if c.decoding {
		v, ok := c.e.attr(name)
		if !ok {
			return false
		}
		s, err := ParseScore(v)
		if err != nil {
			c.fail("%v", err)
		}
		*p = s
		return true
	}
	c.e.setAttr(name, p.String())
	return true
}

type integer interface{ ~int | ~int64 | ~uint64 }

// number moves a whole number; zero is written only if always is set.
func number[T integer](c *codec, name string, p *T, always bool) {
	if !c.decoding {
		if *p != 0 || always {
			c.e.setAttr(name, fmt.Sprint(int64(*p)))
		}
		return
	}
	v, ok := c.e.attr(name)
	if !ok {
		return
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || int64(T(n)) != n || (n < 0) != (T(n) < 0) {
		c.fail("%s=%q is no whole number in range", name, v)
		return
	}
	*p = T(n)
}

// rest moves every attribute that the element's other fields did not take.
func (c *codec) rest(p *[]NV) {
	if !c.decoding {
		for _, a := range *p {
			c.e.setAttr(a.Name, a.Value)
		}
		return
	}
	for i := range c.e.attrs {
		if a := &c.e.attrs[i]; !a.seen {
			a.seen = true
			*p = append(*p, NV{Name: a.name, Value: a.value})
		}
	}
}

// ignore marks attributes that carry no information, so that they are not
// reported as unknown.
func (c *codec) ignore(names ...string) {
	if c.decoding {
		for _, n := range names {
			c.e.attr(n)
		}
	}
}

// each moves the children with one tag to or from a list.
func each[T any](c *codec, tag string, list *[]T, visit func(*codec, *T)) {
	if !c.decoding {
		for i := range *list {
			visit(c.add(tag), &(*list)[i])
		}
		return
	}
	count := 0
	for _, k := range c.e.kids {
		if k.name == tag {
			count++
		}
	}
	*list = slices.Grow(*list, count)
	for _, k := range c.e.kids {
		if k.name == tag {
			var zero T
			*list = append(*list, zero)
			last := &(*list)[len(*list)-1]
			c.child(k, func(sub *codec) { visit(sub, last) })
		}
	}
}

// variants is each for children of several tags whose common order counts.
// tagOf names the tag of a value when writing.
func variants[T any](c *codec, tags []string, list *[]T, tagOf func(*T) string, visit func(*codec, *T)) {
	if !c.decoding {
		for i := range *list {
			visit(c.add(tagOf(&(*list)[i])), &(*list)[i])
		}
		return
	}
	for _, k := range c.e.kids {
		if slices.Contains(tags, k.name) {
			var v T
			c.child(k, func(sub *codec) { visit(sub, &v) })
			*list = append(*list, v)
		}
	}
}

// section visits a child that only holds others. When writing, one that stays
// empty is dropped unless always is set.
func (c *codec) section(tag string, always bool, visit func(*codec)) {
	if c.decoding {
		for _, k := range c.e.kids {
			if k.name == tag {
				c.child(k, visit)
			}
		}
		return
	}
	sub := c.add(tag)
	visit(sub)
	if !always && len(sub.e.kids) == 0 && len(sub.e.attrs) == 0 {
		c.e.kids = c.e.kids[:len(c.e.kids)-1]
	}
}

// skip accepts children that kvmha has no use for, with a reason for the
// reader of the warnings ("" = harmless, say nothing).
func (c *codec) skip(tag, reason string) {
	for _, k := range c.e.kids {
		if c.decoding && k.name == tag {
			k.seen = true
			if reason != "" {
				c.at(k).warn("ignored: %s", reason)
			}
		}
	}
}

// maxRefCost bounds what references may multiply a document to.
const maxRefCost = 1 << 20

// follow returns a codec for the element that id-ref names, or nil.
func (c *codec) follow(ref string) *codec {
	target := c.log.byID[ref]
	if target == nil || target.name != c.e.name {
		c.fail("id-ref=%q names no other <%s>: write the id of one", ref, c.e.name)
		return nil
	}
	if _, chained := target.attr("id-ref"); chained {
		c.fail("id-ref=%q names an element that is itself a reference: name the one that has content", ref)
		return nil
	}
	depth := 0
	for u := c; u != nil; u = u.up {
		depth++
	}
	c.log.refCost += target.size()
	if depth > maxXMLDepth || c.log.refCost > maxRefCost {
		c.fail("id-ref=%q leads in a circle, or references multiply the document beyond %d elements: write the content out", ref, maxRefCost)
		return nil
	}
	target.unread()
	return c.at(target)
}

func (c *codec) add(tag string) *codec {
	e := &element{name: tag}
	c.e.kids = append(c.e.kids, e)
	return c.at(e)
}

// child decodes one child and reports what of it nobody read.
func (c *codec) child(k *element, visit func(*codec)) {
	sub := c.at(k)
	k.seen = true
	visit(sub)
	sub.reportUnread()
}

func (c *codec) reportUnread() {
	for _, a := range c.e.attrs {
		if !a.seen && a.name != "description" && a.name != "id" {
			c.warn("attribute %s=%q is unknown and was ignored", a.name, a.value)
		}
	}
	for _, k := range c.e.kids {
		if !k.seen {
			c.at(k).warn("unknown element, ignored with everything in it")
		}
	}
}
