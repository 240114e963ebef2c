package policy

// tableOrder lists places in the order of the reference's node tables.
//
// Nearly always the order in which places are compared does not matter. It
// does where the comparison is no order: of a node with more memory and one
// with more processors neither has more room, so that the first one seen wins.
// The reference keeps the nodes of a resource in a hash table by node id, and
// sees them in the order of its slots.
func (p *plan) tableOrder(places table) []*place {
	var inserted []*place
	var ids []string
	for _, n := range p.nodes {
		if pl := places.get(n); pl != nil {
			inserted, ids = append(inserted, pl), append(ids, pl.id)
		}
	}
	return inTableOrder(ids, inserted)
}

// inTableOrder lists values in the order of the slots that their keys, each
// another and inserted one by one, get in a hash table of the reference
// (GLib's GHashTable, as of GLib 2.58, with the string hash of GLib 1.2).
func inTableOrder[T any](keys []string, values []T) []T {
	t := newHashTable()
	entries := make([]entry, len(keys))
	for i, key := range keys {
		entries[i] = entry{key, i}
		t.insert(&entries[i])
	}
	ordered := make([]T, 0, len(values))
	for _, e := range t.slots {
		if e != nil {
			ordered = append(ordered, values[e.at])
		}
	}
	return ordered
}

// hashTable is an open-addressed hash table whose size is a power of two.
type hashTable struct {
	slots []*entry
	prime uint32
	used  int
}

// entry is a key, and where its value is kept.
type entry struct {
	key string
	at  int
}

// tablePrimes are what hashes are reduced by, for sizes of 2^0, 2^1 and so on.
var tablePrimes = []uint32{1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749}

const smallestTable = 3 // 2^3 slots

func newHashTable() *hashTable {
	return &hashTable{slots: make([]*entry, 1<<smallestTable), prime: tablePrimes[smallestTable]}
}

func (t *hashTable) insert(e *entry) {
	i := t.slot(e)
	for step := 1; t.slots[i] != nil; step++ {
		i = (i + step) & (len(t.slots) - 1)
	}
	t.slots[i] = e
	if t.used++; len(t.slots) <= t.used+t.used/16 {
		t.grow()
	}
}

// slot is where an entry belongs when nothing else is there.
func (t *hashTable) slot(e *entry) int {
	hash := uint32(0)
	for i := range len(e.key) {
		hash = hash*31 + uint32(int8(e.key[i]))
	}
	return int(hash * 11 % t.prime)
}

// grow makes room for a third more than there is. What lies in the way of an
// entry on its way to its new slot moves on itself.
func (t *hashTable) grow() {
	shift := 0
	for n := int(float64(t.used) * 1.333); n > 0; n /= 2 {
		shift++
	}
	if shift >= len(tablePrimes) {
		return
	}
	old := len(t.slots)
	t.slots = append(t.slots, make([]*entry, 1<<shift-old)...)
	t.prime = tablePrimes[shift]
	settled := make([]bool, len(t.slots))
	for i := range old {
		if settled[i] {
			continue
		}
		e := t.slots[i]
		t.slots[i] = nil
		for e != nil {
			at := t.slot(e)
			for step := 1; settled[at]; step++ {
				at = (at + step) & (len(t.slots) - 1)
			}
			settled[at] = true
			e, t.slots[at] = t.slots[at], e
		}
	}
}
