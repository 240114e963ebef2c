package main

import (
	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newResource(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "resource",
		Short:   "Add, delete, start, stop, move and list resources",
		Aliases: []string{"rsc"},
		Example: "  vm-ctl resource list\n  vm-ctl resource stop vip\n  vm-ctl resource move vip --to beta",
		Args:    cobra.ArbitraryArgs,
		RunE:    noVerb,
	}
	cmd.AddCommand(
		newResourceAdd(a), newResourceDelete(a), newResourceRole(a, "start", "Started", control.RscStart),
		newResourceRole(a, "stop", "Stopped", control.RscStop), newResourceMove(a), newResourceUnmove(a), newResourceList(a),
	)
	return cmd
}
