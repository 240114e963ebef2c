package main

import (
	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain RESOURCE|NODE|fence",
		Short: "Say why a resource or a node is as it is",
		Long: `Tells what decided where a resource runs, or why it does not: the constraints, scores, failures and rules that
counted, and what was done for it last, with the cause of each action. For a node: why it is online, unclean, standby.
"fence" tells what has been fenced and why.`,
		Example: "  vm-ctl explain db1\n  vm-ctl explain beta\n  vm-ctl explain fence",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var reply control.ExplainReply
			if err := a.ask(cmd.Context(), control.Explain, control.ExplainArgs{Subject: given[0]}, &reply); err != nil {
				return err
			}
			for _, line := range reply.Lines {
				a.say("%s", line)
			}
			return nil
		},
	}
}
