package main

import "github.com/spf13/cobra"

func newMigrate(a *app) *cobra.Command {
	m := &mover{app: a, live: true}
	cmd := &cobra.Command{
		Use:   "migrate VM",
		Short: "Move a VM to another host while it runs, and show the progress",
		Long: `Live-migrates a VM and shows how far it is. When the migration fails the VM stays where it is, running, and the exit
status is 1. A VM whose configuration forbids live migration is refused: "vm-ctl resource move" stops and starts it.`,
		Example: "  vm-ctl migrate db1 --to beta\n  vm-ctl migrate db1\n  vm-ctl migrate db1 --to beta --no-wait",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return m.move(cmd.Context(), given[0])
		},
	}
	m.flags(cmd)
	return cmd
}
