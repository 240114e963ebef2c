// Package lsb runs init scripts as resources: class "lsb" ("Linux Standard
// Base Core, Init Script Actions"). A script gets the action as its only
// argument, "status" for monitor, and no parameters. It must answer status by
// the LSB's exit codes, and succeed when it is asked to start what runs or to
// stop what does not.
package lsb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kvmha/agents"
	"kvmha/internal/child"
	"kvmha/internal/cib"
)

// Class finds and runs the init scripts of a host.
type Class struct {
	// Dir is where they are; "" means /etc/init.d.
	Dir    string
	Runner *child.Runner
}

var _ agents.Finder = (*Class)(nil)

// Find implements agents.Finder.
func (c *Class) Find(_, typ string) (agents.Agent, error) {
	dir := c.Dir
	if dir == "" {
		dir = "/etc/init.d"
	}
	if !agents.PlainName(typ) {
		return nil, fmt.Errorf("lsb:%s: %w: the type must be a plain name", typ, agents.ErrNoAgent)
	}
	path := filepath.Join(dir, typ)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("lsb:%s: %w: there is no %s; if the service has a unit instead, use systemd:%s", typ, agents.ErrNoAgent, path, typ)
	case err != nil:
		return nil, fmt.Errorf("lsb:%s: look for the script: %w", typ, err)
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return nil, fmt.Errorf("lsb:%s: %w: %s is not an executable file", typ, agents.ErrNoAgent, path)
	}
	return &agent{path: path, runner: c.Runner}, nil
}

type agent struct {
	path   string
	runner *child.Runner
}

// Run implements agents.Agent.
func (a *agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	action := op.Name
	switch op.Name {
	case "monitor":
		action = "status"
	case "reload-agent":
		action = "reload"
	case "start", "stop", "reload":
	default:
		return agents.Failed(cib.Unimplemented, "an init script has no action %q", op.Name)
	}
	result, err := a.runner.Run(ctx, child.Command{Path: a.path, Args: []string{action}, Env: []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
		// Debian's scripts would otherwise hand over to systemctl.
		"SYSTEMCTL_SKIP_REDIRECT=1",
	}})
	if err != nil {
		return agents.Outcome{RC: cib.UnknownError, Status: cib.ExecError, ExitReason: err.Error()}
	}
	if result.Signal != 0 || result.Killed {
		return agents.Outcome{RC: cib.UnknownError, Status: cib.ExecError, ExitReason: fmt.Sprintf("%s %s was killed", a.path, action)}
	}
	out := agents.Done(meaning(action, result.Code))
	if out.RC != cib.OK && out.RC != cib.NotRunning {
		said := strings.TrimSpace(result.Stdout + result.Stderr)
		out.ExitReason = fmt.Sprintf("%s %s ended with %d: %s", a.path, action, result.Code, said[strings.LastIndexByte(said, '\n')+1:])
	}
	return out
}

// meaning turns an init script's exit code into a resource agent's. For status
// 1 and 2 mean dead with a file left behind, 3 stopped, 4 and more unknown; for
// the rest 1 to 7 are the codes that OCF took over.
func meaning(action string, code int) cib.RC {
	switch {
	case action == "status" && code >= 1 && code <= 3:
		return cib.NotRunning
	case action == "status" && code != 0, code < 0, code > 7:
		return cib.UnknownError
	case action == "stop" && code == int(cib.NotRunning):
		return cib.OK // a stop of what does not run has succeeded
	}
	return cib.RC(code)
}
