package cib

import (
	"fmt"
	"io"
	"strings"
)

// DecodeXML reads Pacemaker's CIB XML, configuration and status. Errors name
// element, id, line and remedy, all of them joined. Documents of older schemas
// are upgraded; one that names its schema is checked by it. The notices name what was upgraded, and what is unknown here
// and was left out. References by id-ref are resolved, and kept so that
// EncodeXML writes them again. Nesting and size are bounded.
func DecodeXML(r io.Reader) (*CIB, []Notice, error) {
	root, err := parseTree(r, maxXMLBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("CIB XML: %w", err)
	}
	if root.name != "cib" {
		return nil, nil, fmt.Errorf("CIB XML: the top element is %s, not <cib>: is this another kind of file?", root.place())
	}
	log := &codecLog{byID: map[string]*element{}}
	if upgrade(root, log) {
		checkSchema(root, log)
	}
	if err := log.err(); err != nil {
		return nil, log.notices(), fmt.Errorf("CIB XML: %w", err)
	}
	log.index(root)
	c := &codec{e: root, decoding: true, log: log}
	out := &CIB{}
	document(c, out)
	c.reportUnread()
	if configuration := root.child("configuration"); log.err() == nil {
		sizes := &validator{}
		sizes.sizes(&out.Config)
		log.mistakes.addProblems(configuration, sizes.problems)
	}
	if err := log.err(); err != nil {
		return nil, log.notices(), fmt.Errorf("CIB XML: %w", err)
	}
	return out, log.notices(), nil
}

// index notes the elements that can be named by id-ref: those of the
// configuration, the first of each id.
func (l *codecLog) index(e *element) {
	if e.name == "status" {
		return
	}
	for _, a := range e.attrs {
		if _, taken := l.byID[a.value]; a.name == "id" && !taken {
			l.byID[a.value] = e
		}
	}
	for _, k := range e.kids {
		l.index(k)
	}
}

// EncodeXML writes the CIB as Pacemaker's XML: crm_simulate and crm_verify
// read it. Elements without an id (a CIB made from TOML or crm text has such)
// get one.
func EncodeXML(w io.Writer, x *CIB) error {
	var b strings.Builder
	writeTree(&b, encodeTree(x), 0)
	_, err := io.WriteString(w, b.String())
	return err
}

func document(c *codec, x *CIB) {
	c.str("crm_feature_set", &x.FeatureSet)
	c.str("validate-with", &x.ValidateWith)
	number(c, "epoch", &x.Version.Epoch, true)
	number(c, "num_updates", &x.Version.NumUpdates, true)
	number(c, "admin_epoch", &x.Version.AdminEpoch, true)
	c.boolean("have-quorum", &x.HaveQuorum)
	c.flag("no-quorum-panic", &x.QuorumPanic)
	c.str("dc-uuid", &x.DC)
	number(c, "execution-date", &x.ExecutionDate, false)
	c.ignore("cib-last-written", "update-origin", "update-client", "update-user",
		"remote-tls-port", "remote-clear-port", "num_peers",
		"cluster-name", "ignore_dtd", "generated", "ccm_transition", "dc_uuid")
	c.section("configuration", true, func(c *codec) { configuration(c, &x.Config) })
	c.section("status", true, func(c *codec) {
		// Pacemaker's schema is strict about <cib> and lenient about <status>.
		number(c, "kvmha-term", &x.Version.Term, false)
		status(c, &x.Status)
	})
}

func configuration(c *codec, f *Configuration) {
	c.section("crm_config", true, func(c *codec) { each(c, "cluster_property_set", &f.Properties, nvset) })
	c.section("nodes", true, func(c *codec) { each(c, "node", &f.Nodes, node) })
	c.section("resources", true, func(c *codec) {
		resources(c, &f.Templates, "template")
		resources(c, &f.Resources, resourceTags...)
	})
	c.section("constraints", true, func(c *codec) { constraints(c, f) })
	c.section("rsc_defaults", false, func(c *codec) { each(c, "meta_attributes", &f.RscDefaults, nvset) })
	c.section("op_defaults", false, func(c *codec) { each(c, "meta_attributes", &f.OpDefaults, nvset) })
	c.section("fencing-topology", false, func(c *codec) { each(c, "fencing-level", &f.Fencing, fencingLevel) })
	c.section("tags", false, func(c *codec) { each(c, "tag", &f.Tags, tag) })
	c.section("alerts", false, func(c *codec) { each(c, "alert", &f.Alerts, alert) })
	c.section("acls", false, func(c *codec) { acls(c, &f.ACLs) })
}

func node(c *codec, n *Node) {
	c.need("id", &n.ID)
	c.str("uname", &n.Uname)
	c.str("type", &n.Type)
	c.ignore("score")
	each(c, "instance_attributes", &n.Attributes, nvset)
	each(c, "utilization", &n.Utilization, nvset)
}

func fencingLevel(c *codec, l *FencingLevel) {
	c.autoID(&l.ID, "fencing-"+l.Target)
	c.str("target", &l.Target)
	c.str("target-pattern", &l.TargetPattern)
	c.str("target-attribute", &l.TargetAttr)
	c.str("target-value", &l.TargetValue)
	number(c, "index", &l.Index, true)
	devices := strings.Join(l.Devices, ",")
	c.need("devices", &devices)
	if c.decoding {
		for _, d := range strings.Split(devices, ",") {
			if d = strings.TrimSpace(d); d != "" {
				l.Devices = append(l.Devices, d)
			}
		}
	}
}

func tag(c *codec, t *Tag) {
	c.need("id", &t.ID)
	each(c, "obj_ref", &t.Refs, ref)
}

func alert(c *codec, a *Alert) {
	c.need("id", &a.ID)
	c.need("path", &a.Path)
	c.str("description", &a.Description)
	each(c, "meta_attributes", &a.Meta, nvset)
	each(c, "instance_attributes", &a.Params, nvset)
	each(c, "recipient", &a.Recipients, recipient)
	if c.decoding || a.Select != nil {
		c.section("select", true, func(c *codec) { alertSelect(c, made(&a.Select)) })
	}
}

func alertSelect(c *codec, s *AlertSelect) {
	kinds := []struct {
		tag  string
		on   *bool
		more func(*codec)
	}{
		{"select_fencing", &s.Fencing, func(*codec) {}},
		{"select_nodes", &s.Nodes, func(*codec) {}},
		{"select_resources", &s.Resources, func(*codec) {}},
		{"select_attributes", &s.AnyAttribute, func(c *codec) { each(c, "attribute", &s.Attributes, selectAttribute) }},
	}
	for _, k := range kinds {
		if c.decoding || *k.on {
			c.section(k.tag, true, func(c *codec) {
				*k.on = true
				k.more(c)
			})
		}
	}
}

func selectAttribute(c *codec, a *SelectAttribute) {
	c.need("id", &a.ID)
	c.need("name", &a.Name)
}

func recipient(c *codec, r *Recipient) {
	c.autoID(&r.ID, "recipient")
	c.need("value", &r.Value)
	each(c, "meta_attributes", &r.Meta, nvset)
	each(c, "instance_attributes", &r.Params, nvset)
}
