package policy

import "slices"

// tableOrder lists places in the order of the reference's node tables.
//
// Nearly always the order in which places are compared does not matter. It
// does where the comparison is no order: of a node with more memory and one
// with more processors neither has more room, so that the first one seen wins.
// The reference keeps the nodes of a resource in a hash table by node id
// (GLib's GHashTable, as of GLib 2.58, with the string hash of GLib 1.2), and
// sees them in the order of its slots.
func (p *plan) tableOrder(places table) []*place {
	t := newNodeTable()
	for _, n := range p.nodes {
		if pl := places.get(n); pl != nil {
			t.insert(pl)
		}
	}
	return slices.DeleteFunc(t.slots, func(pl *place) bool { return pl == nil })
}

// nodeTable is an open-addressed hash table whose size is a power of two.
type nodeTable struct {
	slots []*place
	prime uint32
	used  int
}

// tablePrimes are what hashes are reduced by, for sizes of 2^0, 2^1 and so on.
var tablePrimes = []uint32{1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749}

const smallestTable = 3 // 2^3 slots

func newNodeTable() *nodeTable {
	return &nodeTable{slots: make([]*place, 1<<smallestTable), prime: tablePrimes[smallestTable]}
}

func (t *nodeTable) insert(pl *place) {
	i := t.slot(pl)
	for step := 1; t.slots[i] != nil; step++ {
		i = (i + step) & (len(t.slots) - 1)
	}
	t.slots[i] = pl
	if t.used++; len(t.slots) <= t.used+t.used/16 {
		t.grow()
	}
}

// slot is where a place belongs when nothing else is there.
func (t *nodeTable) slot(pl *place) int {
	hash := uint32(0)
	for i := range len(pl.id) {
		hash = hash*31 + uint32(int8(pl.id[i]))
	}
	return int(hash * 11 % t.prime)
}

// grow makes room for a third more than there is. What lies in the way of an
// entry on its way to its new slot moves on itself.
func (t *nodeTable) grow() {
	shift := 0
	for n := int(float64(t.used) * 1.333); n > 0; n /= 2 {
		shift++
	}
	if shift >= len(tablePrimes) {
		return
	}
	old := len(t.slots)
	t.slots = append(t.slots, make([]*place, 1<<shift-old)...)
	t.prime = tablePrimes[shift]
	settled := make([]bool, len(t.slots))
	for i := range old {
		if settled[i] {
			continue
		}
		pl := t.slots[i]
		t.slots[i] = nil
		for pl != nil {
			at := t.slot(pl)
			for step := 1; settled[at]; step++ {
				at = (at + step) & (len(t.slots) - 1)
			}
			settled[at] = true
			pl, t.slots[at] = t.slots[at], pl
		}
	}
}
