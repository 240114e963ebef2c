package main

import (
	"context"
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
		newHostStatus(a),
		newHostQuestion(a, "info", "Show what guestd itself knows: its uptime, its host and the session with it, what waits for an answer", control.GuestInfo),
		newHostQuestion(a, "attributes", "Show the host's node attributes, such as the health of its network and disks", control.HostAttributes),
	)
	return cmd
}

// newHostQuestion makes the verbs that only ask.
func newHostQuestion(a *app, verb, short string, request control.Verb) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     verb,
		Short:   short,
		Long:    short + ".",
		Example: "  vm-ctl host " + verb + "\n  vm-ctl host " + verb + " --json",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.showAnswer(cmd.Context(), request, nil, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	return cmd
}

// newHostStatus makes the verb host status, which can also wait for the VM's
// next live migration.
func newHostStatus(a *app) *cobra.Command {
	var waitMove bool
	cmd := newHostQuestion(a, "status", "Show the host's name, its cluster's state and this VM's place in it", control.HostStatus)
	cmd.Example += "\n  vm-ctl host status --wait-move    # answered by the next host"
	cmd.Flags().BoolVar(&waitMove, "wait-move", false, "wait until this VM has been live-migrated, and ask its new host")
	ask := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if !waitMove {
			return ask(cmd, given)
		}
		var here struct {
			Node string `json:"node"`
		}
		if err := a.askGuest(cmd.Context(), control.HostStatus, nil, &here); err != nil {
			return err
		}
		asJSON, err := cmd.Flags().GetBool("json")
		if err != nil {
			return err
		}
		return a.showAnswer(cmd.Context(), control.HostMoved, control.HostMovedArgs{From: here.Node}, asJSON)
	}
	return cmd
}

// showAnswer asks guestd and prints what it answers.
func (a *app) showAnswer(ctx context.Context, request control.Verb, args any, asJSON bool) error {
	var reply json.RawMessage
	if err := a.askGuest(ctx, request, args, &reply); err != nil {
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
}
