// Package dummy is the resource agent ocf:kvmha:Dummy: a resource that is a
// file. It is ocf:pacemaker:Dummy without a shell, for demonstrations, for
// trying constraints out, and for tests; it notices at once when its file is
// removed.
//
// Parameters: state (the file; default DIR/Dummy-RESOURCE.state), fake (means
// nothing; its change needs no restart), op_sleep (a time every operation
// takes), fail_start_on (a node's name, on which start fails).
package dummy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/pause"
)

// Agent runs Dummy resources.
type Agent struct {
	// Dir is where state files are made; "" means /run/kvmha. It should be on
	// a tmpfs: a resource that is active must not survive its host.
	Dir string
	// Node is this node's name, for fail_start_on.
	Node string
}

var (
	_ agents.Watcher   = (*Agent)(nil)
	_ agents.Describer = (*Agent)(nil)
)

// Metadata implements agents.Describer.
func (a *Agent) Metadata() *agents.Metadata {
	return &agents.Metadata{
		Name: "Dummy", Version: "1.1", ShortDesc: "a resource that is a file",
		Parameters: []agents.Parameter{
			{Name: "state", Unique: true, Type: "string", ShortDesc: "the state file"},
			{Name: "fake", Reloadable: true, Type: "string", Default: "dummy", ShortDesc: "means nothing"},
			{Name: "op_sleep", Reloadable: true, Type: "time", Default: "0", ShortDesc: "how long every operation takes"},
			{Name: "fail_start_on", Type: "string", ShortDesc: "the node on which start fails"},
		},
		Actions: []agents.Action{
			{Name: "start", Timeout: "20s"}, {Name: "stop", Timeout: "20s"},
			{Name: "monitor", Timeout: "20s", Interval: "10s"},
			{Name: "reload-agent", Timeout: "20s"}, {Name: "migrate_to", Timeout: "20s"},
			{Name: "migrate_from", Timeout: "20s"}, {Name: "validate-all", Timeout: "20s"},
		},
	}
}

// Run implements agents.Agent.
func (a *Agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	if err := a.Metadata().CheckParams(op.Params); err != nil {
		return agents.Failed(cib.NotConfigured, "%s: %v", op.Resource, err)
	}
	if text := op.Param("op_sleep"); text != "" {
		d, err := cib.ParseDuration(text)
		if err != nil {
			return agents.Failed(cib.NotConfigured, "%s: op_sleep: %v", op.Resource, err)
		}
		if !pause.For(ctx, d) {
			return agents.Failed(cib.UnknownError, "op_sleep of %v was cut short", d)
		}
	}
	switch op.Name {
	case "start", "migrate_from":
		return a.start(op)
	case "stop", "migrate_to":
		return a.stop(op)
	case "monitor":
		return a.monitor(op)
	case "reload", "reload-agent", "validate-all", "notify":
		return agents.Done(cib.OK)
	}
	return agents.Failed(cib.Unimplemented, "Dummy has no action %q", op.Name)
}

func (a *Agent) start(op cib.Operation) agents.Outcome {
	if node := op.Param("fail_start_on"); node != "" && node == a.Node {
		return agents.Failed(cib.UnknownError, "start fails on %s, as fail_start_on asks", node)
	}
	file := a.state(op)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return agents.Failed(cib.UnknownError, "cannot make the folder of the state file: %v", err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		return agents.Failed(cib.UnknownError, "cannot write the state file: %v", err)
	}
	return agents.Done(cib.OK)
}

func (a *Agent) stop(op cib.Operation) agents.Outcome {
	if err := os.Remove(a.state(op)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return agents.Failed(cib.UnknownError, "cannot remove the state file: %v", err)
	}
	return agents.Done(cib.OK)
}

func (a *Agent) monitor(op cib.Operation) agents.Outcome {
	_, err := os.Lstat(a.state(op))
	switch {
	case err == nil:
		return agents.Done(cib.OK)
	case !errors.Is(err, fs.ErrNotExist):
		return agents.Failed(cib.UnknownError, "cannot look at the state file: %v", err)
	case op.Interval == 0:
		return agents.Done(cib.NotRunning)
	}
	return agents.Failed(cib.NotRunning, "the state file %s is gone", a.state(op))
}

// Watch implements agents.Watcher by watching the state file's folder.
func (a *Agent) Watch(ctx context.Context, op cib.Operation, changed func(string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the state file of %s: %w", op.Resource, err)
	}
	defer func() { _ = w.Close() }()
	file := a.state(op)
	if err := w.Add(filepath.Dir(file)); err != nil {
		return fmt.Errorf("watch the state file of %s: %w", op.Resource, err)
	}
	// What happened before the watch stood is seen by one more look.
	changed("watching " + file)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case ev, ok := <-w.Events:
			if !ok {
				return errors.New("the watch of the state file ended")
			}
			if ev.Name == file && !ev.Op.Has(fsnotify.Chmod) {
				changed(ev.String())
			}
		case err := <-w.Errors:
			return fmt.Errorf("watch the state file of %s: %w", op.Resource, err)
		}
	}
}

func (a *Agent) state(op cib.Operation) string {
	if file := op.Param("state"); file != "" {
		return filepath.Clean(file)
	}
	dir := a.Dir
	if dir == "" {
		dir = "/run/kvmha"
	}
	return filepath.Join(dir, "Dummy-"+filepath.Base(op.Resource)+".state")
}
