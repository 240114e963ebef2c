package ocf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"kvmha/agents"
	"kvmha/internal/child"
	"kvmha/internal/cib"
	"kvmha/internal/nearest"
)

// DefaultRoot is where Debian keeps OCF agents.
const DefaultRoot = "/usr/lib/ocf"

// Class finds and runs the OCF agents of a host.
type Class struct {
	// Root is OCF_ROOT; "" means DefaultRoot.
	Root string
	// TempDir is HA_RSCTMP, where agents keep state until the next boot; ""
	// means /run/resource-agents. It is made when it is missing.
	TempDir string
	// Node is this node's name, told to agents as CRM_meta_on_node.
	Node string
	// LogFacility is the syslog facility agents log to; "" means daemon,
	// "none" makes them log to their error output.
	LogFacility string
	// Runner runs the scripts.
	Runner *child.Runner
	// Logger gets the scripts that cannot be asked for their meta-data; nil
	// means slog.Default.
	Logger *slog.Logger

	shelf shelf
}

var _ agents.Finder = (*Class)(nil)

// Find implements agents.Finder.
func (c *Class) Find(provider, typ string) (agents.Agent, error) {
	name := "ocf:" + provider + ":" + typ
	if !agents.PlainName(provider) || !agents.PlainName(typ) {
		return nil, fmt.Errorf("%s: %w: provider and type must be plain names", name, agents.ErrNoAgent)
	}
	path := filepath.Join(c.root(), "resource.d", provider, typ)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w: there is no %s; install the package it comes with on %s%s",
			name, agents.ErrNoAgent, path, c.here(), c.near(provider, typ))
	case err != nil:
		return nil, fmt.Errorf("%s: look for the agent: %w", name, err)
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return nil, fmt.Errorf("%s: %w: %s is not an executable file", name, agents.ErrNoAgent, path)
	}
	return &agent{class: c, provider: provider, typ: typ, path: path, modified: info.ModTime()}, nil
}

// near names the agent that was perhaps meant.
func (c *Class) near(provider, typ string) string {
	entries, _ := os.ReadDir(filepath.Join(c.root(), "resource.d", provider))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if near := nearest.To(typ, slices.Values(names)); near != "" {
		return fmt.Sprintf(", or did you mean ocf:%s:%s?", provider, near)
	}
	return ""
}

func (c *Class) root() string {
	if c.Root == "" {
		return DefaultRoot
	}
	return c.Root
}

func (c *Class) here() string {
	if c.Node == "" {
		return "this host"
	}
	return c.Node
}

// agent is one script.
type agent struct {
	class         *Class
	provider, typ string
	path          string
	modified      time.Time
}

var _ agents.Describer = (*agent)(nil)

// Run implements agents.Agent.
func (a *agent) Run(ctx context.Context, op cib.Operation) agents.Outcome {
	if op.Name == "reload-agent" || op.Name == "reload" {
		op.Name = a.reloadAction(ctx, op.Name)
	}
	env, err := a.class.environment(a, op)
	if err != nil {
		return agents.Failed(cib.InvalidParam, "%s: %v", op.Resource, err)
	}
	if err := os.MkdirAll(a.class.tempDir(), 0o755); err != nil {
		return agents.Failed(cib.UnknownError, "cannot make HA_RSCTMP, where agents keep their state: %v", err)
	}
	result, err := a.class.Runner.Run(ctx, child.Command{Path: a.path, Args: []string{op.Name}, Env: env})
	if err != nil {
		return failedToRun(err)
	}
	return outcome(a.path, result)
}

// failedToRun is the outcome when the script could not be executed.
func failedToRun(err error) agents.Outcome {
	rc := cib.UnknownError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		rc = cib.NotInstalled // also: the interpreter in its first line
	case errors.Is(err, fs.ErrPermission):
		rc = cib.InsufficientPriv
	}
	reason := err.Error()
	if errors.Is(err, syscall.ENOEXEC) {
		reason += "; is its first line #!INTERPRETER?"
	}
	return agents.Outcome{RC: rc, Status: cib.ExecError, ExitReason: reason}
}

// outcome reads a script's end.
func outcome(path string, r child.Result) agents.Outcome {
	out := agents.Outcome{
		RC: cib.RC(r.Code), Status: cib.ExecDone, ExitReason: exitReason(r.Stderr), Output: tail(r.Stdout + r.Stderr),
	}
	known := r.Code >= 0 && r.Code <= 9 || r.Code >= 190 && r.Code <= 193
	switch {
	case r.Signal != 0:
		out.RC, out.Status = cib.UnknownError, cib.ExecError
		out.ExitReason = fmt.Sprintf("%s was ended by signal %v", path, r.Signal)
	case !known:
		out.RC = cib.UnknownError
		if out.ExitReason == "" {
			out.ExitReason = fmt.Sprintf("%s ended with %d, which is no OCF exit code: %s", path, r.Code, lastLine(r.Stderr))
		}
	case out.ExitReason == "" && out.RC != cib.OK && out.RC != cib.NotRunning && out.RC != cib.RunningPromoted:
		out.ExitReason = lastLine(r.Stderr)
	}
	return out
}

const reasonPrefix = "ocf-exit-reason:"

// exitReason takes the last reason an agent gave: the first ones are often of
// helpers it went on from.
func exitReason(stderr string) string {
	i := strings.LastIndex(stderr, reasonPrefix)
	if i < 0 {
		return ""
	}
	line, _, _ := strings.Cut(stderr[i+len(reasonPrefix):], "\n")
	return strings.TrimSpace(line)
}

func lastLine(text string) string {
	text = strings.TrimRight(text, "\n ")
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// tail bounds what goes into the log with a result.
func tail(text string) string {
	const limit = 4 << 10
	if len(text) > limit {
		return "…" + strings.ToValidUTF8(text[len(text)-limit:], "")
	}
	return text
}
