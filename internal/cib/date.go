package cib

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of a date: calendar, ordinal and week dates with or without
// dashes; then a time after T or a space; then a zone.
var dateForm = regexp.MustCompile(`^(?:(\d{4})-?W(\d{2})(?:-?(\d))?|(\d{4})-?(\d{3})|(\d{4})-?(\d{2})-?(\d{2}))` +
	`(?:[T ]\s*(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

// ParseDate reads a moment as rules and crm_simulate -t write it, an ISO 8601
// date with or without a time: 2026-11-22, 2026-326T12:30, 2026-W47-7,
// "2026-11-22 12:30:00", with Z or an offset; without one it is UTC. Bare
// digits of nine places or more are Unix seconds.
func ParseDate(text string) (time.Time, error) {
	t := strings.TrimSpace(text)
	bad := fmt.Errorf("date %q is none: write it as 2026-11-22, 2026-11-22T12:30:00Z or 2026-326T12:30", text)
	if len(t) >= 9 && strings.Trim(t, "0123456789") == "" {
		n, err := strconv.ParseInt(t, 10, 64)
		if err != nil {
			return time.Time{}, bad
		}
		return time.Unix(n, 0).UTC(), nil
	}
	m := dateForm.FindStringSubmatch(t)
	if m == nil {
		return time.Time{}, bad
	}
	day, ok := datePart(m[1:9])
	hour, minute, second := digitsOf(m[9]), digitsOf(m[10]), digitsOf(m[11])
	offset, zoneOK := zonePart(m[12])
	if !ok || !zoneOK || hour > 24 || minute > 59 || second > 60 || hour == 24 && minute+second > 0 {
		return time.Time{}, bad
	}
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	return day.Add(clock - offset), nil
}

// datePart returns the day that the groups of a week, ordinal or calendar date
// name, and whether there is such a day.
func datePart(m []string) (time.Time, bool) {
	switch {
	case m[0] != "":
		year, week, day := digitsOf(m[0]), digitsOf(m[1]), max(1, digitsOf(m[2]))
		// Week 1 is the one with January 4th; weeks begin on Monday.
		fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
		monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7)
		date := monday.AddDate(0, 0, (week-1)*7+day-1)
		_, isoWeek := date.ISOWeek()
		return date, isoWeek == week && day <= 7
	case m[3] != "":
		date := time.Date(digitsOf(m[3]), time.January, digitsOf(m[4]), 0, 0, 0, 0, time.UTC)
		return date, date.YearDay() == digitsOf(m[4])
	}
	month, day := digitsOf(m[6]), digitsOf(m[7])
	date := time.Date(digitsOf(m[5]), time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return date, int(date.Month()) == month && date.Day() == day
}

// zonePart returns what local time is ahead of UTC.
func zonePart(zone string) (time.Duration, bool) {
	if zone == "" || zone == "Z" {
		return 0, true
	}
	digits := strings.ReplaceAll(zone[1:], ":", "") + "00"
	hours, minutes := digitsOf(digits[:2]), digitsOf(digits[2:4])
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if zone[0] == '-' {
		offset = -offset
	}
	return offset, hours <= 24 && minutes <= 59
}

// digitsOf is the number that a group of digits stands for, 0 for none.
func digitsOf(group string) int {
	n, _ := strconv.Atoi(group)
	return n
}
