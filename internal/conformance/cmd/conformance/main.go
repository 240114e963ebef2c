// The conformance command compares the scheduler with Pacemaker's on random
// CIBs, and times both. make conformance and make bench run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "check":
			return check(ctx, args[1:])
		case "print":
			return printSeed(args[1:])
		case "large":
			return writeLarge(args[1:])
		case "bench":
			return bench(ctx, args[1:])
		case "decide":
			return decide(args[1:])
		}
	}
	return errors.New("say what to do: check (compare on random CIBs), print (one of those), bench (time both on large ones), large (one of those) or decide (time the decision on one); each takes -h")
}
