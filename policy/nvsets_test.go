package policy

import "testing"

func TestDefaultTakesBackAValueOfItsOwnLevel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ group, member, want string }{
		"a group's value holds for its members":                {"Stopped", "", ""},
		"a group's #default leaves alone what the member says": {"#default", "Stopped", ""},
		"a group's #default sets nothing":                      {"#DEFAULT", "", "a_start n1"},
		"a member's #default is overruled by the group":        {"Stopped", "#default", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meta := func(id, role string) string {
				if role == "" {
					return ""
				}
				return metaXML(id, "target-role="+role)
			}
			got := story(decide(t, world{
				nodes: []string{"n1"}, status: known("n1", "a"),
				resources: `<group id="g">` + meta("g", test.group) + `<primitive id="a" class="ocf" provider="p" type="a">` + meta("a", test.member) + `</primitive></group>`,
			}))
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
