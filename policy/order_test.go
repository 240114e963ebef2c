package policy

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"kvmha/internal/cib"
)

// The expectations of this file were found by asking GLib 2.74.

// beats is no order: paper beats rock, rock beats scissors, and they paper.
func beats(a, b string) int {
	switch a + b {
	case "PR", "RS", "SP":
		return -1
	case "RP", "SR", "PS":
		return 1
	}
	return 0
}

func TestMergeSortComparesWhatGLibCompares(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ list, want string }{
		"nothing":                               {"", ""},
		"equals keep their order":               {"axbx", "axbx"},
		"the first of three is compared last":   {"RPS", "RSP"},
		"so another order has another result":   {"PSR", "PRS"},
		"of four, the pairs are compared first": {"RPSR", "PRRS"},
		"of five, the first two and last three": {"RPSRP", "SPPRR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := strings.Split(test.list, "")
			mergeSort(list, beats)
			if got := strings.Join(list, ""); got != test.want {
				t.Errorf("%s is sorted to %s, want %s", test.list, got, test.want)
			}
		})
	}
}

func TestNodesAreSeenInTheOrderOfTheReferencesTables(t *testing.T) {
	t.Parallel()
	numbers := func(from, to int) (out []string) {
		for i := from; i <= to; i++ {
			out = append(out, strconv.Itoa(i))
		}
		return out
	}
	for name, test := range map[string]struct {
		ids  []string
		want string
	}{
		"few nodes":               {[]string{"1", "3", "4", "5"}, "1 3 5 4"},
		"two with the same slot":  {[]string{"1", "8"}, "1 8"},
		"more than sixteen slots": {numbers(1, 32), "2 18 25 8 13 32 20 3 19 26 9 14 21 4 27 15 22 5 10 28 16 23 6 11 30 29 1 17 24 7 31 12"},
		"more than eight slots":   {numbers(1, 12), "4 3 9 2 8 1 7 12 6 11 5 10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, places := &plan{}, table{}
			for i, id := range test.ids {
				n := &node{id: id, index: i}
				p.nodes = append(p.nodes, n)
				places.set(&place{node: n})
			}
			var got []string
			for _, pl := range p.tableOrder(places) {
				got = append(got, pl.id)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%v are seen as %v, want %s", test.ids, got, test.want)
			}
		})
	}
}

func TestUtilizationIsShownInTheOrderOfTheReferencesTables(t *testing.T) {
	t.Parallel()
	sets := []cib.NVSet{{Pairs: []cib.NV{
		{Name: "cpu-decipct", Value: "1"}, {Name: "ram-hugepages-mb", Value: "2"}, {Name: "vds-ok-pool-1-usage", Value: "4"}, {Name: "vds-ok-pool-0-usage", Value: "3"},
	}}}
	p := &plan{in: Input{Utilization: true}}
	values, names := p.unpackUtilization(sets)
	got := fmt.Sprint(amounts(names, values))
	if want := "[{vds-ok-pool-1-usage 4} {cpu-decipct 1} {vds-ok-pool-0-usage 3} {ram-hugepages-mb 2}]"; got != want {
		t.Errorf("shown as %s, want %s", got, want)
	}
	if _, names := (&plan{}).unpackUtilization(sets); names != nil {
		t.Errorf("the order %v is kept though nobody asks for it", names)
	}
}
