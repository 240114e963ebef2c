package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"kvmha/configs"
	"kvmha/internal/cluster"
	"kvmha/internal/cluster/secret"
	"kvmha/internal/control/socket"
	"kvmha/internal/executor"
	"kvmha/internal/hypervisor"
	"kvmha/internal/node"
	"kvmha/internal/systemd"
	"kvmha/policy"
	"kvmha/stonith"
	"kvmha/virtio/hub"
)

// Options say how to run one host's daemon. The zero value of a field means
// what its comment says.
type Options struct {
	// ConfigPath is the cluster's TOML. Default: /etc/kvmha/cluster.toml.
	ConfigPath string
	// Node is this node's name in it. Default: the host's name.
	Node string
	// BootID identifies this run of the kernel: a node that comes back with
	// another one has lost everything it ran. Default: the kernel's own.
	BootID string
	// FencePath are the folders with fence agents. Default: /usr/sbin.
	FencePath []string
	// RunDir holds what must not outlive this run of the kernel: notes of running
	// agents, definitions of running domains. Default: /run/kvmha.
	RunDir string
	// OCFRoot holds resource.d with the OCF agents. Default: /usr/lib/ocf.
	OCFRoot string
	// TracePath, if set, is the file that the core's events and effects are
	// recorded to; `vm-ctl replay` reads it.
	TracePath string
	// Logger takes every log line. Default: slog.Default().
	Logger *slog.Logger
}

func (o *Options) fill() error {
	if o.ConfigPath == "" {
		o.ConfigPath = "/etc/kvmha/cluster.toml"
	}
	if o.Node == "" {
		name, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("find this host's name: %w: give --node", err)
		}
		o.Node = name
	}
	if o.BootID == "" {
		id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
		if err != nil {
			return fmt.Errorf("find this kernel's boot id: %w: give --boot-id", err)
		}
		o.BootID = strings.TrimSpace(string(id))
	}
	if o.RunDir == "" {
		o.RunDir = "/run/kvmha"
	}
	if len(o.FencePath) == 0 {
		o.FencePath = []string{"/usr/sbin"}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return nil
}

// load fills the options and reads the configuration that they name.
func (o *Options) load() (*configs.Cluster, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	config, err := configs.Load(o.ConfigPath)
	if err != nil {
		return nil, err
	}
	if config.Node(o.Node) == nil {
		return nil, fmt.Errorf("this host is %q, which is no [[node]] of %s: correct the file or give --node", o.Node, o.ConfigPath)
	}
	return config, nil
}

// Check says what would keep a daemon with these options from starting: ask it
// before a running one is restarted, because a node whose hostd does not come
// back is fenced.
func Check(options Options) error {
	config, err := options.load()
	if err != nil {
		return err
	}
	_, err = secret.Load(config.SecretFile)
	return err
}

// Host is one running daemon.
type Host struct {
	options     Options
	incarnation string
	config      *configs.Cluster
	log         *slog.Logger

	core      *node.Core
	events    *queue
	disk      *disk
	engine    cluster.Engine
	executor  *executor.Executor
	fencer    *stonith.Fencer
	driver    hypervisor.Driver
	hub       *hub.Hub
	vms       *vmTable
	clients   *clients
	listener  net.Listener // of the control socket
	announcer *announcer
	recorder  *recorder
	watchdog  *os.File // nil = none configured

	hurry     chan struct{} // closed by Hurry
	hurryOnce sync.Once

	background sync.WaitGroup
	closers    []io.Closer
}

// New reads the configuration and opens every part; nothing runs yet. An error
// names what is wrong and what to do.
func New(options Options) (*Host, error) {
	config, err := options.load()
	if err != nil {
		return nil, err
	}
	h := &Host{options: options, incarnation: newIncarnation(), config: config, log: options.Logger, events: newQueue(), hurry: make(chan struct{})}
	h.announcer = newAnnouncer(options.Node, h.log)
	h.clients = newClients(h.events.post, h.announcer)
	for _, warning := range config.Warnings {
		h.log.Warn("config-warning", "text", warning)
	}
	for _, open := range []func() error{h.openControl, h.openDisk, h.openTrace, h.openEngine, h.openCore, h.openOperations, h.openGuests, h.openWatchdog} {
		if err := open(); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	return h, nil
}

// openControl takes the control socket before anything is touched: a second
// daemon on this node ends here, and not after it has ended the agents of the
// first. What is asked before Run waits.
func (h *Host) openControl() (err error) {
	h.listener, err = socket.Listen(h.config.ControlSocket)
	if err == nil {
		h.closers = append(h.closers, closerFunc(func() { _ = h.listener.Close() }))
	}
	return err
}

func (h *Host) openDisk() (err error) {
	h.disk, err = openDisk(h.config.StateDir, h.events.post)
	return err
}

func (h *Host) openTrace() (err error) {
	if h.options.TracePath == "" {
		return nil
	}
	h.recorder, err = openRecorder(h.options.TracePath, h.log)
	if err == nil {
		h.closers = append(h.closers, h.recorder)
	}
	return err
}

// openCore starts the core from what the disk holds; a new host starts from the
// configuration file.
func (h *Host) openCore() error {
	state, err := h.disk.load()
	if err != nil {
		return err
	}
	pledge, err := h.disk.pledge.load()
	if err != nil {
		return err
	}
	config := node.Config{
		Node: h.options.Node, Cluster: h.config.Name, Quorum: h.config.QuorumRule(),
		Incarnation: h.incarnation, BootID: h.options.BootID,
		State: state, Pledge: pledge, Initial: h.config.Config, Seed: uint64(time.Now().UnixNano()),
		Timings: node.Timings{InitDead: h.config.Initdead, Return: 2*h.config.Deadtime + time.Second}, Schedule: policy.Schedule,
	}
	if h.recorder != nil {
		h.recorder.start(config)
	}
	core, err := node.New(config)
	switch {
	case err != nil && state != nil:
		return fmt.Errorf("starting from %s: %w", h.disk.statePath(), err)
	case err != nil:
		return err
	}
	h.core = core
	if state != nil {
		h.warnOfDifference()
	}
	return nil
}

// warnOfDifference says so when the file holds another configuration than the
// one that this node last knew the cluster to have: the file is not taken by
// itself.
func (h *Host) warnOfDifference() {
	file, known := h.config.Config, h.core.CIB().Config
	file.AdoptOperatorState(&known)
	if a, errA := json.Marshal(file); errA == nil {
		if b, errB := json.Marshal(known); errB == nil && !bytes.Equal(a, b) {
			h.log.Warn("config-differs", "file", h.options.ConfigPath, "from", "the cluster's configuration as this node last knew it",
				"remedy", "vm-ctl apply "+h.options.ConfigPath+" makes the file the cluster's; --dry-run shows the difference")
		}
	}
}

// newIncarnation makes the random id of one run of the daemon.
func newIncarnation() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	return hex.EncodeToString(id[:])
}

// Run works until ctx ends, then leaves the cluster: with restart, resources
// go on running and the next run of the daemon finds them.
func (h *Host) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, h.close()) }()
	run, stop := context.WithCancel(context.Background())
	defer stop()
	failed := make(chan error, 4)
	h.start(run, "engine", failed, h.engine.Run)
	h.start(run, "control", failed, func(ctx context.Context) error {
		return socket.Serve(ctx, h.listener, h.clients)
	})
	h.start(run, "guests", failed, h.runGuests)
	h.start(run, "disk", failed, func(context.Context) error { h.disk.work(); return nil })
	h.start(run, "engine events", failed, h.forwardEngine)
	h.start(run, "systemd watchdog", failed, func(ctx context.Context) error { systemd.FeedWatchdog(ctx, h.alive); return nil })
	h.start(run, "watchdog device", failed, h.feedDevice)
	left := false
	defer func() {
		if left {
			h.disarmWatchdog()
		}
	}()
	defer h.background.Wait()
	defer h.fencer.Close() // a fencing in progress would be waited for
	defer close(h.disk.requests)
	defer stop()
	h.log.Info("hostd-started", "node", h.options.Node, "cluster", h.config.Name, "config", h.options.ConfigPath)
	left, err = h.loop(ctx, failed)
	return err
}

// Hurry ends a leave that is in progress, or to come, without waiting for its
// end. The peers take it for a crash.
func (h *Host) Hurry() { h.hurryOnce.Do(func() { close(h.hurry) }) }

// start runs one part until ctx ends; its failure ends the daemon, because a
// daemon without one of its parts would promise what it cannot do.
func (h *Host) start(ctx context.Context, name string, failed chan<- error, work func(context.Context) error) {
	h.background.Go(func() {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			select {
			case failed <- fmt.Errorf("%s: %w", name, err):
			default:
			}
		}
	})
}

// close lets go of everything in the reverse order of opening. Resources and
// VMs are not touched.
func (h *Host) close() error {
	if h.executor != nil {
		h.executor.Close()
	}
	var problems []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		problems = append(problems, h.closers[i].Close())
	}
	h.closers = nil
	return errors.Join(problems...)
}

// pause is how long the loop may sleep until the core wants to be ticked.
func pause(now, deadline time.Time) time.Duration {
	const idle = time.Minute // a bound on what a jump of the clock can cost
	if deadline.IsZero() {
		return idle
	}
	return min(max(deadline.Sub(now), 0), idle)
}
