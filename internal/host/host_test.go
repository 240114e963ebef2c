package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/control/socket"
)

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
