package cib

import "testing"

func operatorConfig(standby, role string) *Configuration {
	c := &Configuration{Nodes: []Node{{ID: "a", Uname: "a"}}, Resources: []*Resource{{ID: "g", Kind: Group, Children: []*Resource{{ID: "ip", Kind: Primitive}}}}}
	if standby != "" {
		c.Nodes[0].Attributes = []NVSet{{ID: "nodes-a", Pairs: []NV{{ID: "s", Name: "standby", Value: standby}}}}
	}
	if role != "" {
		c.Resources[0].Children[0].Meta = []NVSet{{ID: "m", Pairs: []NV{{ID: "r", Name: "target-role", Value: role}}}}
	}
	return c
}

func TestApplyingAFileKeepsWhatOperatorsHaveSetByHand(t *testing.T) {
	byHand := &CIB{Config: *operatorConfig("", "")}
	for _, cmd := range []Command{
		{SetNodeAttribute: &SetNodeAttribute{Node: "a", Name: "standby", Value: "on"}},
		{SetMeta: &SetMeta{Resource: "ip", Name: "target-role", Value: "Stopped"}},
	} {
		var err error
		if byHand, err = Apply(byHand, cmd); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		file                  *Configuration
		old                   *Configuration
		wantStandby, wantRole string
	}{
		"the file says nothing":             {operatorConfig("", ""), &byHand.Config, "on", "Stopped"},
		"the file says otherwise":           {operatorConfig("off", "Started"), &byHand.Config, "off", "Started"},
		"the old file said it, not by hand": {operatorConfig("", ""), operatorConfig("on", "Stopped"), "", ""},
		"the resource and node are new":     {operatorConfig("", ""), &Configuration{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.file.AdoptOperatorState(c.old)
			standby, role := "", ""
			for i := range c.file.Nodes[0].Attributes {
				standby, _ = c.file.Nodes[0].Attributes[i].Get("standby")
			}
			meta := c.file.FindResource("ip").Meta
			for i := range meta {
				role, _ = meta[i].Get("target-role")
			}
			if standby != c.wantStandby || role != c.wantRole {
				t.Errorf("standby %q, target-role %q; want %q, %q", standby, role, c.wantStandby, c.wantRole)
			}
		})
	}
}
