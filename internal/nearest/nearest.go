// Package nearest finds the name that somebody meant when he wrote one that does
// not exist. All rooms that say "did you mean" ask it, so that one mistake gets
// one answer.
package nearest

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// longest is the longest name, in characters, that is looked at: nobody
// mistypes a longer one, and the comparison takes the product of the lengths.
const longest = 256

// most is how many names are looked at for one: among more, finding the nearest
// would take longer than anybody waits for an error.
const most = 10_000

// To returns the one of all the names in lists that is most like name: the
// fewest letters to change whatever their case, then the most alike in length,
// then the first by the alphabet. It returns "" when more than half of the
// letters, and more than two, or all of them would have to change: then nothing is
// near. Nor does it look for a name of hundreds of letters, or among tens of thousands.
func To(name string, lists ...iter.Seq[string]) string {
	best, least := "", [2]int{max(2, len(name)/2) + 1}
	letters := utf8.RuneCountInString(name)
	if letters > longest {
		return ""
	}
	looked := 0
	for _, names := range lists {
		for n := range names {
			if looked++; looked > most {
				return ""
			}
			// So many letters must change at least.
			if other := utf8.RuneCountInString(n); max(letters-other, other-letters) > least[0] {
				continue
			}
			d := [2]int{
				levenshtein.Distance(strings.ToLower(name), strings.ToLower(n), nil),
				max(len(name)-len(n), len(n)-len(name)),
			}
			if d[0] >= max(letters, utf8.RuneCountInString(n)) {
				continue
			}
			c := slices.Compare(d[:], least[:])
			if c < 0 || c == 0 && best != "" && n < best {
				best, least = n, d
			}
		}
	}
	return best
}
