package main

import (
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
		Long: `Checks the whole file, shows what differs from the cluster's configuration, and replaces that in one step. Nothing
is applied when the file has a mistake, or when somebody else has changed the configuration meanwhile. It returns
when the change is on the disk of every current member.

The table [cluster] and the links of nodes are no part of that configuration: each hostd reads them from its own copy
of the file when it starts.`,
		Example: "  vm-ctl apply --dry-run /etc/kvmha/cluster.toml\n  vm-ctl apply /etc/kvmha/cluster.toml",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.load(given[0])
			if err != nil {
				return err
			}
			var now cib.CIB
			if err := a.ask(cmd.Context(), control.GetCIB, nil, &now); err != nil {
				return err
			}
			c.Config.AdoptOperatorState(&now.Config)
			changes := difference(&now.Config, &c.Config)
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
			source := given[0]
			if abs, err := filepath.Abs(source); err == nil {
				source = abs
			}
			if err := a.ask(cmd.Context(), control.Apply, control.ApplyArgs{Config: c.Config, BaseVersion: &now.Version, Source: source}, nil); err != nil {
				return fmt.Errorf("the configuration was not applied: %w", err)
			}
			a.say("Applied, %s.", count(len(changes), "change"))
			return nil
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would change and change nothing")
	return cmd
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
