package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/need"
	"kvmha/internal/node"
)

// reloadResources are two of Debian's own agents, one for each generation of the
// OCF standard, and one of ours. The verbs are: folder, end of the state files'
// names (a change restarts), and the parameter that can be reloaded.
const reloadResources = `
[[resource]]
id = "modern"
agent = "ocf:pacemaker:Dummy"
params = { state = "%[1]s/modern%[2]s", fake = "%[3]s", envfile = "%[1]s/calls" }
op = [{ name = "monitor", interval = "10s" }]

[[resource]]
id = "old"
agent = "ocf:heartbeat:Dummy"
params = { state = "%[1]s/old%[2]s", fake = "%[3]s" }
op = [{ name = "monitor", interval = "10s" }]

[[resource]]
id = "ours"
agent = "ocf:kvmha:Dummy"
params = { state = "%[1]s/ours%[2]s", fake = "%[3]s" }
op = [{ name = "monitor", interval = "10s" }]
`

// reloading is the host of reloadResources.
type reloading struct{ *single }

func (r *reloading) write(t *testing.T, suffix, fake string) {
	t.Helper()
	r.single.write(t, fmt.Sprintf(reloadResources, r.dir, suffix, fake))
}

// mark writes into the state files. A start makes them anew, so the mark is
// there as long as the resource is not stopped.
func (r *reloading) mark(t *testing.T) {
	t.Helper()
	for _, id := range reloaded {
		if err := os.WriteFile(filepath.Join(r.dir, id), []byte("marked"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *reloading) wantMarks(t *testing.T, when string) {
	t.Helper()
	for _, id := range reloaded {
		if text, err := os.ReadFile(filepath.Join(r.dir, id)); string(text) != "marked" {
			t.Errorf("%s: %s was restarted for a parameter that can be reloaded (%v)", when, id, err)
		}
	}
}

// reloaded are the resources of reloadResources.
var reloaded = []string{"modern", "old", "ours"}

func TestAReloadableParameterChangesWithoutARestart(t *testing.T) {
	need.File(t, "/usr/lib/ocf/resource.d/heartbeat/Dummy", "Debian's package resource-agents")
	need.File(t, "/usr/lib/ocf/resource.d/pacemaker/Dummy", "Debian's package pacemaker-resource-agents")
	r := &reloading{newSingle(t)}
	r.write(t, "", "one")
	r.start(t, "")
	r.ask(t, "the resources to run", running(r.dir, "fake=one"))
	r.mark(t)
	r.write(t, "", "two")
	r.apply(t)
	r.ask(t, "the change to be taken", running(r.dir, "fake=two"))
	r.wantMarks(t, "the first time")

	// The next run of the daemon finds the resources running, and knows their
	// agents' meta-data before it has to decide on the next change.
	r.end(t, ErrRestart)
	r.start(t, "")
	r.ask(t, "the resources to be found again", running(r.dir, "fake=two"))
	r.write(t, "", "three")
	r.apply(t)
	r.ask(t, "the change to be taken after the restart of hostd", running(r.dir, "fake=three"))
	r.wantMarks(t, "after a restart of hostd")

	r.write(t, ".new", "three")
	r.apply(t)
	r.ask(t, "the restart with another state file", running(r.dir, "modern.new"))
	for _, id := range reloaded {
		if _, err := os.Stat(filepath.Join(r.dir, id)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was not stopped with the state file that it ran with: %v", id, err)
		}
		if _, err := os.Stat(filepath.Join(r.dir, id+".new")); err != nil {
			t.Errorf("%s does not run with the new state file: %v", id, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if starts, reloads := strings.Count(string(text), "### start @"), strings.Count(string(text), "### reload-agent @"); starts != 2 || reloads != 2 {
		t.Errorf("Debian's agent was started %d times and reloaded %d times, want 2 and 2", starts, reloads)
	}
	r.end(t, errors.New("leave"))
}

// running tells whether all three resources run, nothing is being done, and
// Debian's agent has been called with this text in its environment.
func running(dir, told string) func(*node.StatusReply) bool {
	return func(s *node.StatusReply) bool {
		if s.Transition != nil || len(s.Resources) != 3 {
			return false
		}
		for _, r := range s.Resources {
			if len(r.Active) != 1 {
				return false
			}
		}
		text, _ := os.ReadFile(filepath.Join(dir, "calls"))
		return strings.Contains(string(text), told)
	}
}
