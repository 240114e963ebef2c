package cib

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var durationUnits = map[string]time.Duration{
	"": time.Second, "s": time.Second, "sec": time.Second, "second": time.Second,
	"ms": time.Millisecond, "msec": time.Millisecond,
	"us": time.Microsecond, "usec": time.Microsecond,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
}

// ParseDuration reads a time span: bare seconds as in Pacemaker ("20"), a
// number with a unit ("500ms", "10s", "1min", "2 hours"), or an ISO 8601 duration
// ("PT1M30S"). Negative spans are errors.
func ParseDuration(text string) (time.Duration, error) {
	t := strings.TrimSpace(text)
	if strings.HasPrefix(t, "P") {
		return parseISODuration(t)
	}
	end := len(t)
	for end > 0 && (t[end-1] == ' ' || isLetter(t[end-1])) {
		end--
	}
	digits, word := t[:end], strings.ToLower(strings.TrimSpace(t[end:]))
	unit, known := durationUnits[word]
	if !known && len(word) > 2 {
		unit, known = durationUnits[strings.TrimSuffix(word, "s")] // "mins", "seconds"
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || n < 0 || n*float64(unit) > float64(1<<62) {
		return 0, fmt.Errorf("duration %q is none: write a number and a unit, such as 500ms, 10s, 1min or PT10S", text)
	}
	return time.Duration(n * float64(unit)), nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func parseISODuration(t string) (time.Duration, error) {
	bad := fmt.Errorf("duration %q is no ISO 8601 duration such as PT1M30S or P1D", t)
	// Pacemaker takes hours and seconds without the T as well; minutes need it,
	// because months are the same letter.
	units := map[bool]map[byte]time.Duration{
		false: {'D': 24 * time.Hour, 'W': 7 * 24 * time.Hour, 'H': time.Hour, 'S': time.Second},
		true:  {'H': time.Hour, 'M': time.Minute, 'S': time.Second},
	}
	var total time.Duration
	inTime, number, parts := false, "", 0
	for i := 1; i < len(t); i++ {
		switch c := t[i]; {
		case c == 'T' && !inTime && number == "":
			inTime = true
		case c >= '0' && c <= '9' || c == '.':
			number += string(c)
		default:
			unit, ok := units[inTime][c]
			n, err := strconv.ParseFloat(number, 64)
			if !ok || err != nil || n*float64(unit) > float64(1<<62) {
				return 0, bad
			}
			total += time.Duration(n * float64(unit))
			number = ""
			parts++
		}
	}
	if number != "" || parts == 0 || total < 0 {
		return 0, bad
	}
	return total, nil
}
