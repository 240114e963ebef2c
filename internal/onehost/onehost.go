// Package onehost is for tests that run a whole hostd in their own process: the
// folder it lives in, and the file of a cluster of which only this host is
// there, so that it decides alone.
package onehost

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"kvmha/internal/cluster/secret"
)

// Node is the host that is there.
const Node = "alpha"

// config is the file. The verbs are the folder and the network.
const config = `
[cluster]
name = "single"
secret = "%[1]s/secret"
deadtime = "1s"
initdead = "1s"
two-node = "false"
state-dir = "%[1]s/state"
control-socket = "%[1]s/sock"
gossip-port = 17796
peer-port = 17797

[options]
stonith-enabled = "false"
no-quorum-policy = "ignore"

[[node]]
name = "` + Node + `"
links = { hb0 = "127.%[2]d.0.1", hb1 = "127.%[2]d.1.1" }

[[node]]
name = "absent"
links = { hb0 = "127.%[2]d.0.2", hb1 = "127.%[2]d.1.2" }
`

// Folder makes a folder with a cluster's secret in it, for as long as the test
// runs. Its path is short, since Unix sockets live in it.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kvmha")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := secret.Generate(filepath.Join(dir, "secret")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Write writes the cluster's file into its folder, followed by resources (TOML),
// and returns its path. Packages whose tests may run at the same time need
// different networks: the links are in 127.NETWORK.0.0/16.
func Write(t testing.TB, dir string, network int, resources string) string {
	t.Helper()
	path := filepath.Join(dir, "cluster.toml")
	if err := os.WriteFile(path, []byte(fmt.Sprintf(config, dir, network)+resources), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
