package cib

import "testing"

func TestADigestIsTakenOverTheParametersInTheirOrder(t *testing.T) {
	t.Parallel()
	nv := func(names ...string) (out []NV) {
		for _, name := range names {
			out = append(out, NV{Name: name, Value: `<"` + name + `">`})
		}
		return out
	}
	for name, params := range map[string][]NV{
		"without parameters":                        nil,
		"with one before the timeout":               nv("ABC"),
		"with one after the timeout":                nv("ip"),
		"with some before and some after it":        nv("ABC", "CRM", "ip", "nic"),
		"with parameters that are not in order yet": nv("nic", "ABC", "ip"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sorted := make(map[string]string)
			for _, nv := range params {
				sorted[nv.Name] = nv.Value
			}
			want := Digest(WithTimeout(DigestParams(sorted), "20000"))
			if got := DigestRecurring(params, "20000"); got != want {
				t.Errorf("a recurring operation: got %s, want %s", got, want)
			}
			if got := DigestRecurring(params, ""); got != Digest(DigestParams(sorted)) || got == want {
				t.Errorf("one that runs once: got %s", got)
			}
		})
	}
}

// TestADigestIsPacemakers is over what a recorded history has.
func TestADigestIsPacemakers(t *testing.T) {
	t.Parallel()
	for want, params := range map[string][]NV{
		"f2317cad3d54cec5d7d7aa7d0bf35cf8": nil,
		"02a5bcf940fc8d3239701acb11438d6a": {{Name: "CRM_meta_timeout", Value: "30000"}},
	} {
		if got := Digest(params); got != want {
			t.Errorf("%v: got %s, want %s", params, got, want)
		}
	}
}
