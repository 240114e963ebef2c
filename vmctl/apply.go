package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"kvmha/internal/cib"
	"kvmha/internal/control"
)

func newApply(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Make a configuration file the cluster's configuration",
		Long: `Checks the whole file ("-" = standard input), shows what differs from the cluster's configuration, and replaces that in
one step. Nothing is applied when the file has a mistake, or when somebody else has changed the configuration
meanwhile. It returns when the change is on the disk of every current member.

The file is the cluster's TOML, or a Pacemaker CIB as XML: a whole <cib> or a <configuration> alone, of any schema since
Heartbeat 2. Of TOML, the table [cluster] and the links of nodes are not applied: each hostd reads them from its own
copy when it starts. Of a CIB, the status and what the cluster knows by itself (dc-version, have-watchdog …) are not
taken, nodes are known by their names, whatever their ids, and members that it lacks stay.`,
		Example: "  vm-ctl apply --dry-run /etc/kvmha/cluster.toml\n  vm-ctl apply /etc/kvmha/cluster.toml\n" +
			"  vm-ctl apply --dry-run cib.xml           # saved on the Pacemaker cluster: cibadmin -Q > cib.xml",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.apply(cmd.Context(), given[0], dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change and change nothing")
	return cmd
}

func (a *app) apply(ctx context.Context, path string, dryRun bool) error {
	f, err := a.readConfig(path)
	if err != nil {
		return err
	}
	var now cib.CIB
	if err := a.ask(ctx, control.GetCIB, nil, &now); err != nil {
		return err
	}
	if f.document != nil {
		err := f.document.FitNodes(now.Config.Nodes)
		a.tellNotices(f)
		if err != nil {
			return f.mistakes(err)
		}
	}
	f.config.AdoptOperatorState(&now.Config)
	changes := difference(&now.Config, f.config)
	for _, line := range changes {
		a.say("%s", a.paintChange(line))
	}
	switch {
	case len(changes) == 0:
		a.say("Nothing to change: the cluster has this configuration (version %v).", now.Version)
		return nil
	case dryRun:
		a.say("Nothing was applied (--dry-run).")
		return nil
	}
	request := control.ApplyArgs{Config: *f.config, BaseVersion: &now.Version, Source: f.source(path)}
	if err := a.ask(ctx, control.Apply, request, nil); err != nil {
		return fmt.Errorf("the configuration was not applied: %w", err)
	}
	a.say("Applied, %s.", count(len(changes), "change"))
	return nil
}

// source names the file for the cluster's log.
func (f *configFile) source(path string) string {
	if path == "-" {
		return f.name
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// paintChange colours a line of a difference by its sign.
func (a *app) paintChange(line string) string {
	switch line[0] {
	case '+':
		return a.paint(green, line)
	case '-':
		return a.paint(red, line)
	}
	return a.paint(yellow, line)
}
