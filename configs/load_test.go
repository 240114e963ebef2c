package configs

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with the file at path, which -update rewrites.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with go test ./configs -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	fixtures, err := filepath.Glob("testdata/conf.*.toml")
	if err != nil || len(fixtures) < 35 {
		t.Fatalf("%d fixtures, %v", len(fixtures), err)
	}
	for _, path := range fixtures {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Parse(filepath.Base(path), data)
			if err == nil || c != nil {
				t.Fatalf("got %+v without an error", c)
			}
			var all Errors
			if !errors.As(err, &all) {
				t.Fatalf("%T: %v", err, err)
			}
			golden(t, strings.TrimSuffix(path, ".toml")+".golden", err.Error()+"\n")
		})
	}
}

func TestExamplesLoad(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"two-hosts", "three-hosts"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Load(name + ".toml")
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(c, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/"+name+".json", string(text)+"\n")
		})
	}
}

const twoNodes = `
[[node]]
name = "alpha"
links = { hb0 = "10.1.0.1", hb1 = "fd00::1" }
[[node]]
name = "beta"
links = { hb1 = "fd00::2", hb0 = "10.1.0.2" }
votes = 2
`

func TestTimesFollowFromDeadtime(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		lines                                   string
		keepalive, warntime, deadtime, initdead time.Duration
	}{
		{"", 300 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second, 30 * time.Second},
		{`deadtime = "1s"`, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 30 * time.Second},
		{`deadtime = 20`, 2 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second},
		{"deadtime = \"PT4S\"\nkeepalive = \"1s\"\nwarntime = 2\ninitdead = \"1min\"", time.Second, 2 * time.Second, 4 * time.Second, time.Minute},
	} {
		c, err := Parse("t.toml", []byte("[cluster]\nname = \"t\"\n"+tc.lines+"\n"+twoNodes))
		if err != nil {
			t.Errorf("%q: %v", tc.lines, err)
			continue
		}
		got := [...]time.Duration{c.Keepalive, c.Warntime, c.Deadtime, c.Initdead}
		if got != [...]time.Duration{tc.keepalive, tc.warntime, tc.deadtime, tc.initdead} {
			t.Errorf("%q: got %v", tc.lines, got)
		}
	}
}

func TestNodesAndQuorumAreWhatTheFileSays(t *testing.T) {
	t.Parallel()
	c, err := Parse("t.toml", []byte("[cluster]\nname = \"t\"\n"+twoNodes))
	if err != nil {
		t.Fatal(err)
	}
	beta := c.Node("beta")
	want := []Link{{"hb0", netip.MustParseAddr("10.1.0.2")}, {"hb1", netip.MustParseAddr("fd00::2")}}
	if beta == nil || fmt.Sprint(beta.Links) != fmt.Sprint(want) || c.Node("gamma") != nil {
		t.Errorf("beta is %+v", beta)
	}
	if rule := c.QuorumRule(); !rule.TwoNode || rule.Votes["beta"] != 2 {
		t.Errorf("rule %+v", rule)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "t.toml:1:1: cluster: no [[fencing]] device") {
		t.Errorf("warnings %q", c.Warnings)
	}
}

func TestMigrationsInTheClearAreWarnedOfOnce(t *testing.T) {
	t.Parallel()
	const first, second = "[[vm]]\nid = \"db1\"\nconfig = \"/x/db1.xml\"\n", "[[vm]]\nid = \"db2\"\nconfig = \"/x/db2.xml\"\n"
	for name, c := range map[string]struct{ cluster, vms, warned string }{
		"by default":                      {"", first + second, "vm[0].migration-transport: live migrations over plain tcp are neither encrypted nor authenticated (db1, db2)"},
		"by tcp, named":                   {"", first + "migration-transport = \"tls\"\n" + second + "migration-transport = \"tcp\"\n", "(db2)"},
		"by a URI of tcp":                 {"", first + "params = { migrateuri = \"qemu+tcp://%n/system\" }\n", "(db1)"},
		"not by a URI of tls":             {"", first + "params = { migrateuri = \"qemu+tls://%n/system\" }\n", ""},
		"not over tls":                    {"", first + "migration-transport = \"tls\"\n", ""},
		"not for a VM that stays":         {"", first + "migrate = false\n", ""},
		"not for the shell agent":         {"", first + "agent = \"ocf:heartbeat:VirtualDomain\"\n", ""},
		"not over a network of their own": {"migration-network-private = true\n", first + second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse("t.toml", []byte("[cluster]\nname = \"t\"\n"+c.cluster+twoNodes+c.vms))
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, w := range got.Warnings {
				if strings.Contains(w, "migration-transport") {
					said = append(said, w)
				}
			}
			if c.warned == "" && len(said) > 0 || c.warned != "" && (len(said) != 1 || !strings.Contains(said[0], c.warned)) {
				t.Errorf("warnings %q", said)
			}
		})
	}
}

func TestLoadSaysWhichFileCannotBeRead(t *testing.T) {
	t.Parallel()
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	big := filepath.Join(t.TempDir(), "big.toml")
	if err := os.WriteFile(big, make([]byte, MaxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(big); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("an oversized file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"*.toml", "testdata/*.toml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz.toml", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("cluster %v with error %v", c, err)
		}
		var all Errors
		if err != nil && (!errors.As(err, &all) || len(all) == 0) {
			t.Fatalf("error without a place: %v", err)
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, e := range all {
			if e.Line < 1 || e.Line > lines || e.Col < 1 {
				t.Errorf("no such place among %d lines: %v", lines, e)
			}
		}
	})
}
