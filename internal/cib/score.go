package cib

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Score is a preference. It saturates: nothing exceeds ±INFINITY, and
// -INFINITY wins over everything ("Pacemaker Explained, Scores").
type Score int

// Infinity is the score that forces, MinusInfinity the one that forbids.
const (
	Infinity      Score = 1000000
	MinusInfinity Score = -Infinity
)

// Add returns the saturated sum of two scores.
func (s Score) Add(o Score) Score {
	switch {
	case s <= MinusInfinity || o <= MinusInfinity:
		return MinusInfinity
	case s >= Infinity || o >= Infinity:
		return Infinity
	}
	return min(max(s+o, MinusInfinity), Infinity)
}

// String prints ±INFINITY by name, anything else as a number.
func (s Score) String() string {
	switch {
	case s >= Infinity:
		return "INFINITY"
	case s <= MinusInfinity:
		return "-INFINITY"
	}
	return strconv.Itoa(int(s))
}

// ParseScore reads a number, [+-]INFINITY, or red, yellow, green (taken as
// -INFINITY, 0, 0; node health gives the colours their own values). A number
// beyond the infinities is the infinity.
func ParseScore(text string) (Score, error) {
	t := strings.TrimSpace(text)
	switch strings.ToLower(t) {
	case "infinity", "+infinity", "inf", "+inf":
		return Infinity, nil
	case "-infinity", "-inf", "red":
		return MinusInfinity, nil
	case "yellow", "green":
		return 0, nil
	}
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("score %q is neither a whole number nor INFINITY or -INFINITY", text)
	}
	return Score(min(max(n, int64(MinusInfinity)), int64(Infinity))), nil
}
