package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kvmha/configs"
	"kvmha/internal/cib"
	"kvmha/internal/cluster/secret"
	"kvmha/internal/control"
	"kvmha/internal/node"
	"kvmha/policy"
)

// Scene is the site of the demo, the end-to-end tests and the benchmarks: the
// cluster of an example configuration on its hosts, watched from outside.
type Scene struct {
	*Site
	// VIP is the witness of the service address.
	VIP *Prober
	// Cluster is the configuration all hosts got.
	Cluster *configs.Cluster

	cancel context.CancelFunc
}

// ServiceAddress is the service address of the example configurations.
const ServiceAddress = "10.77.9.100"

// SceneOptions choose a scene. The zero value is the demo's.
type SceneOptions struct {
	// Config is the TOML; nil = configs/two-hosts.toml.
	Config []byte
	// RebootAfterFence: see Options.
	RebootAfterFence bool
	HostdArgs        []string
	Trace            io.Writer
}

// NewScene builds the demo's site in dir with the programs in binDir. Its hosts
// are still off.
func NewScene(ctx context.Context, dir, binDir string, options SceneOptions) (*Scene, error) {
	text := options.Config
	if text == nil {
		var err error
		if text, err = configs.Examples.ReadFile("two-hosts.toml"); err != nil {
			return nil, err
		}
	}
	config, err := configs.Parse("scene.toml", text)
	if err != nil {
		return nil, err
	}
	key, err := newSecret(dir)
	if err != nil {
		return nil, err
	}
	var hosts, vms []string
	for _, n := range config.Nodes {
		hosts = append(hosts, n.Name)
	}
	for _, r := range config.Config.Resources {
		if r.Type == "VirtualDomain" {
			vms = append(vms, r.ID)
		}
	}
	site, err := NewSite(ctx, Options{
		Dir: dir, BinDir: binDir, Config: text, Secret: key, VMs: vms, Hosts: hosts,
		NoLibvirt: len(vms) == 0, RebootAfterFence: options.RebootAfterFence,
		HostdArgs: options.HostdArgs, Trace: options.Trace,
	})
	if err != nil {
		return nil, err
	}
	s := &Scene{Site: site, Cluster: config}
	ctx, s.cancel = context.WithCancel(ctx)
	if s.VIP, err = site.NewProber(ctx, ServiceAddress); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// newSecret makes the content of a secret file, as vm-ctl keygen does.
func newSecret(dir string) ([]byte, error) {
	path := filepath.Join(dir, "secret")
	if err := secret.Generate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Close takes the scene down.
func (s *Scene) Close() {
	s.cancel()
	s.Site.Close()
}

// Status asks one host's daemon.
func (s *Scene) Status(ctx context.Context, host string) (*node.StatusReply, error) {
	var status node.StatusReply
	if err := s.Ask(ctx, host, control.Status, nil, &status); err != nil {
		return nil, err
	}
	return &status, nil
}

// Ask makes one request to a host's daemon.
func (s *Scene) Ask(ctx context.Context, host string, verb control.Verb, args, reply any) error {
	client, err := s.Host(host).Control()
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Call(ctx, verb, args, reply)
}

// patience bounds every wait of a scene: far above what a healthy cluster
// needs, so that only a broken one meets it.
const patience = 90 * time.Second

// pollEvery is how often a wait looks: fine enough for a time line in ms.
const pollEvery = 20 * time.Millisecond

// Wait looks at the cluster through any host that answers until ok is true. An
// error names what was waited for and what the cluster said last.
func (s *Scene) Wait(ctx context.Context, what string, ok func(*node.StatusReply) bool) (*node.StatusReply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last *node.StatusReply
	problem := errors.New("no host answers")
	for {
		for _, host := range s.Hosts() {
			if !host.Powered() {
				continue
			}
			status, err := s.Status(ctx, host.Name)
			if err != nil {
				problem = err
				continue
			}
			last = status
			if ok(status) {
				return status, nil
			}
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			text, _ := json.MarshalIndent(last, "", "  ")
			return last, fmt.Errorf("waited in vain for %s: %w (last problem: %v); the cluster says:\n%s", what, context.Cause(ctx), problem, text)
		}
	}
}

// Eventually looks at the world until ok is true.
func (s *Scene) Eventually(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !ok() {
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		}
	}
	return nil
}

// PowerOnAndWait boots all hosts and waits until everything runs.
func (s *Scene) PowerOnAndWait(ctx context.Context) error {
	if err := s.PowerOn(ctx); err != nil {
		return err
	}
	_, err := s.Wait(ctx, "all resources to run", s.AllRun)
	return err
}

// Formed reports whether all hosts are online members of one cluster.
func (s *Scene) Formed(status *node.StatusReply) bool {
	if !status.Quorum.Have || status.DC == "" {
		return false
	}
	online := 0
	for _, n := range status.Nodes {
		if n.State == "online" {
			online++
		}
	}
	return online == len(s.Hosts())
}

// AllRun reports whether every resource runs and nothing is left to do.
func (s *Scene) AllRun(status *node.StatusReply) bool {
	if len(status.Resources) == 0 || !Idle(status) {
		return false
	}
	for _, r := range s.Cluster.Config.Resources {
		if len(Where(status, r.ID)) != 1 {
			return false
		}
	}
	return true
}

// Idle reports whether the cluster has nothing left to do.
func Idle(status *node.StatusReply) bool {
	moving := slices.ContainsFunc(status.Intents, func(i cib.Intent) bool { return i.State == cib.IntentMoving })
	return status.DC != "" && status.Transition == nil && !moving && len(status.GuestFences) == 0 && len(status.Fencing) == 0
}

// Where returns the hosts on which the cluster says that a resource runs, of a
// clone those of all its instances.
func Where(status *node.StatusReply, id string) []string {
	var found []string
	var look func(views []policy.ResourceView)
	look = func(views []policy.ResourceView) {
		for _, v := range views {
			if instance, _, _ := strings.Cut(v.ID, ":"); instance == id {
				found = append(found, v.Active...)
			}
			look(v.Children)
		}
	}
	look(status.Resources)
	return found
}

// Twice lists what the world shows to run twice, now or at any moment that the
// witnesses saw: addresses by ARP, guests by their QEMU processes.
func (s *Scene) Twice() []string {
	twice := s.VIP.Doubles()
	for _, vm := range s.options.VMs {
		hosts := s.Running(vm)
		if len(hosts) < 2 {
			continue
		}
		// They were asked one after the other, and a live migration may have
		// ended in between: only who executes before and after all the others
		// were asked did so beside them.
		again := s.Running(vm)
		hosts = slices.DeleteFunc(hosts, func(host string) bool { return !slices.Contains(again, host) })
		if len(hosts) > 1 {
			slices.Sort(hosts)
			twice = append(twice, fmt.Sprintf("guest %s executes on %v", vm, hosts))
		}
	}
	return twice
}

// Other returns the name of the other one of two hosts.
func (s *Scene) Other(host string) string {
	for _, h := range s.Hosts() {
		if h.Name != host {
			return h.Name
		}
	}
	return ""
}

// Logs returns the end of every host's console, for a failed test.
func (s *Scene) Logs() string {
	var all string
	for _, h := range s.Hosts() {
		text, _ := os.ReadFile(h.Disk("console.log"))
		const enough = 12000
		if len(text) > enough {
			text = text[len(text)-enough:]
		}
		all += fmt.Sprintf("--- %s\n%s\n", h.Name, text)
	}
	return all
}
