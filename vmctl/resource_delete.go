package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newResourceDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "delete ID[,ID...]",
		Short: "Remove resources with their constraints from the configuration",
		Long: `Removes each resource and the constraints that name it. The cluster stops what runs of it (unless
stop-orphan-resources is false).`,
		Example: "  vm-ctl resource delete db3\n  vm-ctl resource delete web1,web2",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			for _, id := range strings.Split(given[0], ",") {
				if err := a.ask(cmd.Context(), control.RscDelete, control.RscArgs{Resource: id}, nil); err != nil {
					return fmt.Errorf("resource %q was not deleted: %w", id, err)
				}
				a.say("%s is deleted.", id)
			}
			return nil
		},
	}
}
