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
	size      int
	without   []string
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
	seed  uint64
	trial conformance.Trial
}

func check(ctx context.Context, args []string) error {
	c := &checker{out: os.Stdout, unfit: map[string][]uint64{}, aspects: map[string]int{}}
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	first := flags.Uint64("first", 1, "the first seed")
	seeds := flags.Int("seeds", 500, "how many seeds")
	one := flags.Uint64("seed", 0, "only this one, in full")
	jobs := flags.Int("jobs", runtime.NumCPU(), "how many at the same time")
	flags.IntVar(&c.size, "size", 0, "about how many resources a CIB has (0 = 1 to 9, by seed)")
	flags.StringVar(&c.reference, "reference", "crm_simulate", "the command to compare with")
	flags.IntVar(&c.reduce, "reduce", 3, "how many differing CIBs to minimise")
	flags.IntVar(&c.tries, "tries", 1500, "how often minimising may ask the reference")
	flags.StringVar(&c.folder, "keep", "", "put differing CIBs there (default: a new folder)")
	without := flags.String("without", "", "features to leave out, by commas, of: "+strings.Join(conformance.Features(), ", "))
	if err := flags.Parse(args); err != nil {
		return err
	}
	c.without = strings.Split(*without, ",")
	if *one != 0 {
		*first, *seeds = *one, 1
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
		trial, err := reference.Try(ctx, conformance.Generate(seed, sizeOf(seed, c.size), c.without...))
		if err != nil {
			return fmt.Errorf("seed %d: %w (is the package pacemaker-cli-utils installed?)", seed, err)
		}
		c.note(seed, trial)
	}
	return nil
}

// sizeOf spreads the sizes over the seeds unless one is asked for.
func sizeOf(seed uint64, asked int) int {
	if asked > 0 {
		return asked
	}
	return 1 + int(seed%9)
}

func (c *checker) note(seed uint64, trial conformance.Trial) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	if trial.Unfit != "" {
		c.unfit[trial.Unfit] = append(c.unfit[trial.Unfit], seed)
	}
	for _, aspect := range trial.Aspects() {
		c.aspects[aspect]++
	}
	if len(trial.Differences) > 0 {
		c.differ = append(c.differ, outcome{seed, trial})
		fmt.Fprintf(c.out, "seed %d differs in %s\n", seed, strings.Join(trial.Aspects(), ", "))
	}
	if c.done%50 == 0 || c.done == c.total {
		fmt.Fprintf(c.out, "%d of %d seeds: %d differ, %d without an answer of the reference\n", c.done, c.total, len(c.differ), c.noAnswer())
	}
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
	for i, o := range c.differ {
		if err := c.show(ctx, o, i < c.reduce); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d of %d seeds differ (%v); their CIBs are in %s; show one with make conformance SEED=%d",
		len(c.differ), c.total-c.noAnswer(), c.aspects, c.folder, c.differ[0].seed)
}

func (c *checker) show(ctx context.Context, o outcome, reduce bool) error {
	err := os.WriteFile(filepath.Join(c.folder, fmt.Sprintf("seed-%d.xml", o.seed)), o.trial.Document, 0o644)
	if !reduce || err != nil {
		return err
	}
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
	if err := flags.Parse(args); err != nil {
		return err
	}
	_, err := os.Stdout.Write(conformance.Generate(*seed, sizeOf(*seed, *size)))
	return err
}
