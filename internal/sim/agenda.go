package sim

import (
	"container/heap"
	"time"
)

// epoch is when every run begins. Any fixed moment would do.
var epoch = time.Unix(1_750_000_000, 0).UTC()

// agenda is virtual time: what is to happen, in order. Two entries of the same
// moment happen in the order in which they were made.
type agenda struct {
	now     time.Time
	made    uint64
	entries entries
}

type entry struct {
	at    time.Time
	order uint64
	do    func()
}

// at plans do for a moment; one that has passed means now.
func (a *agenda) at(t time.Time, do func()) {
	if t.Before(a.now) {
		t = a.now
	}
	a.made++
	heap.Push(&a.entries, entry{at: t, order: a.made, do: do})
}

// after plans do for a while from now.
func (a *agenda) after(d time.Duration, do func()) { a.at(a.now.Add(d), do) }

// next lets the earliest entry happen, unless it lies after limit. It returns
// false, with the time at limit, when nothing is left to do until then.
func (a *agenda) next(limit time.Time) bool {
	if len(a.entries) == 0 || a.entries[0].at.After(limit) {
		a.now = limit
		return false
	}
	e := heap.Pop(&a.entries).(entry)
	a.now = e.at
	e.do()
	return true
}

type entries []entry

func (e entries) Len() int      { return len(e) }
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e entries) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}
func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }
func (e *entries) Pop() any {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = entry{}
	*e = old[:len(old)-1]
	return last
}
