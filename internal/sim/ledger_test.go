package sim

import (
	"testing"
	"time"
)

func TestLedgerPermitsWhatAnAcknowledgementPromises(t *testing.T) {
	// A change is asked for at one second and acknowledged at another; 0 = never.
	type change struct {
		value        string
		asked, acked int
	}
	for name, tc := range map[string]struct {
		changes   []change
		permitted string
		refused   string
	}{
		"one acknowledged change stays":               {[]change{{"a", 1, 2}}, "a", "b"},
		"a change never acknowledged may be there":    {[]change{{"a", 1, 2}, {"b", 3, 0}}, "ab", ""},
		"a later acknowledged change replaces":        {[]change{{"a", 1, 2}, {"b", 3, 4}}, "b", "a"},
		"changes under way together end in any order": {[]change{{"a", 1, 4}, {"b", 2, 3}}, "ab", ""},
		"one under way may still come after":          {[]change{{"a", 1, 0}, {"b", 2, 3}}, "ab", ""},
		"a value written again is there again":        {[]change{{"a", 1, 2}, {"b", 3, 4}, {"a", 5, 6}}, "a", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			var l ledger
			for _, c := range tc.changes {
				p := l.ask("k", c.value, epoch.Add(time.Duration(c.asked)*time.Second))
				if c.acked > 0 {
					p.acked = epoch.Add(time.Duration(c.acked) * time.Second)
				}
			}
			for _, v := range tc.permitted {
				if !l.permits("k", string(v)) {
					t.Errorf("%q is refused, want it permitted", string(v))
				}
			}
			for _, v := range tc.refused {
				if l.permits("k", string(v)) {
					t.Errorf("%q is permitted, want it refused", string(v))
				}
			}
		})
	}
}

func TestAuditNamesTheBrokenPromise(t *testing.T) {
	var l ledger
	l.ask("x", "1", epoch).acked = epoch.Add(time.Second)
	if broken := l.audit(func(string) string { return "1" }); broken != "" {
		t.Errorf("a kept promise is reported: %s", broken)
	}
	want := `x is "", promised was ["1" asked 0.0000, acknowledged 1.0000] `
	if broken := l.audit(func(string) string { return "" }); broken != want {
		t.Errorf("got %q, want %q", broken, want)
	}
}
