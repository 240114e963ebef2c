package conformance

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMinimiseKeepsOnlyWhatTheDifferenceNeeds(t *testing.T) {
	t.Parallel()
	var asked int
	small := string(Minimise(Generate(7, 9), 5000, func(document []byte) bool {
		asked++
		return strings.Count(string(document), "<node ") >= 2
	}))
	if strings.Count(small, "<node ") != 2 || strings.Count(small, "<") > 8 {
		t.Errorf("after %d questions there is still\n%s", asked, small)
	}
}

func TestMinimiseStopsWhenItHasAskedOftenEnough(t *testing.T) {
	t.Parallel()
	asked := 0
	Minimise(Generate(7, 9), 10, func([]byte) bool { asked++; return false })
	if asked != 10 {
		t.Errorf("asked %d times, 10 were allowed", asked)
	}
}

// script makes a command that behaves like a reference of its own kind.
func script(t *testing.T, body string) *Reference {
	t.Helper()
	folder := t.TempDir()
	command := filepath.Join(folder, "reference")
	if err := os.WriteFile(command, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Reference{Command: command, Folder: folder}
}

func TestAReferenceThatGivesUpHasNoAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want error
		says string
	}{
		"an assertion":       {"echo 'x: Triggered fatal assertion at a.c:1 : b' >&2; kill -ABRT $$", ErrUnfit, "Triggered fatal assertion at a.c:1 : b"},
		"any other failure":  {"exit 3", ErrUnfit, "exit status 3"},
		"a document refused": {"echo 'cib.xml:2: Relax-NG validity error : no'; exit 78", ErrRefused, "Relax-NG validity error : no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := script(t, test.body).Ask(t.Context(), []byte("<cib/>"), "")
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %v with %q", err, test.want, test.says)
			}
		})
	}
}

func TestWhatTheReferenceComplainsAboutIsNoPartOfItsAnswer(t *testing.T) {
	t.Parallel()
	complains := script(t, `: > dot; echo '<transition_graph/>' > graph; echo one
echo 'An invalid transition was produced' >&2
echo '(log_assertion_as) error: x: Triggered fatal assertion at a.c:1 : b' >&2
echo 'element op: validity error : ID x already defined' >&2`)
	answer, err := complains.Ask(t.Context(), []byte("<cib/>"), "")
	if err != nil || answer.Scores != "one\n" || answer.Summary != "one\n" {
		t.Errorf("answer %+v, error %v", answer, err)
	}
}

func TestAReferenceThatIsNotThereIsNoDifference(t *testing.T) {
	t.Parallel()
	missing := &Reference{Command: "no-such-reference", Folder: t.TempDir()}
	if _, err := missing.Try(context.Background(), Specimen{Document: Generate(1, 1)}); err == nil || errors.Is(err, ErrUnfit) {
		t.Errorf("error %v", err)
	}
}
