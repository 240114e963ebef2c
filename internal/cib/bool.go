package cib

import (
	"fmt"
	"strings"
)

// ParseBool reads a boolean as Pacemaker does: true, on, yes, y or 1, and
// false, off, no, n or 0, in any case.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "on", "yes", "y", "1":
		return true, nil
	case "false", "off", "no", "n", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", text)
}
