package configs

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"kvmha/internal/cib"
)

// mismatch notes a value of the wrong type.
func (d *decoder) mismatch(path, want string, got any) {
	d.add(path, "must be %s, not %s", want, typeName(got))
}

func typeName(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the text %q", v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprintf("%v", v)
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	}
	return "a list"
}

func (d *decoder) duration(path string, value any) (time.Duration, bool) {
	text, ok := value.(string)
	if n, isInt := value.(int64); isInt {
		text, ok = strconv.FormatInt(n, 10), true
	}
	if !ok {
		d.mismatch(path, `a duration such as "10s"`, value)
		return 0, false
	}
	v, err := cib.ParseDuration(text)
	if err != nil {
		d.add(path, "%v", err)
	}
	return v, err == nil
}

func (d *decoder) score(path string, value any) (cib.Score, bool) {
	text, ok := value.(string)
	if n, isInt := value.(int64); isInt {
		text, ok = strconv.FormatInt(n, 10), true
	}
	if !ok {
		d.mismatch(path, `a score such as 100 or "-INFINITY"`, value)
		return 0, false
	}
	v, err := cib.ParseScore(text)
	if err != nil {
		d.add(path, "%v%s", err, didYouMean(text, []string{"INFINITY", "-INFINITY"}))
	}
	return v, err == nil
}

func (d *decoder) address(path string, value any) (netip.Addr, bool) {
	text, ok := value.(string)
	if !ok {
		d.mismatch(path, `an address such as "10.1.0.1"`, value)
		return netip.Addr{}, false
	}
	v, err := netip.ParseAddr(text)
	if err == nil && (v.IsUnspecified() || v.IsMulticast()) {
		d.add(path, "address %q does not name one host: write the node's own address on this link", text)
		return v, false
	}
	if err != nil {
		d.add(path, "%q is no address: write an IPv4 or IPv6 address such as 10.1.0.1", text)
	}
	return v, err == nil
}

func (d *decoder) integer(path string, value any, tag reflect.StructTag, dst reflect.Value) {
	n, ok := value.(int64)
	if !ok {
		d.mismatch(path, "a whole number", value)
		return
	}
	low, lowErr := strconv.ParseInt(tag.Get("min"), 10, 64)
	high, highErr := strconv.ParseInt(tag.Get("max"), 10, 64)
	if lowErr == nil && n < low || highErr == nil && n > high {
		d.add(path, "%d is out of range: write a number from %s", n, strings.TrimSuffix(tag.Get("min")+" to "+tag.Get("max"), " to "))
		return
	}
	dst.SetInt(n)
}

// kinds are the meanings a string key can have (tag is:"…"). Such a key keeps
// its text, because the CIB does.
var kinds = map[string]struct {
	want  string
	valid func(text string) bool
}{
	"duration": {`a duration such as "10s"`, func(t string) bool { _, err := cib.ParseDuration(t); return err == nil }},
	"score":    {`a score such as 100 or "-INFINITY"`, func(t string) bool { _, err := cib.ParseScore(t); return err == nil }},
	"bool":     {"true or false", func(t string) bool { return t == "true" || t == "false" }},
	"integer":  {"a whole number", func(t string) bool { _, err := strconv.ParseInt(t, 10, 64); return err == nil }},
	"percent":  {`a percentage such as "80%"`, isPercent},
	"value":    {"a text, a number or true or false", func(string) bool { return true }},
	"id":       {"an id: a letter, then letters, digits, - _ and .", isID},
	"agent":    {`an agent such as "ocf:heartbeat:IPaddr2", "systemd:nginx" or "lsb:nginx"`, isAgent},
	"fence":    {`the name of a fence agent such as "fence_ipmilan"`, isID},
	"path":     {`an absolute path such as "/var/lib/kvmha"`, func(t string) bool { return strings.HasPrefix(t, "/") }},
}

// numeric are the kinds that may be written as a number without quotes.
var numeric = []string{"duration", "score", "integer", "value"}

// text checks a string key by its tags and returns its text.
func (d *decoder) text(path string, value any, tag reflect.StructTag) (string, bool) {
	kindName := tag.Get("is")
	kind, hasKind := kinds[kindName]
	text, isText := value.(string)
	switch v := value.(type) {
	case int64:
		text, isText = strconv.FormatInt(v, 10), slices.Contains(numeric, kindName)
	case float64:
		text, isText = strconv.FormatFloat(v, 'g', -1, 64), kindName == "value"
	case bool:
		text, isText = strconv.FormatBool(v), kindName == "bool" || kindName == "value"
	}
	switch {
	case !isText && hasKind:
		d.mismatch(path, kind.want, value)
	case !isText:
		d.mismatch(path, "a text in quotes", value)
	case hasKind && !kind.valid(text):
		d.add(path, "%q is not %s", text, kind.want)
	case tag.Get("enum") != "":
		choices := strings.Split(tag.Get("enum"), "|")
		if !slices.Contains(choices, text) {
			d.add(path, "%q is none of %s%s", text, strings.Join(choices, ", "), didYouMean(text, choices))
			return "", false
		}
		return text, true
	case tag.Get("required") == "true" && text == "":
		d.add(path, "must not be empty")
	default:
		return text, true
	}
	return "", false
}

func isPercent(text string) bool {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	return err == nil && n >= 0 && n <= 1000 && strings.HasSuffix(text, "%")
}

// isID accepts what XML accepts as an id, because a CIB must be writable as XML.
func isID(text string) bool {
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '-' || r == '.')) {
			return false
		}
	}
	return text != ""
}

func isAgent(text string) bool {
	parts := strings.Split(text, ":")
	for _, p := range parts {
		if p == "" {
			return false
		}
	}
	switch parts[0] {
	case "ocf":
		return len(parts) == 3
	case "systemd", "lsb", "service":
		return len(parts) == 2
	}
	return false
}

func quoted(s string) string { return strconv.Quote(s) }
