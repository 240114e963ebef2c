package main

import (
	"time"

	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newResourceMove(a *app) *cobra.Command {
	m := &mover{app: a}
	cmd := &cobra.Command{
		Use:   "move ID",
		Short: "Move a resource to another node, live if it can",
		Long: `Asks the cluster to have the resource on another node, and waits until it runs there. A move is an intent that
ends, no constraint: the resource stays where it was put until it leaves that node for any reason, or "unmove".
Exit status 0 means that it has arrived.`,
		Example: "  vm-ctl resource move vip --to beta\n  vm-ctl resource move vip\n  vm-ctl resource move vip --no-wait",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return m.move(cmd.Context(), given[0])
		},
	}
	m.flags(cmd)
	return cmd
}

// flags are those of move and migrate.
func (m *mover) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&m.to, "to", "n", "", "the node to move to (default: the best other one)")
	cmd.Flags().DurationVar(&m.lifetime, "lifetime", 10*time.Minute, "give up when it has not arrived by then")
	cmd.Flags().BoolVar(&m.noWait, "no-wait", false, "return when the cluster has accepted the move")
}

func newResourceUnmove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "unmove ID",
		Short:   "End a move early, so that the resource may go where it prefers",
		Long:    "Removes the intent of a move. The cluster places the resource by its constraints and stickiness again.",
		Example: "  vm-ctl resource unmove vip",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := a.ask(cmd.Context(), control.Unmove, control.RscArgs{Resource: given[0]}, nil); err != nil {
				return err
			}
			a.say("%s is free to go where it prefers.", given[0])
			return nil
		},
	}
}
