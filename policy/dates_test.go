package policy

import (
	"testing"
	"time"

	"kvmha/internal/cib"
)

func TestTheNextChangeOfADateSpecIsTheFirstMomentAtWhichItChanges(t *testing.T) {
	t.Parallel()
	// A Sunday at noon.
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		spec []cib.NV
		want string
	}{
		"office hours end after their last hour":  {[]cib.NV{{Name: "hours", Value: "9-17"}}, "2026-11-22T18:00:00Z"},
		"weekdays begin at midnight":              {[]cib.NV{{Name: "weekdays", Value: "1-5"}}, "2026-11-23T00:00:00Z"},
		"hours of other days begin on those":      {[]cib.NV{{Name: "weekdays", Value: "2"}, {Name: "hours", Value: "22"}}, "2026-11-24T22:00:00Z"},
		"a minute lasts one":                      {[]cib.NV{{Name: "minutes", Value: "0"}}, "2026-11-22T12:01:00Z"},
		"seconds are told apart":                  {[]cib.NV{{Name: "seconds", Value: "30-"}}, "2026-11-22T12:00:30Z"},
		"a year begins in January":                {[]cib.NV{{Name: "years", Value: "2030"}}, "2030-01-01T00:00:00Z"},
		"what always holds never changes":         {nil, ""},
		"what holds from a year on never changes": {[]cib.NV{{Name: "years", Value: "2020-"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if at := nextOfSpec(noon, tt.spec); !at.IsZero() {
				got = at.Format(time.RFC3339)
			}
			if got != tt.want {
				t.Errorf("%v changes at %q, want %q", tt.spec, got, tt.want)
			}
		})
	}
}

func TestADateExpressionChangesWhenItSays(t *testing.T) {
	t.Parallel()
	const step = time.Minute
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, e := range []cib.DateExpression{
		{Operation: "in_range", Start: "2026-11-22T13:00:00Z", End: "2026-11-22T14:00:00Z"},
		{Operation: "in_range", Start: "2026-11-22T13:00:00Z", Duration: []cib.NV{{Name: "minutes", Value: "90"}}},
		{Operation: "in_range", End: "2026-11-22T14:00:00Z"},
		{Operation: "gt", Start: "2026-11-22T13:00:00Z"},
		{Operation: "lt", End: "2026-11-22T14:00:00Z"},
	} {
		for at := start; at.Before(start.Add(4 * time.Hour)); at = at.Add(step) {
			holds, changes := judgeDate(&e, at)
			later, _ := judgeDate(&e, at.Add(step))
			if told := !changes.IsZero() && !changes.After(at.Add(step)); told != (holds != later) {
				t.Errorf("%+v holds %v at %v and %v a minute later, and is said to change at %v", e, holds, at, later, changes)
			}
		}
	}
}
