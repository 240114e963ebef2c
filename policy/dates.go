package policy

import (
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
