package policy

import (
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// score reads a score as the reference does: the two infinities by name, else
// the whole number that the text begins with; what is missing or wrong is 0.
func score(text string) cib.Score {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "infinity", "+infinity":
		return infinity
	case "-infinity":
		return minusInfinity
	}
	return cib.Score(min(max(leadingInt(text), int64(minusInfinity)), int64(infinity)))
}

// leadingInt is the whole number at the start of text, or 0.
func leadingInt(text string) int64 {
	t := strings.TrimSpace(text)
	end := 0
	for end < len(t) && (t[end] >= '0' && t[end] <= '9' || end == 0 && (t[end] == '-' || t[end] == '+')) {
		end++
	}
	if end == 0 {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(t[:end], "+"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// healthScore is score for text that may name a colour.
func (o *options) healthScore(text string) cib.Score {
	switch strings.ToLower(text) {
	case "red":
		return o.red
	case "yellow":
		return o.yellow
	case "green":
		return o.green
	}
	return score(text)
}

// isTrue reads a boolean as the reference does; anything unknown is false.
func isTrue(text string) bool {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "y", "1":
		return true
	}
	return false
}

// isFalse is true only for text that clearly says no.
func isFalse(text string) bool {
	switch strings.ToLower(text) {
	case "false", "off", "no", "n", "0":
		return true
	}
	return false
}

// millis reads a time span in milliseconds; ok is false if there is none.
func millis(text string) (ms int64, ok bool) {
	t := strings.TrimSpace(text)
	if t == "" {
		return 0, false
	}
	d, err := cib.ParseDuration(t)
	if rest, iso := strings.CutPrefix(t, "P"); err != nil && iso {
		// Pacemaker reads P10S as PT10S.
		d, err = cib.ParseDuration("PT" + rest)
	}
	return d.Milliseconds(), err == nil
}

// millisOr0 is millis where a wrong value means none.
func millisOr0(text string) int64 {
	ms, _ := millis(text)
	return ms
}

func parseRole(text string) role {
	switch strings.ToLower(text) {
	case "stopped":
		return roleStopped
	case "started":
		return roleStarted
	case "unpromoted", "slave":
		return roleUnpromoted
	case "promoted", "master":
		return rolePromoted
	}
	return roleUnknown
}

// opKey is the name of an operation in history and graphs.
func opKey(rsc, task string, intervalMS int64) string {
	return rsc + "_" + task + "_" + strconv.FormatInt(intervalMS, 10)
}

// opName is what an opKey says of the resource's operation. Of one resource's
// keys, those that are equal have equal names.
type opName struct {
	task       string
	intervalMS int64
}

// opNameOf takes the resource's id off a key. What no opKey looks like is a name
// of its own.
func opNameOf(rsc, key string) opName {
	rest, ok := strings.CutPrefix(key, rsc)
	if i := strings.LastIndexByte(rest, '_'); ok && i > 0 && rest[0] == '_' {
		if ms, err := strconv.ParseUint(rest[i+1:], 10, 63); err == nil && (rest[i+1] != '0' || len(rest) == i+2) {
			return opName{rest[1:i], int64(ms)}
		}
	}
	return opName{key, -1}
}

// splitKey takes an opKey apart; ok is false if it is none.
func splitKey(key string) (rsc, task string, intervalMS int64, ok bool) {
	i := strings.LastIndexByte(key, '_')
	if i < 0 {
		return "", "", 0, false
	}
	ms, err := strconv.ParseInt(key[i+1:], 10, 64)
	if err != nil {
		return "", "", 0, false
	}
	rest := key[:i]
	if strings.Contains(rest, "_notify_") {
		rsc, _, _ = strings.Cut(rest, "_notify_")
		return rsc[:max(0, strings.LastIndexByte(rsc, '_'))], "notify", ms, true
	}
	for _, t := range [...]string{"_migrate_to", "_migrate_from", "_clear_failcount", "_lrm_delete"} {
		if strings.HasSuffix(rest, t) {
			return rest[:len(rest)-len(t)], t[1:], ms, true
		}
	}
	j := strings.LastIndexByte(rest, '_')
	if j < 0 {
		return "", "", 0, false
	}
	return rest[:j], rest[j+1:], ms, true
}

// baseName removes the instance number of a clone instance's name.
func baseName(id string) string {
	i := strings.LastIndexByte(id, ':')
	if i <= 0 {
		return id
	}
	for _, c := range id[i+1:] {
		if c < '0' || c > '9' {
			return id
		}
	}
	return id[:i]
}

// compareNames orders names with numbers in them as people do: node2 < node10.
func compareNames(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		if isDigit(a[0]) && isDigit(b[0]) {
			na, ra := cutNumber(a)
			nb, rb := cutNumber(b)
			if na != nb {
				if na < nb {
					return -1
				}
				return 1
			}
			a, b = ra, rb
			continue
		}
		ca, cb := lower(a[0]), lower(b[0])
		if ca != cb {
			return int(ca) - int(cb)
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func cutNumber(s string) (uint64, string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	n, _ := strconv.ParseUint(s[:i], 10, 64)
	return n, s[i:]
}
