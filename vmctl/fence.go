package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newFence(a *app) *cobra.Command {
	var action string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "fence NODE|PEER",
		Short: "Cut a node's power; inside a VM: have a peer VM killed",
		Long: `On a host: fences a node with the configured devices and returns when that has ended. Everything on the node dies;
the cluster then starts it elsewhere. "--action confirm" fences nothing: it is your word that a lost node is down, so
that its resources may be recovered. If it is not true, they will run twice.

Inside a VM: asks the hosts to kill the peer's VM, wherever it runs now. The peer is named by its resource in the
cluster of hosts, and must be listed in this VM's right to fence. It returns when the peer is certainly down.`,
		Example: "  vm-ctl fence beta\n  vm-ctl fence beta --action off\n  vm-ctl fence beta --action confirm\n  vm-ctl fence db2        # inside VM db1",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if actions := []string{"off", "reboot", "on", "confirm"}; !slices.Contains(actions, action) {
				return &usageError{fmt.Errorf("--action %q is none of %s", action, strings.Join(actions, ", "))}
			}
			if a.inGuest() && action != "off" && action != "reboot" {
				return &usageError{fmt.Errorf("--action %s is for nodes: inside a VM there are off and reboot", action)}
			}
			begin := time.Now()
			var err error
			if a.inGuest() {
				request := control.GuestFenceArgs{Target: given[0], Action: action, Request: rand.Text()}
				err = a.askGuest(cmd.Context(), control.GuestFence, request, new(json.RawMessage))
			} else {
				err = a.ask(cmd.Context(), control.FenceNode, control.FenceArgs{Node: given[0], Action: action}, nil)
			}
			if err != nil {
				return fmt.Errorf("%s was not fenced: %w", given[0], err)
			}
			took := time.Since(begin).Round(time.Millisecond)
			switch {
			case asJSON:
				return a.writeJSON(fenced{given[0], action, took.Milliseconds()})
			case action == "confirm":
				a.say("%s counts as down, by your word.", given[0])
				return nil
			}
			a.say("%s is fenced (%s), after %v.", given[0], action, took)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the outcome as JSON")
	cmd.Flags().StringVar(&action, "action", "reboot", "off or reboot; of nodes also on and confirm")
	return cmd
}

// fenced is the outcome of a fence in JSON.
type fenced struct {
	Target string `json:"target"`
	Action string `json:"action"`
	TookMS int64  `json:"took_ms"`
}
