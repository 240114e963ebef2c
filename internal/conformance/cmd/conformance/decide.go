package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"kvmha/internal/cib"
	"kvmha/policy"
)

// decide times the decision on a CIB in memory, and prints the median and the
// shortest time.
func decide(args []string) error {
	flags := flag.NewFlagSet("decide", flag.ContinueOnError)
	path := flags.String("x", "", "the CIB")
	runs := flags.Int("runs", 11, "how often")
	if err := flags.Parse(args); err != nil {
		return err
	}
	file, err := os.Open(*path)
	if err != nil {
		return err
	}
	defer file.Close()
	input, _, err := cib.DecodeXML(file)
	if err != nil {
		return fmt.Errorf("%s: %w", *path, err)
	}
	var took []time.Duration
	for range max(1, *runs) {
		begin := time.Now()
		policy.Schedule(policy.Input{CIB: input})
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	fmt.Printf("%s | %s", milliseconds(took[len(took)/2]), milliseconds(took[0]))
	return nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3g ms", d.Seconds()*1e3) }
