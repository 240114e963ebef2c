package devices

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"kvmha/internal/child"
	"kvmha/internal/cib"
	"kvmha/stonith"
)

// FenceAgents finds and runs the agents of the fence-agents convention
// (FenceAgentAPI of ClusterLabs): programs named fence_* that take their
// options as NAME=VALUE lines on standard input and answer by exit code. They
// run unchanged. Configured values are never logged, and passwords are taken
// out of what an agent says.
type FenceAgents struct {
	// Path are the folders searched, in order; nil means /usr/sbin.
	Path   []string
	Runner *child.Runner
	// Logger gets every call at debug level. Default: slog.Default().
	Logger *slog.Logger

	mu    sync.Mutex
	known map[string]known
}

// known is an agent's description with the program it is from.
type known struct {
	modified    time.Time
	description description
}

var _ stonith.Finder = (*FenceAgents)(nil)

// Opener implements stonith.Finder.
func (f *FenceAgents) Opener(agent string) (stonith.Opener, error) {
	if agent == "" || strings.HasPrefix(agent, ".") || strings.ContainsAny(agent, "/\x00\n") {
		return nil, fmt.Errorf("%w: %q is no name of a fence agent such as fence_ipmilan", stonith.ErrNoDeviceType, agent)
	}
	dirs := f.Path
	if dirs == nil {
		dirs = []string{"/usr/sbin"}
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, agent)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for %s: %w", agent, err)
		}
		if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return nil, fmt.Errorf("%w: %s is not an executable file", stonith.ErrNoDeviceType, path)
		}
		return func(id string, params []cib.NV) (stonith.Device, error) {
			return f.open(path, info.ModTime(), id, params)
		}, nil
	}
	return nil, fmt.Errorf("%w: there is no %s in %s; install the package it comes with (fence-agents has most)",
		stonith.ErrNoDeviceType, agent, strings.Join(dirs, ", "))
}

// fenceAgent is one configured device.
type fenceAgent struct {
	agents   *FenceAgents
	id, path string
	modified time.Time
	settings stonith.Settings
	params   []cib.NV
	secrets  []string
}

var _ stonith.Capable = (*fenceAgent)(nil)

func (f *FenceAgents) open(path string, modified time.Time, id string, params []cib.NV) (stonith.Device, error) {
	settings, own, err := stonith.SplitParams(params)
	if err != nil {
		return nil, err
	}
	d := &fenceAgent{agents: f, id: id, path: path, modified: modified, settings: settings, params: own}
	for _, p := range own {
		if strings.ContainsAny(p.Name, "=\n\x00") || strings.ContainsAny(p.Value, "\n\x00") {
			return nil, fmt.Errorf("parameter %q cannot be given to a fence agent: it must be one line", p.Name)
		}
		if secret(p.Name) && p.Value != "" {
			d.secrets = append(d.secrets, p.Value)
		}
	}
	return d, nil
}

// secret tells the parameters whose values must not be repeated anywhere.
func secret(name string) bool {
	for _, part := range []string{"passw", "secret", "token", "community", "api_key", "apikey"} {
		if strings.Contains(strings.ToLower(name), part) {
			return true
		}
	}
	return false
}

// Do implements stonith.Device.
func (d *fenceAgent) Do(ctx context.Context, action stonith.Action, target string) (stonith.Answer, error) {
	about, err := d.describe(ctx)
	if err != nil {
		return stonith.Answer{}, err
	}
	name := string(action)
	if other := d.settings.Actions[action]; other != "" {
		name = other
	}
	began := time.Now()
	result, err := d.agents.Runner.Run(ctx, child.Command{Path: d.path, Env: environment(), Stdin: d.options(about, name, target)})
	if err != nil {
		return stonith.Answer{}, d.failed(name, target, err)
	}
	d.agents.logger().Debug("fence-agent", "device", d.id, "agent", filepath.Base(d.path), "action", name, "target", target,
		"code", result.Code, "took", time.Since(began))
	if result.Killed {
		return stonith.Answer{}, d.failed(name, target, fmt.Errorf("killed: %w", context.Cause(ctx)))
	}
	answer := stonith.Answer{Output: d.hide(result.Stdout)}
	if action == stonith.Status {
		// FenceAgentAPI: 0 on, 2 off, anything else unknown.
		switch {
		case result.Code == 0:
			answer.Power = stonith.PowerOn
			return answer, nil
		case result.Code == 2:
			answer.Power = stonith.PowerOff
			return answer, nil
		}
	}
	if result.Code == 0 {
		return answer, nil
	}
	said := lastLine(result.Stderr)
	if said == "" {
		said = lastLine(result.Stdout)
	}
	if result.Signal != 0 {
		return answer, d.failed(name, target, fmt.Errorf("ended by signal %v: %s", result.Signal, d.hide(said)))
	}
	return answer, d.failed(name, target, fmt.Errorf("it ended with %d: %s", result.Code, d.hide(said)))
}

// failed names device, agent, action and target of an error.
func (d *fenceAgent) failed(action, target string, err error) error {
	of := ""
	if target != "" {
		of = " of " + target
	}
	return fmt.Errorf("device %q (%s): %s%s failed: %w", d.id, filepath.Base(d.path), action, of, err)
}

// options is what the agent reads: the configured parameters, the action, and
// the target as the node's name and as the plug.
func (d *fenceAgent) options(about description, action, target string) string {
	var text strings.Builder
	given := map[string]bool{}
	plug := d.plugArgument(about)
	for _, p := range d.params {
		if p.Name == plug && p.Value == "dynamic" {
			continue // Pacemaker's word for "fill in the target"
		}
		given[p.Name] = true
		fmt.Fprintf(&text, "%s=%s\n", p.Name, p.Value)
	}
	fmt.Fprintf(&text, "action=%s\n", action)
	if target == "" {
		return text.String()
	}
	fmt.Fprintf(&text, "nodename=%s\n", target)
	_, mapped := d.settings.Plugs[target]
	if plug != "" && (mapped || !given[plug]) {
		fmt.Fprintf(&text, "%s=%s\n", plug, d.settings.Plug(target))
	}
	return text.String()
}

// plugArgument is the parameter that takes the target, "" if none does.
func (d *fenceAgent) plugArgument(about description) string {
	switch d.settings.HostArgument {
	case "":
	case "none":
		return ""
	default:
		return d.settings.HostArgument
	}
	for _, name := range []string{"plug", "port"} {
		if about.parameters[name] {
			return name
		}
	}
	return ""
}

// hide takes passwords out of a text.
func (d *fenceAgent) hide(text string) string {
	for _, s := range d.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

func (f *FenceAgents) logger() *slog.Logger {
	if f.Logger == nil {
		return slog.Default()
	}
	return f.Logger
}

// environment is what a fence agent sees: hostd's own is none of its business.
func environment() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
}

func lastLine(text string) string {
	text = strings.TrimRight(text, "\n \t")
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
