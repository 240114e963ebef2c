package cib

import (
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strings"
)

// Digest is the md5 sum by which Pacemaker recognizes that the parameters of
// an operation have changed. It is taken over the XML text of the parameters,
// sorted by name. It protects nothing; it only compares.
func Digest(params []NV) string { return DigestRecurring(params, "") }

// DigestRecurring is the Digest of WithTimeout(params, timeout), for a recurring
// operation with this timeout in milliseconds; "" for one that runs once.
func DigestRecurring(params []NV, timeout string) string {
	if !slices.IsSortedFunc(params, byName) {
		params = slices.Clone(params)
		slices.SortStableFunc(params, byName)
	}
	at := -1
	if timeout != "" {
		at, _ = slices.BinarySearchFunc(params, NV{Name: timeoutParam}, byName)
	}
	var space [256]byte
	b := append(space[:0], " <parameters"...)
	for i := range params {
		if i == at {
			b = appendParam(b, timeoutParam, timeout)
		}
		b = appendParam(b, params[i].Name, params[i].Value)
	}
	if at == len(params) {
		b = appendParam(b, timeoutParam, timeout)
	}
	sum := md5.Sum(append(b, "/>\n"...))
	return string(hex.AppendEncode(space[:0], sum[:]))
}

func appendParam(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	return append(append(b, digestEscaper.Replace(value)...), '"')
}

func byName(a, b NV) int { return strings.Compare(a.Name, b.Name) }

var digestEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
	"\n", "&#10;", "\t", "&#9;", "\r", "&#13;")

// timeoutParam carries the timeout of a recurring operation.
const timeoutParam = "CRM_meta_timeout"

// undigested are parameters that describe the operation, not the resource.
var undigested = []string{"id", "crm_feature_set", "op-digest", "on_node", "on_node_uuid", "pcmk_external_ip"}

// DigestParams selects what a digest is taken over: instance attributes
// without what describes the operation itself, sorted by name.
func DigestParams(params map[string]string) []NV {
	out := make([]NV, 0, len(params))
	for name, value := range params {
		if !strings.HasPrefix(name, "CRM_meta_") && !slices.Contains(undigested, name) {
			out = append(out, NV{Name: name, Value: value})
		}
	}
	slices.SortFunc(out, byName)
	return out
}

// WithTimeout returns what DigestParams selected as it is for a recurring
// operation with this timeout in milliseconds. params stay as they are.
func WithTimeout(params []NV, timeout string) []NV {
	added := NV{Name: timeoutParam, Value: timeout}
	at, _ := slices.BinarySearchFunc(params, added, byName)
	return slices.Insert(slices.Clip(params), at, added)
}
