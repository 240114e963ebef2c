package main

import (
	"github.com/spf13/cobra"

	"kvmha/internal/node"
)

func newNodeList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the nodes and their states",
		Long:    "Lists the nodes, a line each: name, state, and why it is so.",
		Example: "  vm-ctl node list",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := a.status(cmd.Context())
			if err != nil {
				return err
			}
			t := &textTable{}
			for i := range status.Nodes {
				n := &status.Nodes[i]
				state, c := nodeState(n)
				t.row(cell{n.Name, bold}, cell{state, c}, cell{n.Why, dim})
			}
			a.say("%s", t.render("", a.colours))
			return nil
		},
	}
}

// nodeState says a node's state in words, the most important first.
func nodeState(n *node.NodeStatus) (string, colour) {
	switch {
	case n.State == "unclean":
		return "UNCLEAN", red
	case n.State == "offline" || n.State == "unseen":
		return n.State, dim
	case n.State != "online":
		return n.State, yellow
	case n.Leaving:
		return "leaving", yellow
	case n.Maintenance:
		return "maintenance", yellow
	case n.Standby:
		return "standby", yellow
	}
	return "online", green
}

// findNode returns the node of that name, or nil.
func findNode(nodes []node.NodeStatus, name string) *node.NodeStatus {
	for i := range nodes {
		if nodes[i].Name == name {
			return &nodes[i]
		}
	}
	return nil
}
