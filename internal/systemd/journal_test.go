package systemd

import (
	"log/slog"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
)

func TestAnEventBecomesAMessageAndFieldsOfTheJournal(t *testing.T) {
	type entry struct {
		Message  string
		Priority journal.Priority
		Fields   map[string]string
	}
	var got []entry
	log := slog.New(&journalHandler{level: slog.LevelInfo, send: func(message string, priority journal.Priority, fields map[string]string) error {
		got = append(got, entry{message, priority, fields})
		return nil
	}}).With("node", "alpha")
	log.Debug("operation-queued")
	log.Warn("node-fenced", "target", "beta", "exit-reason", `it said "off"`, "err", "")
	want := []entry{{
		`node-fenced node=alpha target=beta exit-reason="it said 'off'" err=""`, journal.PriWarning,
		map[string]string{
			"KVMHA_EVENT": "node-fenced", "KVMHA_NODE": "alpha", "KVMHA_TARGET": "beta",
			"KVMHA_EXIT_REASON": `it said "off"`, "KVMHA_ERR": "",
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOutsideOfSystemdNothingIsARestart(t *testing.T) {
	t.Setenv("INVOCATION_ID", "")
	if Restarts("hostd.service") {
		t.Error("without systemd a stop was taken for a restart")
	}
}
