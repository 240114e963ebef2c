package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := newApp(os.Stdout, os.Stderr)
	if filepath.Base(os.Args[0]) == referenceName {
		os.Exit(runReference(ctx, a, os.Args[1:]))
	}
	os.Exit(run(ctx, a, os.Args[1:]))
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, a *app, args []string) int {
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(a.errOut, "vm-ctl: interrupted; what the cluster has accepted goes on")
		return exitInterrupted
	}
	fmt.Fprintf(a.errOut, "vm-ctl: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}
