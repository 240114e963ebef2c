package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/cib"
)

// casesVariable names a folder of the reference scheduler's cases. They are not
// part of the project; internal/conformance compares the answers to them.
const casesVariable = "KVMHA_SCHEDULER_CASES"

// everyCase runs a check on each input recorded with the reference scheduler.
func everyCase(t *testing.T, check func(t *testing.T, c *cib.CIB)) {
	t.Helper()
	folder := os.Getenv(casesVariable)
	if folder == "" {
		t.Skipf("%s names no folder with the reference's cases", casesVariable)
	}
	inputs, err := filepath.Glob(filepath.Join(folder, "xml", "*.xml"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs in %s/xml: %v", folder, err)
	}
	for _, path := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".xml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c, _, err := cib.DecodeXML(strings.NewReader(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			check(t, c)
		})
	}
}

func TestEveryActionOfEveryRecordedCaseHasACauseThatSaysSomething(t *testing.T) {
	everyCase(t, func(t *testing.T, c *cib.CIB) {
		for _, a := range Schedule(Input{CIB: c}).Actions {
			switch {
			case a.Kind == Pseudo:
			case a.Why == nil || a.Cause == "":
				t.Errorf("%s on %s has no cause", a.Key, a.Node)
			case a.Cause == string(a.Why.Kind) || a.Why.Kind == ReasonCluster:
				t.Errorf("the cause of %s on %s says nothing: %+v", a.Key, a.Node, *a.Why)
			case strings.Contains(a.Cause, "  ") || strings.Contains(a.Cause, "on )") || strings.HasSuffix(a.Cause, " "):
				t.Errorf("the cause of %s on %s has a hole: %q", a.Key, a.Node, a.Cause)
			}
		}
	})
}
