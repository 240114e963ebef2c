package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one run took.
type cost struct {
	wall   time.Duration
	cpu    time.Duration
	memory int64 // bytes, at its peak
}

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

func seconds(d time.Duration) string { return fmt.Sprintf("%.3g s", d.Seconds()) }

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
