package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Answer is what a scheduler says about one CIB, in the forms that
// crm_simulate writes.
type Answer struct {
	// Scores are the allocation scores (-sSQ), Summary everything that is
	// printed for -S: the state before, the transition, the state after.
	Scores, Summary string
	// DOT and Graph are the transition as files (-D and -G).
	DOT, Graph string
}

// Difference is one aspect in which two answers differ.
type Difference struct {
	// Aspect is "scores", "summary", "dot" or "graph".
	Aspect string
	// Lines show what differs: "- " only the first answer has, "+ " only the
	// second.
	Lines []string
}

// Compare tells where got differs from want. Order counts in the summary
// alone; spaces and the numbers of actions count nowhere. What wants to wait for
// an action that is not in the transition counts nowhere, either.
func Compare(want, got Answer) []Difference {
	var out []Difference
	add := func(aspect string, lines []string) {
		if len(lines) > 0 {
			out = append(out, Difference{aspect, lines})
		}
	}
	add("scores", bagDifference(usefulLines(want.Scores), usefulLines(got.Scores)))
	add("summary", sequenceDifference(usefulLines(ModernNames(want.Summary)), usefulLines(ModernNames(got.Summary))))
	vain := inVain(want.Graph)
	undrawn := namesOf(vain, drawnName)
	add("dot", bagDifference(drawn(want.DOT, undrawn), drawn(got.DOT, undrawn)))
	add("graph", graphDifference(want.Graph, got.Graph, namesOf(vain, actionName)))
	return out
}

// drawn are the lines of a DOT, without those about actions to be left out.
func drawn(text string, without []string) []string {
	return slices.DeleteFunc(unique(usefulLines(text)), func(line string) bool {
		return slices.ContainsFunc(without, func(name string) bool {
			return strings.Contains(line, `"`+name+`"`) || strings.Contains(line, `"`+name+" ")
		})
	})
}

// usefulLines are the lines that are not empty, with single spaces.
func usefulLines(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			out = append(out, strings.Join(words, " "))
		}
	}
	return out
}

func unique(lines []string) []string {
	sorted := slices.Clone(lines)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// oldNames are the role names that builds compatible with Pacemaker 2.0, such
// as Debian's, print.
var oldNames = []struct {
	pattern *regexp.Regexp
	modern  string
}{
	{regexp.MustCompile(`ocf::`), "ocf:"},
	{regexp.MustCompile(`Masters:`), "Promoted:"},
	{regexp.MustCompile(`Slaves:`), "Unpromoted:"},
	{regexp.MustCompile(` Master( |\[|$)`), " Promoted$1"},
	{regexp.MustCompile(` Slave `), " Unpromoted "},
}

// ModernNames gives a text of crm_simulate the role names of Pacemaker 2.1, which
// builds compatible with 2.0, such as Debian's, do not print.
func ModernNames(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		for _, old := range oldNames {
			line = old.pattern.ReplaceAllString(line, old.modern)
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// bagDifference compares without regard to order, counting repetitions.
func bagDifference(want, got []string) []string {
	count := map[string]int{}
	for _, line := range want {
		count[line]++
	}
	for _, line := range got {
		count[line]--
	}
	lines := make([]string, 0, len(count))
	for line, n := range count {
		if n != 0 {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	var out []string
	for _, line := range lines {
		sign, n := "- ", count[line]
		if n < 0 {
			sign, n = "+ ", -n
		}
		out = append(out, slices.Repeat([]string{sign + line}, n)...)
	}
	return out
}

// sequenceDifference compares in order. It shows what is left after the
// longest common beginning and end.
func sequenceDifference(want, got []string) []string {
	if slices.Equal(want, got) {
		return nil
	}
	first, last := 0, 0
	for first < len(want) && first < len(got) && want[first] == got[first] {
		first++
	}
	for last < len(want)-first && last < len(got)-first && want[len(want)-1-last] == got[len(got)-1-last] {
		last++
	}
	out := []string{fmt.Sprintf("from line %d:", first+1)}
	for _, line := range want[first : len(want)-last] {
		out = append(out, "- "+line)
	}
	for _, line := range got[first : len(got)-last] {
		out = append(out, "+ "+line)
	}
	return out
}
