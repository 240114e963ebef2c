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

// tally is the scores of some nodes while those of colocated resources are
// added up. The table they come from stays as it is until they are final.
type tally struct {
	nodes  []*node
	scores []cib.Score
	// begun is false while the tally still waits for a resource's own scores.
	begun bool
	// kept holds, for each level of resources, the scores before it.
	kept  [][]cib.Score
	level int
}

// take makes t the scores of a table.
func (t *tally) take(places table) {
	t.nodes, t.scores, t.begun = t.nodes[:0], t.scores[:0], true
	for _, pl := range places {
		if pl != nil {
			t.nodes, t.scores = append(t.nodes, pl.node), append(t.scores, pl.score)
		}
	}
}

// takeOne makes t the score of one node.
func (t *tally) takeOne(n *node) {
	t.nodes, t.scores, t.begun = append(t.nodes[:0], n), append(t.scores[:0], n.score), true
}

// give writes the scores into the table they were taken from.
func (t *tally) give(places table) {
	for i, n := range t.nodes {
		places[n.index].score = t.scores[i]
	}
}

// keep remembers the scores until drop; back returns to them.
func (t *tally) keep() {
	if t.level == len(t.kept) {
		t.kept = append(t.kept, nil)
	}
	t.kept[t.level] = append(t.kept[t.level][:0], t.scores...)
	t.level++
}

func (t *tally) drop() { t.level-- }

func (t *tally) back() { copy(t.scores, t.kept[t.level-1]) }

// anyAvailable: some node can take what the tally is for.
func (t *tally) anyAvailable() bool {
	for i, n := range t.nodes {
		if t.scores[i] >= 0 && n.usable() {
			return true
		}
	}
	return false
}

// addColocated lets a colocation's other side, and what is colocated with that
// in turn, count for where r goes.
func (r *resource) addColocated(other *resource, c *colocation, sel selection) {
	t := &r.p.tally
	t.take(r.allowed)
	other.addScoresTo(t, c.attr, float32(c.score)/float32(infinity), sel)
	t.give(r.allowed)
}

// addScoresTo adds to the tally what r, and what is colocated with r in turn,
// think of its nodes, scaled by factor.
func (r *resource) addScoresTo(t *tally, attr string, factor float32, sel selection) {
	if r.merging || r.variant == group && len(r.children) == 0 {
		return
	}
	r.merging = true
	t.keep()
	r.startScores(t, attr, factor, sel)
	if t.anyAvailable() {
		r.spreadScores(t, factor, sel)
	} else if sel&selectActive != 0 {
		t.back()
		t.drop()
		r.merging = false
		return
	}
	if sel&selectNonnegative != 0 {
		for i, s := range t.scores {
			if s == spentScore {
				t.scores[i] = 1
			}
		}
	}
	t.drop()
	r.merging = false
}

// spreadScores adds what is colocated with r.
func (r *resource) spreadScores(t *tally, factor float32, sel selection) {
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
		other.addScoresTo(t, c.attr, multiplier*float32(c.score)/float32(infinity), sel|selectActive)
	}
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

// startScores adds r's own scores. What a group wants is what its first member
// wants, or, of a tally that has not begun, its last.
func (r *resource) startScores(t *tally, attr string, factor float32, sel selection) {
	switch {
	case r.variant == group && t.begun:
		r.children[0].addScoresTo(t, attr, factor, sel)
	case r.variant == group:
		r.children[len(r.children)-1].addScoresTo(t, attr, factor, sel)
		t.begun = true
	case !t.begun:
		t.take(r.allowed)
	default:
		r.addMatchingScores(t, attr, factor, sel&selectNonnegative != 0)
	}
}

func (r *resource) addMatchingScores(t *tally, attr string, factor float32, onlyPositive bool) {
	if attr == "" {
		attr = "#uname"
	}
	byName := attr == "#uname"
	for i, n := range t.nodes {
		var s cib.Score
		if byName && n.named() {
			s = r.usableScore(n)
		} else {
			s = r.bestScore(attr, n)
		}
		have := t.scores[i]
		if factor < 0 && s < 0 || have == spentScore {
			// Disliking where the other does not want to be either says nothing.
			continue
		}
		sum := scaled(s, factor).Add(have)
		if onlyPositive && sum < 0 {
			if have > 0 {
				t.scores[i] = spentScore
				continue
			}
			if have == 0 {
				continue
			}
		}
		t.scores[i] = sum
	}
}

// scaled is a score times a factor, rounded, but never to nothing.
func scaled(s cib.Score, factor float32) cib.Score {
	f := factor * float32(s)
	w := cib.Score(f + 0.5)
	if f < 0 {
		w = cib.Score(f - 0.5)
	}
	switch {
	case w != 0 || s == 0:
		return w
	case factor > 0:
		return 1
	case factor < 0:
		return -1
	}
	return 0
}

// usableScore is r's score for n while that can take resources.
func (r *resource) usableScore(n *node) cib.Score {
	if pl := r.allowed.get(n); pl != nil && n.usable() {
		return max(pl.score, minusInfinity)
	}
	return minusInfinity
}

// bestScore is r's highest score among nodes that share an attribute with n,
// or, like n, do not have it. As in the reference that goes for #uname of nodes
// that have no name yet, too.
func (r *resource) bestScore(attr string, n *node) cib.Score {
	best := minusInfinity
	value, has := n.attrs[attr]
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
