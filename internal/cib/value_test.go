package cib

import (
	"testing"
	"time"
)

func TestDurationsAreReadInAllSpellings(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"20": 20 * time.Second, "0": 0, "1.5": 1500 * time.Millisecond, " 10s ": 10 * time.Second, "500ms": 500 * time.Millisecond,
		"250usec": 250 * time.Microsecond, "1min": time.Minute, "2h": 2 * time.Hour, "1day": 24 * time.Hour, "5 m": 5 * time.Minute, "10mins": 10 * time.Minute, "90 seconds": 90 * time.Second,
		"PT10S": 10 * time.Second, "P10S": 10 * time.Second, "PT1M30S": 90 * time.Second, "P1DT2H": 26 * time.Hour, "P2W": 14 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "s", "-1", "-5s", "10 parsecs", "P", "PT", "P5M", "PT5", "PT5X", "1e300", "NaN", "10s10s"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestScoresSaturateAndMinusInfinityWins(t *testing.T) {
	for _, c := range []struct{ a, b, want Score }{
		{1, 2, 3}, {-5, 3, -2}, {Infinity, 1, Infinity}, {Infinity - 1, 5, Infinity}, {MinusInfinity + 1, -5, MinusInfinity},
		{Infinity, MinusInfinity, MinusInfinity}, {MinusInfinity, Infinity, MinusInfinity}, {MinusInfinity, 7, MinusInfinity},
	} {
		if got := c.a.Add(c.b); got != c.want {
			t.Errorf("%v + %v = %v, want %v", c.a, c.b, got, c.want)
		}
	}
	for text, want := range map[string]Score{
		"100": 100, "-7": -7, "+3": 3, "INFINITY": Infinity, "-INFINITY": MinusInfinity, "+infinity": Infinity, "99999999": Infinity,
		"-99999999": MinusInfinity, "red": MinusInfinity, "yellow": 0, "green": 0,
	} {
		if got, err := ParseScore(text); err != nil || got != want {
			t.Errorf("ParseScore(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "abc", "1.5", "INF1NITY", "--5"} {
		if got, err := ParseScore(text); err == nil {
			t.Errorf("ParseScore(%q) = %v, want an error", text, got)
		}
	}
	if got := (Infinity + 5).String() + " " + MinusInfinity.String() + " " + Score(12).String(); got != "INFINITY -INFINITY 12" {
		t.Errorf("scores print as %q", got)
	}
}

func TestVersionsAreOrderedByTermBeforeEpoch(t *testing.T) {
	ascending := []Version{
		{}, {NumUpdates: 9}, {Epoch: 1}, {Epoch: 1, NumUpdates: 1}, {Term: 1}, {Term: 1, Epoch: 5}, {Term: 2, Epoch: 4}, {AdminEpoch: 1},
	}
	for i, a := range ascending {
		for j, b := range ascending {
			want := min(max(i-j, -1), 1)
			if got := a.Compare(b); got != want {
				t.Errorf("%+v compared to %+v = %d, want %d", a, b, got, want)
			}
		}
	}
}
