package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"kvmha/internal/conformance"
)

// checker compares seed after seed.
type checker struct {
	reference string
	out       io.Writer
	folder    string
	source    conformance.Source
	reduce    int
	tries     int

	mu      sync.Mutex
	done    int
	total   int
	unfit   map[string][]uint64
	aspects map[string]int
	differ  []outcome
}

type outcome struct {
	seed   uint64
	origin string
	trial  conformance.Trial
}

func check(ctx context.Context, args []string) error {
	c := &checker{out: os.Stdout, unfit: map[string][]uint64{}, aspects: map[string]int{}}
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	first := flags.Uint64("first", 1, "the first seed")
	seeds := flags.Int("seeds", 500, "how many seeds")
	one := flags.Uint64("seed", 0, "only this one, in full")
	jobs := flags.Int("jobs", runtime.NumCPU(), "how many at the same time")
	size := flags.Int("size", 0, "about how many resources a CIB has (0 = 1 to 9, by seed)")
	flags.StringVar(&c.reference, "reference", "crm_simulate", "the command to compare with")
	flags.IntVar(&c.reduce, "reduce", 3, "how many differing CIBs to minimise")
	flags.IntVar(&c.tries, "tries", 1500, "how often minimising may ask the reference")
	flags.StringVar(&c.folder, "keep", "", "put differing CIBs there (default: a new folder)")
	without := flags.String("without", "", "features to leave out, by commas, of: "+strings.Join(conformance.Features(), ", "))
	mutate := flags.String("mutate", "", "a folder of recorded cases: compare on mutants of them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if c.source, err = sourceOf(*mutate, *size, *without); err != nil {
		return err
	}
	if *one != 0 {
		*first, *seeds = *one, 1
	}
	if flags.NArg() > 0 {
		c.source, *first, *seeds = conformance.Files(flags.Args()), 1, flags.NArg()
	}
	c.total = *seeds
	if c.folder == "" {
		folder, err := os.MkdirTemp("", "conformance-")
		if err != nil {
			return err
		}
		c.folder = folder
	}
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return err
	}
	if err := c.compareAll(ctx, *first, *jobs); err != nil {
		return err
	}
	return c.report(ctx)
}

// sourceOf makes mutants of the cases in a folder, or random CIBs without one.
func sourceOf(mutate string, size int, without string) (conformance.Source, error) {
	if mutate == "" {
		return conformance.Random(size, strings.Split(without, ",")...), nil
	}
	cases, err := conformance.LoadCases(mutate)
	return conformance.Mutants(cases), err
}

// compareAll hands the seeds out to workers, each with a folder of its own.
func (c *checker) compareAll(ctx context.Context, first uint64, jobs int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan uint64)
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			if err := c.work(ctx, queue); err != nil {
				cancel(err)
			}
		})
	}
	for seed := first; seed < first+uint64(c.total) && ctx.Err() == nil; seed++ {
		select {
		case queue <- seed:
		case <-ctx.Done():
		}
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

func (c *checker) work(ctx context.Context, queue <-chan uint64) error {
	folder, err := os.MkdirTemp("", "conformance-work-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	reference := &conformance.Reference{Command: c.reference, Folder: folder}
	for seed := range queue {
		specimen, err := c.source(seed)
		if err != nil {
			return err
		}
		trial, err := reference.Try(ctx, specimen.Document)
		if err != nil {
			return fmt.Errorf("seed %d: %w (is the package pacemaker-cli-utils installed?)", seed, err)
		}
		if err := c.note(outcome{seed, specimen.Origin, trial}); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) note(o outcome) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	seed, trial := o.seed, o.trial
	var err error
	c.done++
	if trial.Unfit != "" {
		c.unfit[trial.Unfit] = append(c.unfit[trial.Unfit], seed)
	}
	for _, aspect := range trial.Aspects() {
		c.aspects[aspect]++
	}
	if len(trial.Differences) > 0 {
		c.differ = append(c.differ, o)
		err = os.WriteFile(filepath.Join(c.folder, fmt.Sprintf("seed-%d.xml", seed)), trial.Document, 0o644)
		fmt.Fprintf(c.out, "seed %d (%s) differs in %s\n", seed, o.origin, strings.Join(trial.Aspects(), ", "))
	}
	if c.done%50 == 0 || c.done == c.total {
		fmt.Fprintf(c.out, "%d of %d seeds: %d differ, %d without an answer of the reference\n", c.done, c.total, len(c.differ), c.noAnswer())
	}
	return err
}

func (c *checker) noAnswer() int {
	n := 0
	for _, seeds := range c.unfit {
		n += len(seeds)
	}
	return n
}

// report shows what differs, and minimises the smallest of it.
func (c *checker) report(ctx context.Context) error {
	for _, reason := range slices.Sorted(maps.Keys(c.unfit)) {
		fmt.Fprintf(c.out, "%d not compared, such as seed %d: %s\n", len(c.unfit[reason]), slices.Min(c.unfit[reason]), reason)
	}
	if len(c.differ) == 0 {
		fmt.Fprintf(c.out, "no difference in %d seeds\n", c.total-c.noAnswer())
		return nil
	}
	slices.SortFunc(c.differ, func(a, b outcome) int { return len(a.trial.Document) - len(b.trial.Document) })
	for _, o := range c.differ[:min(c.reduce, len(c.differ))] {
		if err := c.show(ctx, o); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d of %d seeds differ (%v); their CIBs are in %s; show one with make conformance SEED=%d",
		len(c.differ), c.total-c.noAnswer(), c.aspects, c.folder, c.differ[0].seed)
}

// show minimises a differing CIB and prints what is different about it then.
func (c *checker) show(ctx context.Context, o outcome) error {
	fmt.Fprintf(c.out, "minimising seed %d\n", o.seed)
	reference := &conformance.Reference{Command: c.reference, Folder: c.folder}
	small := reference.Reduce(ctx, o.trial, c.tries)
	path := filepath.Join(c.folder, fmt.Sprintf("seed-%d-small.xml", o.seed))
	trial, tryErr := reference.Try(ctx, small)
	for _, d := range trial.Differences {
		fmt.Fprintf(c.out, "  %s (- the reference, + ours):\n", d.Aspect)
		for _, line := range d.Lines[:min(len(d.Lines), 30)] {
			fmt.Fprintln(c.out, "    "+line)
		}
	}
	fmt.Fprintf(c.out, "  minimised to %s\n", path)
	return errors.Join(os.WriteFile(path, small, 0o644), tryErr)
}

// printSeed writes the CIB of a seed to the standard output.
func printSeed(args []string) error {
	flags := flag.NewFlagSet("print", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "the seed")
	size := flags.Int("size", 0, "about how many resources it has (0 = 1 to 9, by seed)")
	mutate := flags.String("mutate", "", "a folder of recorded cases: print a mutant of one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	source, err := sourceOf(*mutate, *size, "")
	if err != nil {
		return err
	}
	specimen, err := source(*seed)
	if err == nil {
		_, err = os.Stdout.Write(specimen.Document)
	}
	return err
}
