package conformance

import "math/rand/v2"

// dice draw everything that is random, from one seed.
type dice struct{ r *rand.Rand }

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.r.Float64() < p }

// pick returns one of the words; repeat one to make it likelier.
func (d dice) pick(words ...string) string { return words[d.r.IntN(len(words))] }

// maybe returns one of the words with probability p, else nothing.
func (d dice) maybe(p float64, words ...string) string {
	if !d.chance(p) {
		return ""
	}
	return d.pick(words...)
}

// score draws one; half of the negative ones are infinite, because bans are.
func (d dice) score() string {
	return d.pick("INFINITY", "INFINITY", "100", "50", "10", "1", "0", "-1", "-10", "-100", "-INFINITY", "-INFINITY", "-INFINITY")
}

// one draws one of the elements, or nil of none.
func (d dice) one(list []*element) *element {
	if len(list) == 0 {
		return nil
	}
	return list[d.r.IntN(len(list))]
}
