package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cluster/secret"
	"kvmha/internal/control/socket"
)

func TestARestartThatWouldFailIsKnownBefore(t *testing.T) {
	dir := t.TempDir()
	good := fmt.Sprintf(`[cluster]
name = "c"
secret = %q
[[node]]
name = "alpha"
links = { hb0 = "192.0.2.1" }
[[node]]
name = "beta"
links = { hb0 = "192.0.2.2" }
`, filepath.Join(dir, "secret"))
	key := secret.Format(make([]byte, secret.Size))
	for name, c := range map[string]struct {
		config, node string
		mode         os.FileMode
		want         string // "" = it would start
	}{
		"all is well":                   {good, "alpha", 0o600, ""},
		"a mistake in the file":         {good + "[colour]\n", "alpha", 0o600, "colour"},
		"a node that is not in it":      {good, "gamma", 0o600, `this host is "gamma"`},
		"a secret that others can read": {good, "alpha", 0o644, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			config := filepath.Join(dir, "cluster.toml")
			for path, file := range map[string]struct {
				text string
				mode os.FileMode
			}{config: {c.config, 0o600}, filepath.Join(dir, "secret"): {key, c.mode}} {
				if err := errors.Join(os.WriteFile(path, []byte(file.text), file.mode), os.Chmod(path, file.mode)); err != nil {
					t.Fatal(err)
				}
			}
			err := Check(Options{ConfigPath: config, Node: c.node, BootID: "b"})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v, want %q", err, c.want)
			}
		})
	}
}

// Starting hostd by hand beside the one of systemd is an old mistake. What the
// second would do on its way up (ending leftover agents, opening the state) must
// not happen to the first.
func TestASecondDaemonOnTheNodeEndsBeforeItTouchesAnything(t *testing.T) {
	dir := t.TempDir()
	path, state := filepath.Join(dir, "hostd.sock"), filepath.Join(dir, "state")
	first, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	config := filepath.Join(dir, "cluster.toml")
	text := fmt.Sprintf("[cluster]\nname = \"c\"\nstate-dir = %q\ncontrol-socket = %q\n[[node]]\nname = \"alpha\"\nlinks = { hb0 = \"192.0.2.1\" }\n[[node]]\nname = \"beta\"\nlinks = { hb0 = \"192.0.2.2\" }\n", state, path)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = New(Options{ConfigPath: config, Node: "alpha", BootID: "b"})
	if err == nil || !strings.Contains(err.Error(), "another daemon") {
		t.Errorf("a second daemon: %v", err)
	}
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("it has opened the state folder (%v)", err)
	}
}
