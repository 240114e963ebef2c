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

	"kvmha/internal/conformance"
)

// checker collects what a survey finds.
type checker struct {
	survey conformance.Survey
	out    io.Writer
	folder string
	reduce int
	tries  int

	done    int
	partly  []uint64
	total   int
	unfit   map[string][]uint64
	aspects map[string]int
	differ  []conformance.Outcome
}

func check(ctx context.Context, args []string) error {
	c := &checker{out: os.Stdout, unfit: map[string][]uint64{}, aspects: map[string]int{}}
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	first := flags.Uint64("first", 1, "the first seed")
	seeds := flags.Int("seeds", 500, "how many seeds")
	one := flags.Uint64("seed", 0, "only this one, in full")
	flags.IntVar(&c.survey.Jobs, "jobs", runtime.NumCPU(), "how many at the same time")
	size := flags.Int("size", 0, "about how many resources a CIB has (0 = 1 to 9, by seed)")
	flags.StringVar(&c.survey.Command, "reference", "crm_simulate", "the command to compare with")
	flags.IntVar(&c.reduce, "reduce", 3, "how many differing CIBs to minimise")
	flags.IntVar(&c.tries, "tries", 1500, "how often minimising may ask the reference")
	flags.StringVar(&c.folder, "keep", "", "put differing CIBs there (default: a new folder)")
	without := flags.String("without", "", "features to leave out, by commas, of: "+strings.Join(conformance.Features(), ", "))
	mutate := flags.String("mutate", "", "a folder of recorded cases: compare on mutants of them")
	rounds := flags.Int("rounds", 0, "how many mutants of each case (0 = as many seeds as -seeds says)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	var cases int
	if c.survey.Source, cases, err = sourceOf(*mutate, *size, *without); err != nil {
		return err
	}
	if *rounds > 0 {
		*seeds = *rounds * cases
	}
	if *one != 0 {
		*first, *seeds = *one, 1
	}
	if flags.NArg() > 0 {
		c.survey.Source, *first, *seeds = conformance.Files(flags.Args()), 1, flags.NArg()
	}
	c.total = *seeds
	if c.folder == "" {
		folder, err := os.MkdirTemp("", "conformance-")
		if err != nil {
			return err
		}
		c.folder = folder
	}
	// The reference runs in that folder, so it needs to be told the whole path.
	if c.folder, err = filepath.Abs(c.folder); err != nil {
		return err
	}
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return err
	}
	if err := c.survey.Run(ctx, *first, *seeds, c.note); err != nil {
		return err
	}
	return c.report(ctx)
}

// sourceOf makes mutants of the cases in a folder, and tells how many cases
// there are; without a folder it makes random CIBs.
func sourceOf(mutate string, size int, without string) (source conformance.Source, cases int, err error) {
	if mutate == "" {
		return conformance.Random(size, strings.Split(without, ",")...), 0, nil
	}
	recorded, err := conformance.LoadCases(mutate)
	return conformance.Mutants(recorded), len(recorded), err
}

func (c *checker) note(o conformance.Outcome) error {
	seed, trial := o.Seed, o.Trial
	var err error
	c.done++
	if trial.Unfit != "" {
		c.unfit[trial.Unfit] = append(c.unfit[trial.Unfit], seed)
	}
	if trial.Partly {
		c.partly = append(c.partly, seed)
	}
	for _, aspect := range trial.Aspects() {
		c.aspects[aspect]++
	}
	if len(trial.Differences) > 0 {
		c.differ = append(c.differ, o)
		err = os.WriteFile(filepath.Join(c.folder, fmt.Sprintf("seed-%d.xml", seed)), trial.Document, 0o644)
		fmt.Fprintf(c.out, "seed %d (%s) differs in %s\n", seed, o.Origin, strings.Join(trial.Aspects(), ", "))
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
	if len(c.partly) > 0 {
		fmt.Fprintf(c.out, "%d compared but for actions that never begin, such as seed %d\n", len(c.partly), slices.Min(c.partly))
	}
	if len(c.differ) == 0 {
		fmt.Fprintf(c.out, "no difference in %d seeds\n", c.total-c.noAnswer())
		return nil
	}
	slices.SortFunc(c.differ, func(a, b conformance.Outcome) int { return len(a.Trial.Document) - len(b.Trial.Document) })
	for _, o := range c.differ[:min(c.reduce, len(c.differ))] {
		if err := c.show(ctx, o); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d of %d seeds differ (%v); their CIBs are in %s; show one with make conformance SEED=%d",
		len(c.differ), c.total-c.noAnswer(), c.aspects, c.folder, c.differ[0].Seed)
}

// show minimises a differing CIB and prints what is different about it then.
func (c *checker) show(ctx context.Context, o conformance.Outcome) error {
	fmt.Fprintf(c.out, "minimising seed %d\n", o.Seed)
	reference := &conformance.Reference{Command: c.survey.Command, Folder: c.folder}
	small := reference.Reduce(ctx, o.Trial, c.tries)
	path := filepath.Join(c.folder, fmt.Sprintf("seed-%d-small.xml", o.Seed))
	trial, tryErr := reference.Try(ctx, small)
	for _, d := range trial.Differences {
		fmt.Fprintf(c.out, "  %s (- the reference, + ours):\n", d.Aspect)
		for _, line := range d.Lines[:min(len(d.Lines), 30)] {
			fmt.Fprintln(c.out, "    "+line)
		}
	}
	fmt.Fprintf(c.out, "  minimised to %s\n", path)
	return errors.Join(os.WriteFile(path, small.Document, 0o644), tryErr)
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
	source, _, err := sourceOf(*mutate, *size, "")
	if err != nil {
		return err
	}
	specimen, err := source(*seed)
	if err == nil {
		_, err = os.Stdout.Write(specimen.Document)
	}
	return err
}
