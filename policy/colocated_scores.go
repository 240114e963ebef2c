package policy

import (
	"strings"

	"kvmha/internal/cib"
)

// selection says which colocations spread scores.
type selection uint8

const (
	selectActive selection = 1 << iota
	selectNonnegative
	selectThisWith
)

// spentScore marks a node that a dependent's dislike would have made negative.
const spentScore = infinity * -100

// addColocatedScores adds to nodes what r, and what is colocated with r in
// turn, think of them, scaled by factor. It returns the new table.
func (r *resource) addColocatedScores(nodes table, hasNodes bool, attr string, factor float32, sel selection) (table, bool) {
	if r.merging {
		return nodes, hasNodes
	}
	r.merging = true
	defer func() { r.merging = false }()
	work, ok := r.startScores(nodes, hasNodes, attr, factor, sel)
	if !ok {
		return nodes, hasNodes
	}
	if work.anyAvailable() {
		multiplier := float32(1)
		if factor < 0 {
			multiplier = -1
		}
		for _, c := range r.spreading(sel) {
			other := c.dependent
			if sel&selectThisWith != 0 {
				other = c.primary
			} else if !c.influences(nil) {
				continue
			}
			f := multiplier * float32(c.score) / float32(infinity)
			work, _ = other.addColocatedScores(work, true, c.attr, f, sel|selectActive)
		}
	} else if sel&selectActive != 0 {
		return nodes, hasNodes
	}
	if sel&selectNonnegative != 0 {
		for _, pl := range work.list() {
			if pl.score == spentScore {
				pl.score = 1
			}
		}
	}
	return work, true
}

func (r *resource) spreading(sel selection) []*colocation {
	switch {
	case sel&selectThisWith != 0:
		return r.thisWith
	case r.variant == group:
		return r.children[len(r.children)-1].withThis
	}
	return r.withThis
}

func (r *resource) startScores(nodes table, hasNodes bool, attr string, factor float32, sel selection) (table, bool) {
	if r.variant == group {
		if len(r.children) == 0 {
			return nil, false
		}
		m := r.children[0]
		if !hasNodes {
			m = r.children[len(r.children)-1]
		}
		work := table(nil)
		if hasNodes {
			work = nodes.copy()
		}
		work, _ = m.addColocatedScores(work, hasNodes, attr, factor, sel)
		return work, true
	}
	if !hasNodes {
		return r.allowed.copy(), true
	}
	work := nodes.copy()
	r.addMatchingScores(work, attr, factor, sel&selectNonnegative != 0)
	return work, true
}

func (r *resource) addMatchingScores(work table, attr string, factor float32, onlyPositive bool) {
	if attr == "" {
		attr = "#uname"
	}
	for _, pl := range work.list() {
		s := r.bestScore(attr, pl)
		if factor < 0 && s < 0 || pl.score == spentScore {
			// Disliking where the other does not want to be either says nothing.
			continue
		}
		f := factor * float32(s)
		w := cib.Score(f + 0.5)
		if f < 0 {
			w = cib.Score(f - 0.5)
		}
		if w == 0 && s != 0 {
			if factor > 0 {
				w = 1
			} else if factor < 0 {
				w = -1
			}
		}
		sum := w.Add(pl.score)
		if onlyPositive && sum < 0 {
			if pl.score > 0 {
				pl.score = spentScore
				continue
			}
			if pl.score == 0 {
				continue
			}
		}
		pl.score = sum
	}
}

// bestScore is r's highest score among nodes that share an attribute with at.
func (r *resource) bestScore(attr string, at *place) cib.Score {
	if attr == "#uname" {
		if pl := r.allowed.get(at.node); pl != nil && pl.usable() {
			return max(pl.score, minusInfinity)
		}
		return minusInfinity
	}
	best := minusInfinity
	value, has := at.attrs[attr]
	for _, pl := range r.allowed {
		if pl == nil || pl.score <= best || !pl.usable() {
			continue
		}
		if v, ok := pl.attrs[attr]; ok == has && strings.EqualFold(v, value) {
			best = pl.score
		}
	}
	return best
}
