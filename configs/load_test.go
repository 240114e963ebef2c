package configs

import "testing"

func TestExamplesLoad(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"two-hosts.toml"} {
		c, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.Warnings {
			t.Error(w)
		}
		if len(c.Nodes) < 2 || len(c.Nodes[0].Links) != 2 || !c.TwoNode {
			t.Errorf("nodes %+v, two-node %v", c.Nodes, c.TwoNode)
		}
		for _, r := range c.Config.Resources {
			t.Logf("%+v", r)
		}
	}
}
