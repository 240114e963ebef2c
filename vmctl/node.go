package main

import (
	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newNode(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "node",
		Short:   "Take nodes out of service and back, and list them",
		Example: "  vm-ctl node list\n  vm-ctl node standby beta\n  vm-ctl node online beta",
		Args:    cobra.ArbitraryArgs,
		RunE:    noVerb,
	}
	cmd.AddCommand(
		newNodeState(a, "standby", "Let a node run nothing: what it runs moves away", "in standby", control.Standby),
		newNodeState(a, "online", "Let a node run resources again", "online", control.Online),
		newNodeList(a),
	)
	return cmd
}

// newNodeState makes the verbs standby and online.
func newNodeState(a *app, verb, short, state string, request control.Verb) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " [NODE]",
		Short: short,
		Long: short + `. Without NODE it is the node of this daemon. It returns when every member knows it; "vm-ctl status
--watch" shows the moves.`,
		Example: "  vm-ctl node " + verb + "\n  vm-ctl node " + verb + " beta",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			node := ""
			if len(given) == 1 {
				node = given[0]
			}
			if err := a.ask(cmd.Context(), request, control.NodeArgs{Node: node}, nil); err != nil {
				return err
			}
			a.say("%s is %s.", orElse(node, "This node"), state)
			return nil
		},
	}
}
