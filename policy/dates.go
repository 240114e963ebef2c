package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// parseDate reads a moment; an empty or wrong one is none.
func parseDate(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, false
	}
	t, err := cib.ParseDate(text)
	return t, err == nil
}

func isoWeekday(t time.Time) int {
	if d := int(t.Weekday()); d != 0 {
		return d
	}
	return 7
}

// judgeDate says whether a date expression holds at a moment, and when that is to
// change by itself: zero for never, and for a <date_spec>, whose next change
// nextOfSpec finds.
func judgeDate(e *cib.DateExpression, now time.Time) (holds bool, changes time.Time) {
	start, hasStart := parseDate(e.Start)
	end, hasEnd := parseDate(e.End)
	if hasStart && !hasEnd && len(e.Duration) > 0 {
		end, hasEnd = addSpan(start, e.Duration), true
	}
	switch strings.ToLower(e.Operation) {
	case "", "in_range":
		switch {
		case !hasStart && !hasEnd:
			return false, time.Time{}
		case hasStart && now.Before(start):
			return false, start
		case hasEnd && now.After(end):
			return false, time.Time{}
		case hasEnd:
			return true, end.Add(time.Second)
		}
		return true, time.Time{}
	case "date_spec":
		return matchesSpec(now, e.Spec), time.Time{}
	case "gt":
		if hasStart && !now.After(start) {
			return false, start.Add(time.Second)
		}
		return hasStart, time.Time{}
	case "lt":
		if hasEnd && now.Before(end) {
			return true, end
		}
	}
	return false, time.Time{}
}

// addSpan adds a <duration> element's attributes.
func addSpan(t time.Time, span []cib.NV) time.Time {
	n := func(name string) int {
		for _, nv := range span {
			if nv.Name == name {
				return int(leadingInt(nv.Value))
			}
		}
		return 0
	}
	t = t.AddDate(n("years"), 0, 0)
	t = addMonths(t, n("months"))
	t = t.AddDate(0, 0, 7*n("weeks")+n("days"))
	return t.Add(time.Duration(n("hours"))*time.Hour + time.Duration(n("minutes"))*time.Minute +
		time.Duration(n("seconds"))*time.Second)
}

// addMonths stays within the month it reaches: January 31st plus a month is
// the last day of February.
func addMonths(t time.Time, months int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// matchesSpec evaluates a <date_spec>: every field given must contain the
// moment's value.
func matchesSpec(now time.Time, spec []cib.NV) bool {
	weekYear, week := now.ISOWeek()
	fields := map[string]int{
		"years": now.Year(), "months": int(now.Month()), "monthdays": now.Day(),
		"hours": now.Hour(), "minutes": now.Minute(), "seconds": now.Second(),
		"yeardays": now.YearDay(), "weekyears": weekYear, "weeks": week,
		"weekdays": isoWeekday(now), "moon": moonPhase(now),
	}
	for _, nv := range spec {
		if have, known := fields[nv.Name]; known && !inRange(nv.Value, have) {
			return false
		}
	}
	return true
}

// nextOfSpec is when a <date_spec> begins or ceases to match, zero if that is
// nowhere near. It looks at the moments at which the finest field given may
// change, so many of them that days are looked at for decades.
func nextOfSpec(now time.Time, spec []cib.NV) time.Time {
	const most = 10_000
	given := func(name string) bool {
		return slices.ContainsFunc(spec, func(nv cib.NV) bool { return nv.Name == name })
	}
	year, month, day := now.Date()
	hour, minute, second := now.Clock()
	for i := 1; i <= most; i++ {
		at := time.Date(year, month, day+i, 0, 0, 0, 0, now.Location())
		switch {
		case given("seconds"):
			at = time.Date(year, month, day, hour, minute, second+i, 0, now.Location())
		case given("minutes"):
			at = time.Date(year, month, day, hour, minute+i, 0, 0, now.Location())
		case given("hours"):
			at = time.Date(year, month, day, hour+i, 0, 0, 0, now.Location())
		}
		if matchesSpec(at, spec) != matchesSpec(now, spec) {
			return at
		}
	}
	return time.Time{}
}

// inRange reads "5", "5-9", "5-" or "-9". What is no range restricts nothing.
func inRange(text string, have int) bool {
	t := strings.TrimSpace(text)
	low, high, ranged := strings.Cut(t, "-")
	lo, errLo := strconv.Atoi(low)
	hi, errHi := strconv.Atoi(high)
	switch {
	case !ranged:
		return errLo != nil || have == lo
	case low == "" && errHi == nil:
		return have <= hi
	case high == "" && errLo == nil:
		return have >= lo
	case errLo == nil && errHi == nil:
		return have >= lo && have <= hi
	}
	return true
}

// moonPhase is 0 (new) to 7, 4 being full: the old epact computation.
func moonPhase(now time.Time) int {
	golden := now.Year()%19 + 1
	epact := (11*golden + 18) % 30
	if epact == 25 && golden > 11 || epact == 24 {
		epact++
	}
	return ((((now.YearDay() + epact) * 6) + 11) % 177) / 22 & 7
}
