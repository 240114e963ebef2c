package sim

import (
	"math/rand/v2"
	"time"
)

// dice is the only source of chance of a run.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0x6b766d6861))} }

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between returns a span from lo to hi.
func (d dice) between(lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(d.Int64N(int64(hi-lo)))
}

// mostly returns a span from lo to hi, and rarely, with probability p, one from
// hi to worst: the shape of real latencies.
func (d dice) mostly(lo, hi time.Duration, p float64, worst time.Duration) time.Duration {
	if d.chance(p) {
		return d.between(hi, worst)
	}
	return d.between(lo, hi)
}

// pick returns one of some; the zero value when there are none.
func pick[T any](d dice, some []T) (one T) {
	if len(some) == 0 {
		return one
	}
	return some[d.IntN(len(some))]
}
