// Command hostd is the daemon of a hypervisor or bare-metal node. It reads the
// cluster's TOML, joins its peers and runs what the cluster decides for this
// node; vm-ctl talks to it. All of its work is in internal/host.
//
// SIGTERM and SIGINT leave the cluster: what runs here is moved away or
// stopped first. A second one ends the daemon at once: what is left runs on, and
// the peers fence this node. SIGHUP restarts the daemon alone: what runs here goes on. It is
// refused while the configuration or the secret has a mistake.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"kvmha/internal/host"
	"kvmha/internal/systemd"
)

func main() {
	var options host.Options
	flag.StringVar(&options.ConfigPath, "config", "/etc/kvmha/cluster.toml", "the cluster's TOML")
	flag.StringVar(&options.Node, "node", "", "this node's name in it (default: the host's name)")
	flag.StringVar(&options.BootID, "boot-id", "", "id of this run of the kernel (default: the kernel's)")
	flag.StringVar(&options.TracePath, "trace", "", "record the core's events to this file, for vm-ctl replay; the run before is kept as FILE.before")
	flag.StringVar(&options.OCFRoot, "ocf-root", "/usr/lib/ocf", "folder with resource.d of the OCF agents")
	fencePath := flag.String("fence-agents", "/usr/sbin", "folders with fence agents, separated by colons")
	debug := flag.Bool("debug", false, "log every step")
	flag.Parse()
	options.FencePath = strings.Split(*fencePath, ":")
	level := slog.LevelInfo
	if *debug {
		level = slog.LevelDebug
	}
	options.Logger = systemd.Logger(level)

	ctx, end := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	daemon, err := host.New(options)
	if err == nil {
		go obey(signals, options, end, daemon.Hurry)
		err = daemon.Run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostd:", err)
		os.Exit(1)
	}
}
