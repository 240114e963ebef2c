package cib

import (
	"errors"
	"strings"
	"testing"
)

// sound is a small configuration without a mistake; the tests spoil it.
func sound() *Configuration {
	vm := func(id string) *Resource {
		return &Resource{ID: id, Kind: Primitive, Class: "ocf", Provider: "kvmha", Type: "VirtualDomain"}
	}
	dummy := func(id string) *Resource {
		return &Resource{ID: id, Kind: Primitive, Class: "ocf", Provider: "heartbeat", Type: "Dummy",
			Ops: []OpSpec{{Name: "monitor", Interval: "10s", Timeout: "20s"}}}
	}
	return &Configuration{
		Properties: []NVSet{{ID: "opts", Pairs: []NV{{Name: "no-quorum-policy", Value: "freeze"}, {Name: "site", Value: "any"}}}},
		Nodes:      []Node{{ID: "1", Uname: "alpha"}, {ID: "2", Uname: "beta"}},
		Templates:  []*Resource{{ID: "tmpl", Kind: Template, Class: "lsb", Type: "x"}},
		Resources: []*Resource{
			vm("db1"), vm("db2"),
			{ID: "made", Kind: Primitive, Template: "tmpl"},
			{ID: "grp", Kind: Group, Children: []*Resource{dummy("a"), dummy("b")}},
			{ID: "cln", Kind: Clone, Children: []*Resource{dummy("c")}},
			{ID: "box", Kind: Bundle, Bundle: &BundleSpec{Engine: "podman", Attrs: []NV{{Name: "image", Value: "i"}}}},
			{ID: "shoot", Kind: Primitive, Class: "stonith", Type: "fence_virsh"},
		},
		Locations:   []Location{{ID: "loc", Resource: "db1", Node: "alpha", Score: 1}, {ID: "loc-box", Resource: "tmpl", Node: "box-0", Score: 1}},
		Colocations: []Colocation{{ID: "col", Resource: "db1", With: "grp"}},
		Orders:      []Order{{ID: "ord", Sets: []ResourceSet{{Refs: []string{"db1", "both"}}}}},
		Tickets:     []RscTicket{{ID: "tic", Resource: "db1", Ticket: "site"}},
		Fencing:     []FencingLevel{{ID: "lev", Target: "alpha", Index: 1, Devices: []string{"shoot"}}},
		Tags:        []Tag{{ID: "both", Refs: []string{"db1", "db2"}}},
		Alerts:      []Alert{{ID: "mail", Path: "/bin/mail"}},
	}
}

func set(name, value string) []NVSet {
	return []NVSet{{ID: "s", Pairs: []NV{{Name: name, Value: value}}}}
}

func TestValidateAcceptsASoundConfiguration(t *testing.T) {
	t.Parallel()
	if err := sound().Validate(); err != nil {
		t.Error(err)
	}
	if err := (&Configuration{}).Validate(); err != nil {
		t.Errorf("an empty one: %v", err)
	}
}

func TestValidateNamesEachMistake(t *testing.T) {
	t.Parallel()
	rule := func(parts ...RulePart) []Rule { return []Rule{{ID: "r", Score: "1", Parts: parts}} }
	tests := map[string]struct {
		spoil func(*Configuration)
		want  string
	}{
		"an id used twice": {
			func(c *Configuration) { c.Alerts[0].ID = "db1" },
			`alert "db1", id: is taken by a primitive: every id is used once`,
		},
		"a resource without id": {
			func(c *Configuration) {
				c.Resources[0].ID, c.Locations, c.Colocations, c.Orders, c.Tickets, c.Tags = "", nil, nil, nil, nil, nil
			},
			`primitive: has no id: give it one`,
		},
		"an id with a space": {
			func(c *Configuration) { c.Resources[2].ID = "made by hand" },
			`primitive "made by hand", id: contains a space, : or #: use letters, digits, _, - and .`,
		},
		"two nodes of one name": {
			func(c *Configuration) { c.Nodes[1].Uname = "alpha" },
			`node "alpha": another node has the name or id "alpha", too: give each node its own`,
		},
		"a location of an unknown resource": {
			func(c *Configuration) { c.Locations[0].Resource = "db11" },
			`location "loc", rsc: "db11" is no resource, template or tag: did you mean "db1"?`,
		},
		"a location on an unknown node": {
			func(c *Configuration) { c.Locations[0].Node = "alhpa" },
			`location "loc", node: "alhpa" is no node: did you mean "alpha"?`,
		},
		"a location with node and rule": {
			func(c *Configuration) {
				c.Locations[0].Rules = rule(RulePart{Attr: &AttrExpression{Attribute: "a", Operation: "defined"}})
			},
			`location "loc": has a node and rules: use one of them`,
		},
		"a location that prefers nothing": {
			func(c *Configuration) { c.Locations[0].Node = "" },
			`location "loc": prefers no node: add node and score, or a rule`,
		},
		"a rule that says nothing": {
			func(c *Configuration) { c.Locations[0].Node, c.Locations[0].Rules = "", rule() },
			`location "loc", rule: says nothing: add an expression`,
		},
		"a comparison that does not exist": {
			func(c *Configuration) {
				c.Locations[0].Node, c.Locations[0].Rules = "", rule(RulePart{Attr: &AttrExpression{Attribute: "a", Operation: "like"}})
			},
			`location "loc", rule.expression.operation: "like" is none of lt, gt, lte, gte, eq, ne, defined, not_defined`,
		},
		"a date range without end": {
			func(c *Configuration) {
				c.Locations[0].Node, c.Locations[0].Rules = "", rule(RulePart{Date: &DateExpression{Operation: "lt"}})
			},
			`location "loc", rule.date_expression.end: is missing: lt means earlier than it`,
		},
		"a pattern that is none": {
			func(c *Configuration) { c.Locations[0].Resource, c.Locations[0].ResourcePattern = "", "db[" },
			"location \"loc\", rsc-pattern: \"db[\" is no regular expression: error parsing regexp: missing closing ]: `[`",
		},
		"a colocation with nothing": {
			func(c *Configuration) { c.Colocations[0].With = "" },
			`colocation "col", with-rsc: is missing: name a resource, or use sets`,
		},
		"a role that does not exist": {
			func(c *Configuration) { c.Colocations[0].Role = "Boss" },
			`colocation "col", rsc-role: "Boss" is none of Started, Stopped, Promoted, Unpromoted, Master, Slave`,
		},
		"a set with an unknown resource": {
			func(c *Configuration) { c.Orders[0].Sets[0].Refs[0] = "zzzzzzzz" },
			`order "ord", set[1]: "zzzzzzzz" is no resource, template or tag: define it, or remove the reference`,
		},
		"an empty set": {
			func(c *Configuration) { c.Orders[0].Sets[0].Refs = nil },
			`order "ord", set[1]: is empty: name its resources`,
		},
		"a set with a bad score": {
			func(c *Configuration) { c.Orders[0].Sets[0].Score = "high" },
			`order "ord", set[1].score: score "high" is neither a whole number nor INFINITY or -INFINITY`,
		},
		"a ticket constraint without ticket": {
			func(c *Configuration) { c.Tickets[0].Ticket = "" },
			`ticket "tic", ticket: is missing: name the ticket`,
		},
		"a tag of nothing known": {
			func(c *Configuration) { c.Tags[0].Refs[1] = "db3" },
			`tag "both", refs: "db3" is the id of nothing: did you mean "db1"?`,
		},
		"a fencing level with an unknown device": {
			func(c *Configuration) { c.Fencing[0].Devices[0] = "shot" },
			`fencing-level "lev", devices: "shot" is no fencing device (a resource of class stonith): did you mean "shoot"?`,
		},
		"a fencing level out of range": {
			func(c *Configuration) { c.Fencing[0].Index = 10 },
			`fencing-level "lev", index: 10 is none of the levels 1 to 9`,
		},
		"a fencing level twice": {
			func(c *Configuration) {
				c.Fencing = append(c.Fencing, FencingLevel{ID: "lev2", Target: "alpha", Index: 1, Devices: []string{"shoot"}})
			},
			`fencing-level "lev2", index: level 1 of this target exists already: join their devices, or use another level`,
		},
		"a fencing level with two targets": {
			func(c *Configuration) { c.Fencing[0].TargetPattern = "a.*" },
			`fencing-level "lev": has 2 targets: use one of target, target-pattern and target-attribute`,
		},
		"a template that does not exist": {
			func(c *Configuration) { c.Resources[2].Template = "tmpl2" },
			`primitive "made", template: "tmpl2" is no template: did you mean "tmpl"?`,
		},
		"an agent without provider": {
			func(c *Configuration) { c.Resources[0].Provider = "" },
			`primitive "db1", provider: is missing: an agent of class ocf has one, such as heartbeat, pacemaker or kvmha`,
		},
		"an agent of no class": {
			func(c *Configuration) { c.Resources[6].Class, c.Fencing = "fence", nil },
			`primitive "shoot", class: "fence" is none of ocf, lsb, systemd, service, stonith, upstart, nagios, heartbeat`,
		},
		"an empty group": {
			func(c *Configuration) { c.Resources[3].Children = nil },
			`group "grp": is empty: put a primitive into it, or remove it`,
		},
		"a clone of nothing": {
			func(c *Configuration) { c.Resources[4].Children = nil },
			`clone "cln": has 0 resources inside: a clone has one, a primitive or a group`,
		},
		"a group in a group": {
			func(c *Configuration) {
				c.Resources[3].Children[0] = &Resource{ID: "inner", Kind: Group, Children: []*Resource{c.Resources[3].Children[0]}}
			},
			`group "grp": group "inner" cannot stand inside a group`,
		},
		"a bundle without image": {
			func(c *Configuration) { c.Resources[5].Bundle.Attrs = nil },
			`bundle "box", podman.image: is missing: name the container image`,
		},
		"a fence right on what is no VM": {
			func(c *Configuration) { c.Resources[0].Meta = set(MetaGuestFence, "db2 dd2 grp") },
			"primitive \"db1\", meta.kvmha-guest-fence: \"dd2\" is no virtual machine: did you mean \"db2\"?\n" +
				"primitive \"db1\", meta.kvmha-guest-fence: \"grp\" is no virtual machine: define it, or remove the reference",
		},
		"a cluster option with a wrong word": {
			func(c *Configuration) { c.Properties = set("no-quorum-policy", "panic") },
			`property, no-quorum-policy: "panic" is none of stop, freeze, ignore, demote, suicide`,
		},
		"a cluster option that is no duration": {
			func(c *Configuration) { c.Properties = set("stonith-timeout", "1 parsec") },
			`property, stonith-timeout: duration "1 parsec" is none: write a number and a unit, such as 500ms, 10s, 1min or PT10S`,
		},
		"an option given twice": {
			func(c *Configuration) { c.Properties[0].Pairs[1].Name = "no-quorum-policy" },
			`property, no-quorum-policy: is set twice in one set: remove one of them`,
		},
		"a meta-attribute that is no boolean": {
			func(c *Configuration) { c.Resources[0].Meta = set("is-managed", "perhaps") },
			`primitive "db1", meta.is-managed: "perhaps" is neither true nor false: write true or false`,
		},
		"a default that is no score": {
			func(c *Configuration) { c.RscDefaults = set("resource-stickiness", "glue") },
			`rsc_defaults, resource-stickiness: score "glue" is neither a whole number nor INFINITY or -INFINITY`,
		},
		"a set borrowed from nowhere": {
			func(c *Configuration) { c.Resources[0].Params = []NVSet{{IDRef: "s"}} },
			`primitive "db1", params.id-ref: "s" is the id of no such set: define it, or remove the reference`,
		},
		"an operation's timeout": {
			func(c *Configuration) { c.Resources[3].Children[0].Ops[0].Timeout = "-5s" },
			`primitive "a", op.monitor.timeout: duration "-5s" is none: write a number and a unit, such as 500ms, 10s, 1min or PT10S`,
		},
		"an operation's on-fail": {
			func(c *Configuration) {
				c.Resources[3].Children[0].Ops[0].Attrs = []NV{{Name: "on-fail", Value: "retry"}}
			},
			`primitive "a", op.monitor.on-fail: "retry" is none of ignore, block, stop, restart, fence, standby, demote, restart-container, nothing`,
		},
		"two monitors of one interval": {
			func(c *Configuration) {
				a := c.Resources[3].Children[0]
				a.Ops = append(a.Ops, OpSpec{Name: "monitor", Interval: "10000ms"})
			},
			`primitive "a", op.monitor.interval: two operations monitor have the interval 10s: the results could not be told apart, make one of them differ (by a second)`,
		},
		"an alert at a relative path": {
			func(c *Configuration) { c.Alerts[0].Path = "mail" },
			`alert "mail", path: "mail" is no absolute path: write where the script is on every node`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := sound()
			test.spoil(c)
			err := c.Validate()
			if err == nil || err.Error() != test.want {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	c := sound()
	c.Locations[0].Resource, c.Locations[0].Node = "x1", "y1"
	c.Resources[3].Children = nil
	var problems Problems
	if err := c.Validate(); !errors.As(err, &problems) {
		t.Fatalf("%v is no Problems", err)
	}
	var elements []string
	for _, p := range problems {
		elements = append(elements, p.Element+" "+p.ID+" "+p.Key)
	}
	if got, want := strings.Join(elements, ", "), "group grp , location loc rsc, location loc node"; got != want {
		t.Errorf("problems of %q, want %q", got, want)
	}
}
