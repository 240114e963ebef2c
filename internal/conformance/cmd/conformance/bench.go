package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"kvmha/internal/conformance"
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

var loads = []load{
	{"steady", false, []string{"-S", "-s"}, 1 << 20},
	{"node failed, decide", true, []string{"-R", "-s"}, 1 << 20},
	{"node failed, decide and play through", true, []string{"-S", "-s"}, 500},
}

// cost is what one run took.
type cost struct {
	wall   time.Duration
	cpu    time.Duration
	memory int64 // bytes, at its peak
}

type bencher struct {
	ours, reference []string
	folder          string
	runs            int
}

func bench(ctx context.Context, args []string) error {
	b := &bencher{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := flags.String("sizes", "3x50,16x500", "nodes x resources, or all")
	ours := flags.String("ours", "bin/vm-ctl simulate", "our command")
	reference := flags.String("reference", "crm_simulate", "the command to compare with")
	flags.IntVar(&b.runs, "runs", 3, "how often; the median counts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *sizes == "all" {
		*sizes = "3x50,16x500,32x2000,32x8000"
	}
	b.ours, b.reference = strings.Fields(*ours), strings.Fields(*reference)
	var err error
	if b.folder, err = os.MkdirTemp("", "conformance-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	fmt.Println("| nodes x resources | file | what | reference | ours | times faster | reference's CPU | ours | times less | reference's memory | ours | share |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|")
	for size := range strings.SplitSeq(*sizes, ",") {
		if err := b.size(ctx, size); err != nil {
			return fmt.Errorf("%s: %w", size, err)
		}
	}
	return nil
}

// size runs all loads on one size. Another process makes the files: the memory
// of this one would count as its children's.
func (b *bencher) size(ctx context.Context, size string) error {
	var nodes, resources int
	if _, err := fmt.Sscanf(size, "%dx%d", &nodes, &resources); err != nil {
		return fmt.Errorf("write a size as NODESxRESOURCES: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, l := range loads {
		if resources > l.most {
			continue
		}
		path := filepath.Join(b.folder, "cib.xml")
		make := exec.CommandContext(ctx, self, "large", "-nodes", fmt.Sprint(nodes), "-resources", fmt.Sprint(resources), fmt.Sprintf("-failed=%t", l.failed), "-o", path)
		if out, err := make.CombinedOutput(); err != nil {
			return fmt.Errorf("make the CIB: %w: %s", err, out)
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		reference, ours, err := b.compare(ctx, append([]string{"-x", path}, l.args...))
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.1f MB | %s (%s) | %s | %s | %.1f | %s | %s | %.1f | %d MB | %d MB | %.2f |\n",
			size, float64(info.Size())/1e6, l.name, strings.Join(l.args, " "),
			seconds(reference.wall), seconds(ours.wall), reference.wall.Seconds()/ours.wall.Seconds(),
			seconds(reference.cpu), seconds(ours.cpu), reference.cpu.Seconds()/ours.cpu.Seconds(),
			reference.memory>>20, ours.memory>>20, float64(ours.memory)/float64(reference.memory))
	}
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3g s", d.Seconds()) }

// patience is how long a run may take and still be repeated.
const patience = 20 * time.Second

// compare runs both commands in turn, so that what else the machine does
// falls on both, and returns the run of each that has the median wall time.
func (b *bencher) compare(ctx context.Context, args []string) (reference, ours cost, err error) {
	var theirs, mine []cost
	for len(mine) < b.runs {
		for _, side := range []struct {
			command []string
			costs   *[]cost
		}{{b.reference, &theirs}, {b.ours, &mine}} {
			c, err := once(ctx, append(slices.Clone(side.command), args...))
			if err != nil {
				return cost{}, cost{}, err
			}
			*side.costs = append(*side.costs, c)
		}
		if theirs[0].wall > patience {
			break
		}
	}
	return median(theirs), median(mine), nil
}

func median(costs []cost) cost {
	slices.SortFunc(costs, func(x, y cost) int { return cmp.Compare(x.wall, y.wall) })
	return costs[len(costs)/2]
}

func once(ctx context.Context, argv []string) (cost, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, complaint.String())
	}
	wall := time.Since(began)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("%s: the system does not tell what it used", argv[0])
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return cost{wall, cpu, usage.Maxrss << 10}, nil
}

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
