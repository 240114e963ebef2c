package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

// newResourceRole makes the verbs start and stop, which set a resource's
// target-role.
func newResourceRole(a *app, verb, role string, request control.Verb) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " ID[,ID...]",
		Short: "Set the target-role of resources to " + role,
		Long: `Sets what the cluster wants of each resource (target-role ` + role + `) and returns when every member knows it. The
cluster then acts; "vm-ctl status --watch" shows it.`,
		Example: "  vm-ctl resource " + verb + " vip\n  vm-ctl resource " + verb + " db1,db2",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			for _, id := range strings.Split(given[0], ",") {
				if err := a.ask(cmd.Context(), request, control.RscArgs{Resource: id}, nil); err != nil {
					return fmt.Errorf("resource %q was not told to %s: %w", id, verb, err)
				}
				a.say("%s: target-role is %s.", id, role)
			}
			return nil
		},
	}
}
