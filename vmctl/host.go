package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newHost(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Inside a VM: ask the host that it runs on",
		Long: `These verbs are for the inside of a VM, where guestd runs. What a VM may ask is written in the configuration of the
cluster of hosts (guest = { status = true, fence = [...] }).`,
		Example: "  vm-ctl host status\n  vm-ctl host attributes",
		Args:    cobra.ArbitraryArgs,
		RunE:    noVerb,
	}
	cmd.AddCommand(
		newHostQuestion(a, "status", "Show the host's name, its cluster's state and this VM's place in it", control.HostStatus),
		newHostQuestion(a, "attributes", "Show the host's node attributes, such as the health of its network and disks", control.HostAttributes),
		newHostQuestion(a, "channel", "Show the state of the channel to the host, and what waits for an answer", control.GuestInfo),
	)
	return cmd
}

// newHostQuestion makes the verbs host status and host attributes.
func newHostQuestion(a *app, verb, short string, request control.Verb) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     verb,
		Short:   short,
		Long:    short + ".",
		Example: "  vm-ctl host " + verb + "\n  vm-ctl host " + verb + " --json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.guest = a.guest || a.socket == ""
			var reply json.RawMessage
			if err := a.ask(cmd.Context(), request, nil, &reply); err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(reply)
			}
			lines, err := outline(reply)
			if err != nil {
				return fmt.Errorf("the host's answer cannot be read: %w", err)
			}
			for _, line := range lines {
				a.say("%s", line)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	return cmd
}
