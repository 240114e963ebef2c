package cib

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ConfigDocument is a configuration that an administrator hands in as CIB XML,
// to be the cluster's: saved by cibadmin, or written by hand.
type ConfigDocument struct {
	Config Configuration
	// Notices say what was upgraded, and what of the document is not taken.
	Notices []Notice

	configuration *element
}

// DecodeConfigXML reads a configuration from a whole <cib> or a <configuration>
// alone. It is stricter than DecodeXML, because what it returns is going to
// rule: a document is held against the schemas whatever it names, and must be
// whole (Configuration.Validate). Errors hold Mistakes, all of them. What a
// cluster knows by itself is left out, with a notice: the status, and the
// properties that Pacemaker's daemons write.
func DecodeConfigXML(r io.Reader) (*ConfigDocument, error) {
	root, err := parseTree(r, maxXMLBytes)
	if err != nil {
		return nil, err
	}
	if root.name == "configuration" {
		root = &element{name: "cib", line: root.line, kids: []*element{root}}
	}
	if root.name != "cib" {
		return nil, fmt.Errorf("the top element is %s, neither <cib> nor <configuration>: is this another kind of file?", root.place())
	}
	log := &codecLog{byID: map[string]*element{}}
	if name := root.get("validate-with"); name == "" || name == "none" {
		upgradeUnnamed(root, log)
	} else {
		upgrade(root, log)
	}
	d := &ConfigDocument{configuration: root.child("configuration")}
	checkTop(root, log)
	checkSchema(d.configuration, log)
	d.decode(root, log)
	d.Notices = log.notices()
	if err := log.err(); err != nil {
		return d, err
	}
	return d, d.validate()
}

// checkTop refuses what is neither configuration nor status. The attributes of
// <cib> are left alone: none of them is taken.
func checkTop(root *element, log *codecLog) {
	configurations := 0
	for k := range root.each() {
		switch k.name {
		case "configuration":
			if configurations++; configurations == 2 {
				log.mistakes.add(k, "is the second: a CIB has one")
			}
		case "status":
		default:
			log.mistakes.add(k, "cannot stand inside <cib>: remove it")
		}
	}
}

// decode reads the configuration, unless mistakes are known already.
func (d *ConfigDocument) decode(root *element, log *codecLog) {
	if log.err() != nil {
		return
	}
	log.index(root)
	c := &codec{e: root, decoding: true, log: log}
	for status := range root.each("status") {
		if len(status.kids) > 0 {
			c.at(status).warn("not taken: the cluster finds out by itself what runs where")
		}
	}
	d.dropOwned(c)
	c.section("configuration", true, func(c *codec) { configuration(c, &d.Config) })
	if len(d.Config.Alerts) > 0 {
		c.at(d.configuration.child("alerts")).warn("kept, but kvmha calls no alert scripts")
	}
	if !d.Config.ACLs.Empty() {
		c.at(d.configuration.child("acls")).warn("kept, but not enforced: who may use hostd's control socket may do all")
	}
}

// ownProperties are cluster options that no administrator sets.
var ownProperties = map[string]string{
	"dc-version":             "it names the version of Pacemaker",
	"cluster-infrastructure": "it names the membership layer of Pacemaker",
	"have-watchdog":          "every hostd knows its own watchdog",
	"last-lrm-refresh":       "it is a mark of Pacemaker's tools",
}

// dropOwned leaves out what the cluster knows by itself.
func (d *ConfigDocument) dropOwned(c *codec) {
	for section := range d.configuration.each("crm_config") {
		for set := range section.each("cluster_property_set") {
			set.kids = slices.DeleteFunc(set.kids, func(nv *element) bool {
				why, own := ownProperties[nv.get("name")]
				if own {
					c.at(nv).warn("%s is not taken: %s", nv.get("name"), why)
				}
				return own
			})
		}
	}
}

// validate checks the configuration as a whole.
func (d *ConfigDocument) validate() error {
	var problems Problems
	if !errors.As(d.Config.Validate(), &problems) {
		return nil
	}
	var found mistakeLog
	found.addProblems(d.configuration, problems)
	return found.err()
}

// addProblems notes what is wrong with a configuration where the document says
// it.
func (l *mistakeLog) addProblems(configuration *element, problems Problems) {
	for _, p := range problems {
		l.add(configuration.about(p), "%s%s", keyed(p.Key), p.Message)
	}
}

func keyed(key string) string {
	if key == "" {
		return ""
	}
	return key + ": "
}

// elementNames are the elements of what has another name in a Problem.
var elementNames = map[string]string{
	"location": "rsc_location", "colocation": "rsc_colocation", "order": "rsc_order", "ticket": "rsc_ticket", "property": "crm_config",
}

// about is the element of a configuration that a problem is about: the thing
// that it names, then what inside it has a name of the key, such as an operation
// or a pair.
func (e *element) about(p Problem) *element {
	name := cmp.Or(elementNames[p.Element], p.Element)
	at := e
	for e := range e.all() {
		named := e.name == name || name == string(Clone) && e.name == "master"
		if named && (p.ID == "" || e.get("id") == p.ID || e.get("uname") == p.ID) {
			at = e
			break
		}
	}
	for key := range strings.SplitSeq(p.Key, ".") {
		for e := range at.all() {
			if key != "" && e.get("name") == key {
				at = e
				break
			}
		}
	}
	return at
}

// LooksLikeXML tells by the beginning of a file whether it is XML, perhaps in
// an encoding that the decoders then refuse, or something else.
func LooksLikeXML(head []byte) bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\x00"), []byte("<"))
}
