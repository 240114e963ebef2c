package conformance

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"kvmha/internal/need"
)

// surveyed is how many random CIBs and how many mutants CI compares on; make
// conformance takes more.
const (
	surveyedSeeds   = 500
	surveyedMutants = 100
)

// reference is the installed command to compare with. CI has to have one.
func reference(t *testing.T) string {
	t.Helper()
	if testing.Short() || os.Getenv("KVMHA_QUICK") != "" {
		t.Skip("comparing with the reference takes a minute")
	}
	return need.Program(t, "crm_simulate", "pacemaker-cli-utils")
}

func survey(t *testing.T, source Source, count int) {
	t.Helper()
	s := Survey{Source: source, Command: reference(t), Jobs: runtime.NumCPU()}
	compared := 0
	err := s.Run(t.Context(), 1, count, func(o Outcome) error {
		if o.Trial.Unfit == "" {
			compared++
		}
		for _, d := range o.Trial.Differences {
			t.Errorf("seed %d (%s): the %s differ:\n%s", o.Seed, o.Origin, d.Aspect, strings.Join(d.Lines[:min(20, len(d.Lines))], "\n"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d CIBs compared; the reference has no answer to the others", compared, count)
	if compared < count*3/4 {
		t.Errorf("the reference answered %d of %d times: the generator makes what it refuses", compared, count)
	}
}

func TestRandomClustersAreDecidedAsTheReferenceDoes(t *testing.T) {
	survey(t, Random(0), surveyedSeeds)
}

func TestMutantsOfRecordedCasesAreDecidedAsTheReferenceDoes(t *testing.T) {
	folder := os.Getenv(casesVariable)
	if folder == "" {
		t.Skipf("%s names no folder of recorded cases", casesVariable)
	}
	cases, err := LoadCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	// Families of cases lie together, so every n-th is taken from each.
	step := max(1, len(cases)/surveyedMutants)
	var some []Case
	for i := 0; i < len(cases); i += step {
		some = append(some, cases[i])
	}
	survey(t, Mutants(some), surveyedMutants)
}

func TestASurveyTellsEachSeedOnceAndEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	same := script(t, "echo one; : > dot; echo '<transition_graph/>' > graph")
	s := Survey{Source: Random(1), Command: same.Command, Jobs: 3}
	var seeds []uint64
	if err := s.Run(t.Context(), 5, 4, func(o Outcome) error { seeds = append(seeds, o.Seed); return nil }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(seeds)
	if !slices.Equal(seeds, []uint64{5, 6, 7, 8}) {
		t.Errorf("told of %v", seeds)
	}
	s.Command = "no-such-reference"
	if err := s.Run(t.Context(), 1, 100, func(Outcome) error { return nil }); err == nil || !strings.Contains(err.Error(), "pacemaker-cli-utils") {
		t.Errorf("error %v, want one that says what to install", err)
	}
}
