package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kvmha/internal/node"
	"kvmha/policy"
)

func newReplay(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "replay FILE",
		Short: "Feed a recording of hostd to a fresh core and compare what it does",
		Long: `hostd records what its core is told and answers when it is started with a trace file. This command makes the same
core anew, tells it the same, and compares every effect; it asks no daemon. A difference is named with its line: the
program is not the one that recorded, or the core is not deterministic, which is a bug worth reporting with the file.`,
		Example: "  vm-ctl replay /var/lib/kvmha/trace.jsonl",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			file, err := os.Open(given[0])
			if err != nil {
				return err
			}
			defer file.Close()
			events, err := node.ReplayRecording(file, policy.Schedule)
			if err != nil {
				return fmt.Errorf("%s: %s replayed, then: %w", given[0], count(events, "event"), err)
			}
			a.say("%s: %s replayed, every effect the same.", given[0], count(events, "event"))
			return nil
		},
	}
}
