package simulate

import (
	"cmp"
	"strconv"
	"strings"
)

// compareNames orders node names as people do: runs of digits by their value
// (node2 before node10), everything else without regard to case.
func compareNames(a, b string) int {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da == 0 || db == 0 {
			if c := cmp.Compare(lower(a[0]), lower(b[0])); c != 0 {
				return c
			}
			a, b = a[1:], b[1:]
			continue
		}
		na, _ := strconv.ParseInt(a[:da], 10, 64)
		nb, _ := strconv.ParseInt(b[:db], 10, 64)
		if c := cmp.Or(cmp.Compare(na, nb), cmp.Compare(da, db)); c != 0 {
			return c
		}
		a, b = a[da:], b[db:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many digits s begins with.
func digits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
