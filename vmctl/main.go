package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// patience is how long an interrupted command line may take to end by itself.
const patience = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A decision that is being computed does not look at ctx: it is given up.
	context.AfterFunc(ctx, func() { time.AfterFunc(patience, func() { os.Exit(exitInterrupted) }) })
	a := newApp(os.Stdout, os.Stderr)
	if filepath.Base(os.Args[0]) == referenceName {
		os.Exit(runReference(ctx, a, os.Args[1:]))
	}
	os.Exit(run(ctx, a, os.Args[1:]))
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, a *app, args []string) int {
	a.line = append([]string{"vm-ctl"}, args...)
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	status := exitStatus(err)
	switch status {
	case exitOK:
	case exitInterrupted:
		fmt.Fprintln(a.errOut, "vm-ctl: interrupted; what the cluster has accepted goes on")
	default:
		fmt.Fprintf(a.errOut, "vm-ctl: %v\n", err)
	}
	return status
}

// exitStatus is the exit status that stands for an error.
func exitStatus(err error) int {
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailed
}
