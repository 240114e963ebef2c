package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"kvmha/internal/node"
)

// neverStops is an agent whose resource runs once it was started, and whose stop
// tells that it has begun and does not end.
const neverStops = `#!/bin/sh
case $1 in
start) touch "$OCF_ROOT/started";;
monitor) [ -e "$OCF_ROOT/started" ] || exit 7;;
stop) echo > "$OCF_ROOT/stopping"; exec sleep 600;;
esac
`

func TestASecondWishEndsALeaveAtOnce(t *testing.T) {
	s := newSingle(t)
	root := filepath.Join(s.dir, "ocf")
	agent, stopping := filepath.Join(root, "resource.d", "test", "Stubborn"), filepath.Join(root, "stopping")
	if err := os.MkdirAll(filepath.Dir(agent), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(agent, []byte(neverStops), 0o755); err != nil {
		t.Fatal(err)
	}
	s.write(t, `
[[resource]]
id = "stubborn"
agent = "ocf:test:Stubborn"
op = [{ name = "monitor", interval = "10s" }, { name = "stop", timeout = "10min" }]
`)
	s.start(t, root)
	s.ask(t, "the resource to run", runsOn("alpha", 1))
	s.stop(errors.New("leave"))
	s.ask(t, "the stop to begin", func(*node.StatusReply) bool {
		_, err := os.Stat(stopping)
		return err == nil
	})
	s.Hurry()
	s.Hurry() // as often as the administrator likes
	s.end(t, context.Canceled)
}
