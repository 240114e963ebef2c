package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kvmha/internal/control"
)

func newStatus(a *app) *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show nodes, links, resources and what is going on",
		Long: `Shows the cluster as this node sees it: quorum and why, nodes with their links, resources as a tree with where they
run, moves and migrations in progress, fences asked for by guests, node attributes, failed actions. --watch draws it
again at every event. --json prints the daemon's answer; its names are stable.`,
		Example: "  vm-ctl status\n  vm-ctl status --watch\n  vm-ctl status --json | jq '.resources[].active'",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case a.inGuest():
				return &usageError{errors.New(`inside a VM there is no cluster of hosts to show: write "vm-ctl host status"`)}
			case watch:
				return a.watchStatus(cmd.Context(), asJSON)
			}
			return a.printStatus(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "draw again at every event until interrupted")
	return cmd
}

func (a *app) printStatus(ctx context.Context, asJSON bool) error {
	status, err := a.status(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return a.writeJSON(status)
	}
	fmt.Fprint(a.out, renderStatus(status, a.colours))
	return nil
}

// redrawAfter gathers the events of one moment into one redrawing.
const redrawAfter = 50 * time.Millisecond

// redrawAtLeast is how old a picture on a terminal may be: other nodes' events
// are not announced here, and ages ("3 s ago") go on.
const redrawAtLeast = 2 * time.Second

// watchStatus draws the status now and after every event until ctx ends.
func (a *app) watchStatus(ctx context.Context, asJSON bool) error {
	events, err := a.listen(ctx)
	if err != nil {
		return err
	}
	defer events.stop()
	for {
		if a.terminal {
			fmt.Fprint(a.out, "\x1b[H\x1b[2J")
		}
		if err := a.printStatus(ctx, asJSON); err != nil {
			return err
		}
		var stale <-chan time.Time
		if a.terminal {
			stale = time.After(redrawAtLeast)
		}
		if err := awaitEvents(ctx, events.lines, stale); err != nil {
			return err
		}
		if !a.terminal && !asJSON {
			a.say("")
		}
	}
}

// awaitEvents returns a moment after the next event, or when stale fires.
func awaitEvents(ctx context.Context, lines <-chan control.EventLine, stale <-chan time.Time) error {
	var soon <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-soon:
			return nil
		case <-stale:
			return nil
		case _, open := <-lines:
			if !open {
				return errors.New("the daemon has ended the stream of events: systemctl status hostd")
			}
			if soon == nil {
				soon = time.After(redrawAfter)
			}
		}
	}
}
