package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"kvmha/policy"
)

func newResourceList(a *app) *cobra.Command {
	var onNode string
	cmd := &cobra.Command{
		Use:     "list [ID]",
		Short:   "List resources and where they run",
		Long:    "Lists all resources as a tree, one resource, or with --node those that run on a node.",
		Example: "  vm-ctl resource list\n  vm-ctl resource list db1\n  vm-ctl resource list -n alpha",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			status, err := a.status(cmd.Context())
			if err != nil {
				return err
			}
			views := status.Resources
			if len(given) == 1 {
				view := findResource(views, given[0])
				if view == nil {
					return fmt.Errorf("there is no resource %q: vm-ctl resource list", given[0])
				}
				views = []policy.ResourceView{*view}
			}
			if onNode != "" {
				if findNode(status.Nodes, onNode) == nil {
					return fmt.Errorf("there is no node %q: vm-ctl node list", onNode)
				}
				views = runningOn(views, onNode)
			}
			if len(views) == 0 {
				a.say("No resources.")
				return nil
			}
			a.say("%s", renderResources(views, a.colours))
			return nil
		},
	}
	cmd.Flags().StringVarP(&onNode, "node", "n", "", "only what runs on this node")
	return cmd
}

// runningOn returns the primitives that are active on a node, without the
// groups and clones around them.
func runningOn(views []policy.ResourceView, node string) []policy.ResourceView {
	var out []policy.ResourceView
	for _, v := range views {
		if len(v.Children) > 0 {
			out = append(out, runningOn(v.Children, node)...)
		} else if slices.Contains(v.Active, node) {
			out = append(out, v)
		}
	}
	return out
}
