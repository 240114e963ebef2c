package main

import (
	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newCleanup(a *app) *cobra.Command {
	var what control.CleanupArgs
	cmd := &cobra.Command{
		Use:   "cleanup [RESOURCE]",
		Short: "Forget failures, so that the cluster tries again",
		Long: `Forgets the failed actions and fail counts of one resource or of all, on one node or on all. The cluster then looks
at the resource anew and starts it where it belongs.`,
		Example: "  vm-ctl cleanup\n  vm-ctl cleanup db1\n  vm-ctl cleanup vip --node beta",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 1 {
				what.Resource = given[0]
			}
			if err := a.ask(cmd.Context(), control.Cleanup, what, nil); err != nil {
				return err
			}
			a.say("Failures of %s on %s are forgotten.", orElse(what.Resource, "all resources"), orElse(what.Node, "all nodes"))
			return nil
		},
	}
	cmd.Flags().StringVarP(&what.Node, "node", "n", "", "only on this node")
	return cmd
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
