package cib

import (
	"fmt"
	"strconv"
	"strings"
)

// Documents name the schema they were written for (validate-with). Between
// schemas names moved and changed; an old document is brought to today's form
// as a tree of elements, before the codec reads it, so that the codec and all
// behind it know one form only. There are two breaks: Pacemaker 1.0 left the
// document type of Heartbeat 2 (upgrade_heartbeat*.go), and schema 3.0 dropped
// what had been deprecated until 2.10 (upgrade_deprecated*.go). All other
// schemas only added to what was there.

// schema is the version in a schema's name.
type schema struct{ major, minor int }

func (s schema) before(o schema) bool {
	return s.major < o.major || s.major == o.major && s.minor < o.minor
}

func (s schema) String() string { return fmt.Sprintf("pacemaker-%d.%d", s.major, s.minor) }

var (
	firstSchema  = schema{1, 0}
	strictSchema = schema{3, 0}
	// freeRuleSchema lets rules of location constraints do without a score.
	freeRuleSchema = schema{3, 9}
	// newestSchema is the newest that this reader was written for.
	newestSchema = schema{3, 9}
)

// parseSchema reads a schema's name; checked is false where the document asks
// not to be checked ("none", or no name at all), known for a name that is none.
func parseSchema(name string) (s schema, checked, known bool) {
	switch name {
	case "", "none":
		return strictSchema, false, true
	case "pacemaker-next":
		return newestSchema, true, true
	case "transitional-0.6":
		return schema{0, 6}, true, true
	}
	version, ok := strings.CutPrefix(name, "pacemaker-")
	major, minor, dotted := strings.Cut(version, ".")
	a, errA := strconv.ParseUint(major, 10, 16)
	b, errB := strconv.ParseUint(minor, 10, 16)
	if !ok || !dotted || errA != nil || errB != nil {
		return strictSchema, true, false
	}
	return schema{int(a), int(b)}, true, true
}

// upgrader changes one document's tree.
type upgrader struct {
	log  *codecLog
	root *element
}

// upgrade brings the document to the form that the codec reads, and says in the
// log what it changed. It returns whether the document asks to be checked: it
// names the schema that it follows, and is not as old as the document types,
// which nobody checks any more.
func upgrade(root *element, log *codecLog) (check bool) {
	u := &upgrader{log: log, root: root}
	named := root.get("validate-with")
	from, checked, known := parseSchema(named)
	switch {
	case !known:
		u.at(root).fail("validate-with=%q is the name of no schema: write that of the schema which the document follows, such as %q", named, newestSchema)
		return false
	case newestSchema.before(from):
		u.at(root).warn("validate-with=%q is newer than %s, the newest that is known here: what is new in it is refused", named, newestSchema)
	}
	if (from.before(firstSchema) || !checked) && u.fromHeartbeat() {
		u.upgradeHeartbeat()
		from, checked = firstSchema, false
	}
	if from.before(strictSchema) {
		u.upgradeDeprecated()
		root.set("validate-with", strictSchema.String())
		if len(log.upgrades) > 0 {
			u.note(root, fmt.Sprintf("validate-with=%q", named), fmt.Sprintf("%q", strictSchema))
		}
	}
	return checked
}

// upgradeUnnamed is upgrade for a document that does not say which schema it
// follows, and so may be of any.
func upgradeUnnamed(root *element, log *codecLog) {
	u := &upgrader{log: log, root: root}
	if u.fromHeartbeat() {
		u.upgradeHeartbeat()
	}
	u.upgradeDeprecated()
}

func (u *upgrader) at(e *element) *codec { return &codec{e: e, log: u.log} }

// note records one upgrade; why is for those that are more than a new name.
func (u *upgrader) note(e *element, before, after string, why ...string) {
	u.log.notice(Notice{
		Element: e.name, ID: e.get("id"), Line: e.line,
		Old: before, New: after, Message: strings.Join(why, "; "),
	})
}

// rename gives an attribute its new name, if it is there.
func (u *upgrader) rename(e *element, before, after string) {
	if a := e.find(before); a != nil {
		a.name = after
		u.note(e, before, after)
	}
}

// remove takes an attribute away, if it is there.
func (u *upgrader) remove(e *element, name, why string) {
	if value, there := e.drop(name); there {
		u.note(e, fmt.Sprintf("%s=%q", name, value), "", why)
	}
}

// config is the section of the configuration with this name, made if missing.
func (u *upgrader) config(section string) *element {
	return u.root.child("configuration").child(section)
}
