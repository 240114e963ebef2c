package cib

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"kvmha/internal/nearest"
)

// checker holds a document against the schemas: it reports what the codec
// would overlook, because a configuration of which a part is ignored is not
// the one that its administrator wrote.
type checker struct {
	log *codecLog
	// schema is the one that the document follows, the newest known if it says
	// nothing.
	schema schema
	// ids holds the element that has each id.
	ids map[string]*element
	// refs are the attributes that must name an id.
	refs []pendingRef
	// forms are the shapes that were taken apart.
	forms map[string]*form
}

type pendingRef struct {
	e    *element
	attr string
}

// form is a shape taken apart.
type form struct {
	types    map[string]string
	required []string
	kids     map[string]byte
	one, way []string
}

// checkSchema reports what the document holds against all schemas. The status
// is not checked: Pacemaker's schemas leave it open.
func checkSchema(root *element, log *codecLog) {
	named, checked, known := parseSchema(root.get("validate-with"))
	if !checked || !known {
		named = newestSchema
	}
	c := &checker{log: log, schema: named, ids: map[string]*element{}, forms: map[string]*form{}}
	c.element(root)
	for _, r := range c.refs {
		id := r.e.get(r.attr)
		if c.ids[id] == nil {
			c.fail(r.e, "%s=%q is the id of nothing%s", r.attr, id, suggest(id, maps.Keys(c.ids)))
		}
	}
}

func (c *checker) fail(e *element, format string, args ...any) {
	c.log.mistakes.add(e, format, args...)
}

func (c *checker) element(e *element) {
	f := c.form(e.name)
	if f == nil {
		c.claimBelow(e)
		return
	}
	c.attributes(e, f)
	c.children(e, f)
	switch e.name {
	case "primitive", "template":
		c.agent(e)
	case "rsc_location":
		c.location(e)
		c.setsOr(e, "rsc", "rsc-pattern")
	case "rsc_colocation":
		c.setsOr(e, "rsc", "with-rsc")
	case "rsc_order":
		c.setsOr(e, "first", "then")
	case "rsc_ticket":
		c.setsOr(e, "rsc")
	case "rule":
		c.rule(e)
	case "date_expression":
		c.date(e)
	case "nodes":
		c.nodes(e)
	case "acl_permission":
		c.together(e, "attribute", "object-type")
	case "fencing-level":
		c.together(e, "target-value", "target-attribute")
		c.together(e, "target-attribute", "target-value")
	case "port-mapping":
		c.together(e, "internal-port", "port")
	}
	for k := range e.each() {
		if k.name != "status" && f.kids[k.name] != 0 {
			c.element(k)
		}
	}
}

// claimBelow notes the ids of what is not checked, so that they can be named.
func (c *checker) claimBelow(e *element) {
	for k := range e.all() {
		if id := k.get("id"); id != "" && c.ids[id] == nil {
			c.ids[id] = k
		}
	}
}

func (c *checker) attributes(e *element, f *form) {
	for _, a := range e.attrs {
		kind, known := f.types[a.name]
		switch {
		case !known:
			c.fail(e, "attribute %s=%q is unknown here%s", a.name, a.value, orMeant{a.name, maps.Keys(f.types)})
		case kind == "id":
			if wrong := isName(a.value); wrong != "" {
				c.fail(e, "%s: %s", a.name, wrong)
			}
			c.claim(e, a.value)
		case kind == "ref":
			c.refs = append(c.refs, pendingRef{e, a.name})
		default:
			if wrong := attrTypes[kind](a.value); wrong != "" {
				c.fail(e, "%s: %s", a.name, wrong)
			}
		}
	}
	if e.find("id-ref") != nil {
		c.reference(e)
		return
	}
	for _, name := range f.required {
		if e.find(name) == nil {
			c.fail(e, "attribute %q is missing: add it", name)
		}
	}
	ways := 0
	for _, name := range f.way {
		if e.find(name) != nil {
			ways++
		}
	}
	if f.way != nil && ways != 1 {
		c.fail(e, "has %d of the attributes %s: it takes exactly one", ways, strings.Join(f.way, ", "))
	}
}

// reference checks that what stands for another element says nothing itself. A
// pair may give the other's value another name, and the schema lets operations
// have what then counts for nothing.
func (c *checker) reference(e *element) {
	if e.name == "nvpair" || e.name == "operations" {
		return
	}
	for _, a := range e.attrs {
		if a.name != "id-ref" {
			c.fail(e, "%s means nothing beside id-ref: remove one of them", a.name)
		}
	}
	if len(e.kids) > 0 {
		c.fail(e, "has content and an id-ref: use one of them")
	}
}

func (c *checker) claim(e *element, id string) {
	if first := c.ids[id]; first != nil {
		c.fail(e, "the id is that of %s, too: every id is used once", first.place())
		return
	}
	c.ids[id] = e
}

func (c *checker) children(e *element, f *form) {
	count := map[string]int{}
	for k := range e.each() {
		count[k.name]++
		switch many := f.kids[k.name]; {
		case many == 0:
			c.fail(k, "cannot stand inside %s%s", e.place(), orMeant{k.name, maps.Keys(f.kids)})
		case (many == '?' || many == '!') && count[k.name] == 2:
			c.fail(k, "is the second in %s, which takes one", e.place())
		}
	}
	if e.find("id-ref") != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(f.kids)) {
		switch {
		case count[name] > 0:
		case f.kids[name] == '+':
			c.fail(e, "is empty: put a <%s> into it, or remove it", name)
		case f.kids[name] == '!':
			c.fail(e, "<%s> is missing: add it, empty if there is nothing to say", name)
		}
	}
	found := 0
	for _, name := range f.one {
		found += count[name]
	}
	if f.one != nil && found != 1 {
		c.fail(e, "holds %d of <%s>: it takes exactly one", found, strings.Join(f.one, ">, <"))
	}
}

// agent checks that a resource names its agent, in one way.
func (c *checker) agent(e *element) {
	switch {
	case e.find("template") != nil && (e.find("class") != nil || e.find("provider") != nil || e.find("type") != nil):
		c.fail(e, "has a template and an agent of its own: use one of them")
	case e.get("class") == "ocf" && e.find("provider") == nil:
		c.fail(e, `attribute "provider" is missing: an agent of class ocf has one, such as heartbeat`)
	case e.get("class") != "ocf" && e.find("class") != nil && e.find("provider") != nil:
		c.fail(e, `attribute "provider" is not for class %s: remove it`, e.get("class"))
	}
}

// setsOr checks that a constraint names its resources by sets or by attributes.
func (c *checker) setsOr(e *element, names ...string) {
	for range e.each("resource_set") {
		for _, name := range names {
			if e.find(name) != nil {
				c.fail(e, "has %s and sets: use one of them", name)
			}
		}
		return
	}
}

// location checks what a location constraint takes together.
func (c *checker) location(e *element) {
	rules := slices.Collect(e.each("rule"))
	switch {
	case e.find("node") != nil && len(rules) > 0:
		c.fail(e, "has a node and rules: use one of them")
	case e.find("node") != nil && e.find("score") == nil:
		c.fail(e, `attribute "score" is missing: say how much the node is preferred`)
	case e.find("node") == nil && len(rules) == 0:
		c.fail(e, "prefers no node: add node and score, or a rule")
	}
	for _, r := range rules {
		if c.schema.before(freeRuleSchema) && r.find("id-ref") == nil && r.find("score") == nil && r.find("score-attribute") == nil {
			c.fail(r, `attribute "score" is missing: say how much its nodes are preferred`)
		}
	}
}

// nodes refuses two nodes of one id, which the schemas let pass: their ids need
// be unique among nodes only.
func (c *checker) nodes(e *element) {
	first := map[string]*element{}
	for n := range e.each("node") {
		if id := n.get("id"); first[id] != nil {
			c.fail(n, "the id is that of %s, too: every node has its own", first[id].place())
		} else {
			first[id] = n
		}
	}
}

func (c *checker) rule(e *element) {
	switch {
	case e.find("id-ref") != nil:
	case len(e.kids) == 0:
		c.fail(e, "says nothing: add an expression")
	case e.find("score") != nil && e.find("score-attribute") != nil:
		c.fail(e, "has score and score-attribute: use one of them")
	}
}

// date checks that an expression says what its operation compares with, and no
// more.
func (c *checker) date(e *element) {
	parts := map[string]bool{"start": e.find("start") != nil, "end": e.find("end") != nil}
	for k := range e.each() {
		parts[k.name] = true
	}
	takes := map[string][]string{"gt": {"start"}, "lt": {"end"}, "date_spec": {"date_spec"}, "in_range": {"start", "end", "duration"}}
	operation := e.get("operation")
	for _, part := range []string{"start", "end", "date_spec", "duration"} {
		if takes[operation] != nil && parts[part] && !slices.Contains(takes[operation], part) {
			c.fail(e, "has a %s, which operation %s does not take: remove it", part, operation)
		}
	}
	switch {
	case operation == "in_range" && !parts["start"] && !parts["end"]:
		c.fail(e, "has neither start nor end: a range needs one of them")
	case operation != "in_range" && takes[operation] != nil && !parts[takes[operation][0]]:
		c.fail(e, "%s is missing, with which operation %s compares: add it", takes[operation][0], operation)
	}
}

// together reports an attribute without the one that it belongs to.
func (c *checker) together(e *element, name, owner string) {
	if e.find(name) != nil && e.find(owner) == nil {
		c.fail(e, "has %s without %s: add it, or remove %[1]s", name, owner)
	}
}

// orMeant says which name was perhaps meant, or what to do else, when it is
// printed.
type orMeant struct {
	name  string
	known iter.Seq[string]
}

func (o orMeant) String() string {
	if near := nearest.To(o.name, o.known); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return ": remove it"
}

// form takes the shape of this kind of element apart, once a document.
func (c *checker) form(name string) *form {
	if f, known := c.forms[name]; known {
		return f
	}
	s, known := shapes[name]
	if !known {
		c.forms[name] = nil
		return nil
	}
	f := &form{types: map[string]string{}, kids: map[string]byte{}}
	for _, field := range strings.Fields(s.attrs) {
		attr, kind, _ := strings.Cut(field, ":")
		plain, required := strings.CutSuffix(attr, "!")
		if required {
			f.required = append(f.required, plain)
		}
		f.types[plain] = kind
	}
	for _, field := range strings.Fields(s.kids) {
		plain := strings.TrimRight(field, "?!+")
		f.kids[plain] = cmp.Or(strings.TrimPrefix(field, plain), "*")[0]
	}
	if s.one != "" {
		f.one = strings.Fields(s.one)
	}
	if s.way != "" {
		f.way = strings.Fields(s.way)
	}
	c.forms[name] = f
	return f
}
