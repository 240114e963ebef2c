package sim

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var (
	seedFlag  = flag.Int64("seed", -1, "the seed that TestSeed runs, with its log under -v")
	countFlag = flag.Int("seeds", 1000, "how many seeds TestSeeds runs")
	firstFlag = flag.Int("first", 1, "the first of them")
	nodesFlag = flag.Int("nodes", 0, "number of hosts; 0 lets the seed choose")
	plainFlag = flag.Bool("plain", false, "use the plain scheduler of these tests in the place of policy.Schedule")
)

// TestSeed replays one seed:
//
//	go test ./internal/sim -run TestSeed$ -seed 4711 -v
func TestSeed(t *testing.T) {
	if *seedFlag < 0 {
		return // it is a tool; TestSeeds is the test
	}
	opts := options()
	if testing.Verbose() {
		opts.Log = os.Stdout
	}
	report, err := Run(uint64(*seedFlag), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", summary(report))
}

// options are what the flags ask for.
func options() Options {
	opts := Options{Nodes: *nodesFlag}
	if *plainFlag {
		opts.Schedule = plain
	}
	return opts
}

// shards is how many tests share the seeds; they run as many at a time as
// there are processors.
const shards = 8

// TestSeeds is the simulator's main test: whole clusters, everything going
// wrong, every invariant after every event.
func TestSeeds(t *testing.T) {
	n := *countFlag
	if testing.Short() {
		n = min(n, 80)
	}
	for shard := range shards {
		t.Run(fmt.Sprintf("shard %d", shard), func(t *testing.T) {
			t.Parallel()
			var sum Report
			failed := 0
			for i := shard; i < n && failed < 5; i += shards {
				report, err := Run(uint64(*firstFlag+i), options())
				if err != nil {
					failed++
					t.Error(err)
				}
				sum.add(report)
			}
			t.Logf("%s", summary(&sum))
			if sum.Fences == 0 || sum.Acknowledged == 0 || sum.GuestFences == 0 {
				t.Errorf("the seeds show nothing: %s", summary(&sum))
			}
		})
	}
}

func (r *Report) add(o *Report) {
	r.Steps += o.Steps
	r.Faults += o.Faults
	r.Fences += o.Fences
	r.Acknowledged += o.Acknowledged
	r.GuestFences += o.GuestFences
	r.Settled = max(r.Settled, o.Settled)
	r.Span += o.Span
}

func summary(r *Report) string {
	return fmt.Sprintf("%d events of cores, %d faults, %d fencings, %d changes acknowledged, %d guest fences answered, %v of virtual time, settled within %v",
		r.Steps, r.Faults, r.Fences, r.Acknowledged, r.GuestFences, r.Span.Round(time.Second), r.Settled.Round(time.Millisecond))
}

func TestTheSameSeedIsTheSameRunToTheByte(t *testing.T) {
	for seed := range uint64(6) {
		var logs [2]strings.Builder
		var hashes [2]string
		for i := range logs {
			report, _ := Run(seed, Options{Log: &logs[i]})
			hashes[i] = report.Hash
		}
		if hashes[0] != hashes[1] || logs[0].String() != logs[1].String() {
			t.Fatalf("seed %d ran in two ways: the first lines that differ are\n%s", seed, firstDifference(logs[0].String(), logs[1].String()))
		}
	}
	a, _ := Run(1, Options{})
	b, _ := Run(2, Options{})
	if a.Hash == b.Hash {
		t.Error("two seeds have the same hash: it covers nothing")
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return "one log is longer than the other"
}
