package conformance

import (
	"fmt"
	"os"
	"strings"
)

// Specimen is a CIB to compare on.
type Specimen struct {
	Document []byte
	// Date is the time to decide for (ISO 8601), empty for the CIB's own.
	Date string
	// Respelled lets our side read the properties in the words of Pacemaker 3,
	// which the reference does not know yet.
	Respelled bool
	// Origin says in a few words how it was made.
	Origin string
}

// Source makes the specimen of a seed.
type Source func(seed uint64) (Specimen, error)

// Random is the Source of Generate. A size of 0 spreads sizes from 1 to 9 over
// the seeds. Some are to be decided for another time than their own, and some
// are respelled.
func Random(size int, without ...string) Source {
	return func(seed uint64) (Specimen, error) {
		n := size
		if n == 0 {
			n = 1 + int(seed%9)
		}
		s := Specimen{Document: Generate(seed, n, without...), Origin: fmt.Sprintf("size %d", n)}
		if seed%10 == 3 {
			s.Date = "2025-06-16 09:30:00Z"
		}
		s.Respelled = seed%7 == 4
		return s, nil
	}
}

// Mutants is the Source of Mutate: so many seeds as there are cases change
// each of them once. The donor of each is another of the cases.
func Mutants(cases []Case) Source {
	return func(seed uint64) (Specimen, error) {
		n := uint64(len(cases))
		c := cases[seed%n]
		m, err := Mutate(c.Document, cases[(seed*7919+seed/n)%n].Document, seed)
		if err != nil {
			return Specimen{}, fmt.Errorf("case %s: %w", c.Name, err)
		}
		return Specimen{Document: m.Document, Date: c.Date, Origin: c.Name + ": " + strings.Join(m.Changes, ", ")}, nil
	}
}

// Files is the Source of files; the first seed is 1.
func Files(paths []string) Source {
	return func(seed uint64) (Specimen, error) {
		path := paths[(seed-1)%uint64(len(paths))]
		document, err := os.ReadFile(path)
		return Specimen{Document: document, Origin: path}, err
	}
}
