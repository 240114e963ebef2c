package main

import (
	"strings"
	"testing"

	"kvmha/configs"
	"kvmha/internal/cib"
)

// configuration parses the middle of a file.
func configuration(t *testing.T, text string) *cib.Configuration {
	t.Helper()
	c, err := configs.Parse("test.toml", []byte(`[cluster]
name = "test"
[[node]]
name = "alpha"
links = { hb0 = "10.1.0.1", hb1 = "10.2.0.1" }
[[node]]
name = "beta"
links = { hb0 = "10.1.0.2", hb1 = "10.2.0.2" }
`+text))
	if err != nil {
		t.Fatal(err)
	}
	return &c.Config
}

const before = `
[options]
stonith-timeout = "20s"
batch-limit = 10
[[resource]]
id = "vip"
agent = "ocf:kvmha:IPaddr2"
params = { ip = "10.9.0.1", nic = "svc0" }
op = [{ name = "monitor", interval = "10s", timeout = "20s" }]
[[resource]]
id = "web"
agent = "systemd:nginx"
[[group]]
id = "site"
members = ["vip", "web"]
[[location]]
id = "home"
resource = "site"
node = "alpha"
score = 50
[[fencing]]
id = "power"
agent = "fence_apc"
[[fencing-level]]
target = "alpha"
level = 1
devices = ["power"]
`

func TestADifferenceNamesWhatChanges(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		old, new string // what is replaced in before
		want     string
	}{
		{"nothing", "", "", ""},
		{"an option", `"20s"` + "\nbatch", `"30s"` + "\nbatch", `~ option stonith-timeout = 30s (was 20s)`},
		{"an option that goes", "batch-limit = 10\n", "", `- option batch-limit = 10`},
		{"a parameter", "10.9.0.1", "10.9.0.2", `~ resource vip: param ip = 10.9.0.2 (was 10.9.0.1)`},
		{"a parameter that goes", `, nic = "svc0"`, "", `~ resource vip: param nic is not set any more (was svc0)`},
		{"an operation's limit", `"10s", timeout = "20s"`, `"10s", timeout = "25s"`, `~ resource vip: op monitor 10s timeout = 25s (was 20s)`},
		{"an operation that says nothing else", `agent = "systemd:nginx"`, "agent = \"systemd:nginx\"\nop = [{ name = \"monitor\", interval = \"5s\" }]", `~ resource web: op monitor 5s = on (was not set)`},
		{"a member", `["vip", "web"]`, `["web"]`, `~ resource site: members = web (was vip web)`},
		{"a score", "score = 50", "score = 60", `~ location home: score = 60 (was 50)`},
		{"a new resource", "[[location]]", "[[resource]]\nid = \"web2\"\nagent = \"systemd:nginx\"\n[[location]]", `+ resource web2 (systemd:nginx)`},
		{"a device of a level", `level = 1`, `level = 2`, "- fencing level fencing-alpha-1\n+ fencing level fencing-alpha-2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			from := configuration(t, before)
			to := configuration(t, strings.Replace(before, tc.old, tc.new, 1))
			if got := strings.Join(difference(from, to), "\n"); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestADifferenceToNothingListsEverything(t *testing.T) {
	t.Parallel()
	got := difference(configuration(t, before), &cib.Configuration{})
	if len(got) != 2+2+4+1+1 {
		t.Errorf("got %d lines:\n%s", len(got), strings.Join(got, "\n"))
	}
	for _, line := range got {
		if !strings.HasPrefix(line, "- ") {
			t.Errorf("%q is no removal", line)
		}
	}
}
