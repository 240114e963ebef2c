package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheDocumentationNamesEveryKindOfReasonAndStep holds docs/explain.md, which
// scripts rely on, to the kinds that there are.
func TestTheDocumentationNamesEveryKindOfReasonAndStep(t *testing.T) {
	t.Parallel()
	document := readText(t, filepath.Join("..", "docs", "explain.md"))
	kind := regexp.MustCompile(`(?:Reason|Step)Kind += "([^"]+)"`)
	for _, file := range []string{"explain_reason.go", "explain_steps.go"} {
		found := kind.FindAllStringSubmatch(readText(t, file), -1)
		if len(found) < 10 {
			t.Errorf("%s declares only %d kinds", file, len(found))
		}
		for _, match := range found {
			if !strings.Contains(document, "| `"+match[1]+"` |") {
				t.Errorf("docs/explain.md does not name the kind %q of %s", match[1], file)
			}
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
