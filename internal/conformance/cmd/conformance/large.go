package main

import (
	"flag"
	"os"

	"kvmha/internal/conformance"
)

// writeLarge makes the CIB for one size.
func writeLarge(args []string) error {
	flags := flag.NewFlagSet("large", flag.ContinueOnError)
	nodes := flags.Int("nodes", 16, "how many nodes")
	resources := flags.Int("resources", 500, "how many primitives")
	failed := flags.Bool("failed", false, "the first node has just been lost")
	output := flags.String("o", "/dev/stdout", "where to write it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return os.WriteFile(*output, conformance.Large(*nodes, *resources, *failed), 0o644)
}
