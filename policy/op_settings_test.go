package policy

import (
	"strings"
	"testing"
)

func TestAFailureUnderTheKeyOfAnotherResourceIsNotBlockedByThisOne(t *testing.T) {
	t.Parallel()
	w := world{
		options: fencingOn, nodes: []string{"n1", "n2"},
		resources: `<primitive id="fence" class="stonith" type="fence_x"/><primitive id="a" class="ocf" provider="p" type="a"><operations><op id="a-stop" name="stop" interval="0" on-fail="block"/></operations></primitive>`,
		status:    "n1 a stop=1\n" + known("n1", "fence") + known("n2", "a", "fence"),
	}
	for name, test := range map[string]struct {
		key    string
		fenced bool
	}{
		"its own key":      {"a_stop_0", false},
		"in other letters": {"A_stop_0", false},
		"another's key":    {"grp-a_stop_0", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.cib(t)
			for i := range c.Status.Nodes[0].History {
				for j := range c.Status.Nodes[0].History[i].Ops {
					if op := &c.Status.Nodes[0].History[i].Ops[j]; op.Operation == "stop" {
						op.OperationKey = test.key
					}
				}
			}
			got := story(Schedule(Input{CIB: c, Now: now}))
			if strings.Contains(got, "fence n1") != test.fenced {
				t.Errorf("fenced is not %v:\n%s", test.fenced, got)
			}
		})
	}
}
