package cib

import (
	"testing"
	"time"
)

func TestParseDateReadsTheFormsOfISO8601(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-22":                day,
		"20261122":                  day,
		"2026-326":                  day,
		"2026-W47-7":                day,
		"2026-W47":                  day.AddDate(0, 0, -6),
		"2020-W53-5":                time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-22T12:30":          day.Add(12*time.Hour + 30*time.Minute),
		"2026-11-22 12:30:05":       day.Add(12*time.Hour + 30*time.Minute + 5*time.Second),
		"20261122T123005Z":          day.Add(12*time.Hour + 30*time.Minute + 5*time.Second),
		"2026-11-22T01:00+02:00":    day.Add(-time.Hour),
		"2026-11-22 01:00:00 -0230": day.Add(3*time.Hour + 30*time.Minute),
		"2026-11-21T24:00":          day,
		"1795305600":                time.Unix(1795305600, 0).UTC(),
	} {
		got, err := ParseDate(text)
		if err != nil || !got.Equal(want) {
			t.Errorf("ParseDate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseDateRefusesDaysAndTimesThatDoNotExist(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "today", "2026-13-01", "2026-02-30", "2026-366", "2025-W53-1", "2026-W10-8",
		"2026-11-22T25:00", "2026-11-22T12:61", "2026-11-22T24:01", "2026-11-22Tnoon", "2026-11-22T12:00+25:99",
		"99999999999999999999",
	} {
		if got, err := ParseDate(text); err == nil {
			t.Errorf("ParseDate(%q) = %v, want an error", text, got)
		}
	}
}
