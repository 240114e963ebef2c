package host

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kvmha/internal/node"
)

func TestARecordingIsForRootAloneAndTheOneBeforeIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	if err := os.WriteFile(path, []byte("of the run that crashed"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := openRecorder(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r.note(time.Unix(1, 0), node.Tick{}, nil)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path + beforeSuffix); string(text) != "of the run that crashed" {
		t.Errorf("the run before is %q, %v", text, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("the new recording is %v, %v", info, err)
	}
}
