package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A load is what is asked of both commands, about a steady cluster or one that
// has just lost a node.
type load struct {
	name   string
	failed bool
	args   []string
	// most is the largest number of resources to do it with: to play a
	// transition through takes the reference half an hour with 8000.
	most int
}

const steady = "steady"

var loads = []load{
	{steady, false, []string{"-S", "-s"}, 1 << 20},
	{"node failed, decide", true, []string{"-R", "-s"}, 1 << 20},
	{"node failed, decide and play through", true, []string{"-S", "-s"}, 500},
}

// size is how large a cluster is.
type size struct{ nodes, resources int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.nodes, s.resources) }

func parseSizes(text string) ([]size, error) {
	if text == "all" {
		text = "3x50,16x500,32x2000,32x8000"
	}
	var out []size
	for word := range strings.SplitSeq(text, ",") {
		var s size
		if _, err := fmt.Sscanf(word, "%dx%d", &s.nodes, &s.resources); err != nil {
			return nil, fmt.Errorf("%q: write a size as NODESxRESOURCES: %w", word, err)
		}
		out = append(out, s)
	}
	return out, nil
}

type bencher struct {
	ours, reference []string
	folder          string
	runs            int
}

// bench prints what docs/performance.md says of the scheduler: the ratios,
// how both grow, and what the decision alone takes.
func bench(ctx context.Context, args []string) error {
	b := &bencher{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	wanted := flags.String("sizes", "all", "nodes x resources, or all")
	ours := flags.String("ours", "bin/vm-ctl simulate", "our command")
	reference := flags.String("reference", "crm_simulate", "the command to compare with")
	plot := flags.String("plot", "", "draw the growth into this SVG file")
	flags.IntVar(&b.runs, "runs", 3, "how often; the median counts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sizes, err := parseSizes(*wanted)
	if err != nil {
		return err
	}
	b.ours, b.reference = strings.Fields(*ours), strings.Fields(*reference)
	if b.folder, err = os.MkdirTemp("", "conformance-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	var measured []growth
	fmt.Println("| nodes x resources | file | what | reference | ours | times faster | reference's CPU | ours | times less | reference's memory | ours | share |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, s := range sizes {
		g, err := b.size(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		measured = append(measured, g)
	}
	fmt.Println()
	printGrowth(measured)
	if *plot != "" {
		if err := os.WriteFile(*plot, drawGrowth(measured), 0o644); err != nil {
			return err
		}
	}
	fmt.Println()
	return b.decisions(ctx, sizes)
}

// size runs all loads on one size.
func (b *bencher) size(ctx context.Context, s size) (growth, error) {
	g := growth{size: s}
	for _, l := range loads {
		if s.resources > l.most {
			continue
		}
		path, bytes, err := b.file(ctx, s, l.failed)
		if err != nil {
			return g, err
		}
		reference, ours, err := b.compare(ctx, append([]string{"-x", path}, l.args...))
		if err != nil {
			return g, err
		}
		if l.name == steady {
			g.reference, g.ours = reference.cpu, ours.cpu
		}
		fmt.Printf("| %s | %.1f MB | %s (%s) | %s | %s | %.1f | %s | %s | %.1f | %d MB | %d MB | %.2f |\n",
			s, float64(bytes)/1e6, l.name, strings.Join(l.args, " "),
			seconds(reference.wall), seconds(ours.wall), reference.wall.Seconds()/ours.wall.Seconds(),
			seconds(reference.cpu), seconds(ours.cpu), reference.cpu.Seconds()/ours.cpu.Seconds(),
			reference.memory>>20, ours.memory>>20, float64(ours.memory)/float64(reference.memory))
	}
	return g, nil
}

// file makes the CIB. Another process does it: the memory of this one would
// count as its children's.
func (b *bencher) file(ctx context.Context, s size, failed bool) (path string, bytes int64, err error) {
	path = filepath.Join(b.folder, "cib.xml")
	_, err = b.self(ctx, "large", "-nodes", fmt.Sprint(s.nodes), "-resources", fmt.Sprint(s.resources), fmt.Sprintf("-failed=%t", failed), "-o", path)
	if err != nil {
		return "", 0, fmt.Errorf("make the CIB: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	return path, info.Size(), nil
}

// self runs this command with other arguments.
func (b *bencher) self(ctx context.Context, args ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, self, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// decisions prints what the decision alone takes, in processes of their own.
func (b *bencher) decisions(ctx context.Context, sizes []size) error {
	fmt.Println("| nodes x resources | state | decision alone, median | fastest |")
	fmt.Println("|---|---|---|---|")
	for _, s := range sizes {
		for _, failed := range []bool{false, true} {
			path, _, err := b.file(ctx, s, failed)
			if err != nil {
				return err
			}
			took, err := b.self(ctx, "decide", "-x", path)
			if err != nil {
				return err
			}
			state := steady
			if failed {
				state = "node failed"
			}
			fmt.Printf("| %s | %s | %s |\n", s, state, took)
		}
	}
	return nil
}
