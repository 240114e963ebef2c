package conformance

import (
	_ "embed"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// casesVariable points the test to a folder of recorded cases.
const casesVariable = "KVMHA_SCHEDULER_CASES"

//go:embed baseline.json
var baselineJSON []byte

var update = flag.Bool("update", false, "write how many cases pass to baseline.json")

// baseline is what baseline.json holds: of how many recorded cases how many
// passed when it was last raised, which -update does.
type baseline struct {
	Cases  int `json:"cases"`
	Passed int `json:"passed"`
}

func TestNoRecordedCaseIsLost(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(casesVariable)
	if folder == "" {
		t.Skipf("%s names no folder of recorded cases: make conformance compares with the installed reference instead", casesVariable)
	}
	var want baseline
	if err := json.Unmarshal(baselineJSON, &want); err != nil {
		t.Fatal(err)
	}
	cases, err := LoadCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	failed := judge(cases)
	passed := len(cases) - len(failed)
	t.Logf("%d of %d cases pass; not: %s", passed, len(cases), strings.Join(failed, " "))
	if *update {
		writeBaseline(t, baseline{len(cases), passed})
		return
	}
	switch {
	case len(cases) != want.Cases:
		t.Errorf("%s holds %d cases, baseline.json speaks of %d: run this test with -update", folder, len(cases), want.Cases)
	case passed < want.Passed:
		t.Errorf("%d cases pass, %d did before: see the list above, and show one with vm-ctl simulate -x CASE.xml -S", passed, want.Passed)
	case passed > want.Passed:
		t.Logf("more pass than baseline.json says (%d): run this test with -update", want.Passed)
	}
}

func writeBaseline(t *testing.T, b baseline) {
	t.Helper()
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("baseline.json", append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// judge returns the names of the cases that do not pass, sorted.
func judge(cases []Case) []string {
	var mu sync.Mutex
	var failed []string
	var wg sync.WaitGroup
	queue := make(chan Case)
	for range 2 {
		wg.Go(func() {
			for c := range queue {
				got, err := Ours(c.Document, c.Date)
				if err == nil && len(Compare(c.Want, got)) == 0 {
					continue
				}
				mu.Lock()
				failed = append(failed, c.Name)
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		queue <- c
	}
	close(queue)
	wg.Wait()
	slices.Sort(failed)
	return failed
}
