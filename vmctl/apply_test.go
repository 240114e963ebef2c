package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/configs"
	"kvmha/internal/cib"
	"kvmha/internal/control"
)

const example = "../configs/two-hosts.toml"

// clusterWith serves a CIB and takes every apply.
func clusterWith(t *testing.T, cfg cib.Configuration) *fakeDaemon {
	t.Helper()
	d := newFakeDaemon(t)
	d.on(control.GetCIB, &cib.CIB{Version: cib.Version{Epoch: 7, NumUpdates: 2}, Config: cfg}, nil)
	d.on(control.Apply, nil, nil)
	return d
}

func exampleConfig(t *testing.T) cib.Configuration {
	t.Helper()
	c, err := configs.Load(example)
	if err != nil {
		t.Fatal(err)
	}
	return c.Config
}

func TestApplyShowsTheDifferenceAndReplacesTheConfiguration(t *testing.T) {
	t.Parallel()
	d := clusterWith(t, cib.Configuration{})
	status, out, errOut := d.vmctl(t.Context(), "apply", example)
	if status != exitOK || !strings.Contains(out, "+ resource vip (ocf:kvmha:IPaddr2)\n") || !strings.HasSuffix(out, "changes.\n") {
		t.Fatalf("status %d\n%s%s", status, out, errOut)
	}
	var sent control.ApplyArgs
	if err := json.Unmarshal([]byte(strings.TrimPrefix(d.asked[1], "apply ")), &sent); err != nil {
		t.Fatal(err)
	}
	if sent.BaseVersion == nil || sent.BaseVersion.Epoch != 7 || !filepath.IsAbs(sent.Source) || len(sent.Config.Resources) != 5 {
		t.Errorf("sent base %v, source %q, %d resources", sent.BaseVersion, sent.Source, len(sent.Config.Resources))
	}
}

func TestApplyChangesNothing(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.toml")
	if err := os.WriteFile(broken, []byte("[cluster]\nname = 1\ncolour = \"red\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, line string
		config     cib.Configuration
		exit       int
		want       string
	}{
		{"on a dry run", "apply --dry-run " + example, cib.Configuration{}, exitOK, "Nothing was applied (--dry-run)."},
		{"when the cluster has it already", "apply " + example, exampleConfig(t), exitOK, "Nothing to change: the cluster has this configuration (version 0.7.2)."},
		{"when the file is broken", "apply " + broken, cib.Configuration{}, exitFailed, "is not usable, 3 mistakes:\n" + broken + ":1:1: the file lacks [[node]]\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := clusterWith(t, tc.config)
			status, out, errOut := d.vmctl(t.Context(), strings.Fields(tc.line)...)
			if status != tc.exit || !strings.Contains(out+errOut, tc.want) {
				t.Errorf("status %d\n%s%s", status, out, errOut)
			}
			for _, asked := range d.asked {
				if strings.HasPrefix(asked, "apply") {
					t.Errorf("it asked %.40s", asked)
				}
			}
		})
	}
}

func TestApplyPassesOnWhyTheClusterRefuses(t *testing.T) {
	t.Parallel()
	d := clusterWith(t, cib.Configuration{})
	d.on(control.Apply, nil, errors.New("this partition has no quorum"))
	status, _, errOut := d.vmctl(t.Context(), "apply", example)
	if status != exitFailed || errOut != "vm-ctl: the configuration was not applied: this partition has no quorum\n" {
		t.Errorf("status %d, %q", status, errOut)
	}
}

func TestValidateCountsWhatIsThere(t *testing.T) {
	t.Parallel()
	status, out, errOut := runVMCtl(t.Context(), "validate", example)
	if status != exitOK || out != example+": cluster \"two-hosts\" is fine: 2 nodes, 5 resources, 3 constraints\n" {
		t.Errorf("status %d, %q, %q", status, out, errOut)
	}
}

func TestKeygenRefusesToReplaceASecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	status, out, errOut := runVMCtl(t.Context(), "keygen", path)
	if status != exitOK || !strings.Contains(out, "fingerprint") {
		t.Fatalf("status %d, %q, %q", status, out, errOut)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, errOut = runVMCtl(t.Context(), "keygen", path); status != exitFailed || !strings.Contains(errOut, path) {
		t.Errorf("status %d, %q", status, errOut)
	}
	second, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || string(first) != string(second) || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret was touched: %v, %v, %v", err, statErr, info.Mode())
	}
}

func TestResourceAddSendsWhatAFileWouldMake(t *testing.T) {
	t.Parallel()
	file, err := configs.Parse("x.toml", []byte(`[cluster]
name = "x"
[[node]]
name = "alpha"
links = { hb0 = "10.1.0.1", hb1 = "10.2.0.1" }
[[node]]
name = "beta"
links = { hb0 = "10.1.0.2", hb1 = "10.2.0.2" }
[[vm]]
id = "db3"
config = "/etc/kvmha/vm/db3.xml"
home = "alpha"
migrate = false
[[resource]]
id = "web"
agent = "ocf:heartbeat:apache"
params = { port = 80 }
meta = { priority = 5 }
op = [{ name = "monitor", interval = "10s", timeout = "20s" }]
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		line string
		want control.RscAddArgs
	}{
		{"resource add db3 -a alpha -m off", control.RscAddArgs{Resource: file.Config.Resources[0], Locations: file.Config.Locations}},
		{"resource add web --agent ocf:heartbeat:apache --param port=80 --meta priority=5 --op monitor,interval=10s,timeout=20s", control.RscAddArgs{Resource: file.Config.Resources[1]}},
	} {
		d := newFakeDaemon(t)
		d.on(control.RscAdd, nil, nil)
		if status, _, errOut := d.vmctl(t.Context(), strings.Fields(tc.line)...); status != exitOK {
			t.Fatalf("%q: status %d, %s", tc.line, status, errOut)
		}
		want, err := json.Marshal(tc.want)
		if err != nil {
			t.Fatal(err)
		}
		if d.asked[0] != "rsc-add "+string(want) {
			t.Errorf("%q asked\n%s\nwant\n%s", tc.line, d.asked[0], want)
		}
	}
}
