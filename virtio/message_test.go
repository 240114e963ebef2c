package virtio

import (
	"strings"
	"testing"
)

func TestRequestsAreCheckedForForm(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		r  Request
		ok bool
	}{
		"a fence":                      {Request{ID: "1.a_B-", Verb: VerbFence, Target: "db2", Action: "off"}, true},
		"a target in another script":   {Request{ID: "1", Verb: VerbFence, Target: "データ"}, true},
		"no id":                        {Request{Verb: VerbStatus}, false},
		"an id with a slash":           {Request{ID: "../1", Verb: VerbStatus}, false},
		"an id that is too long":       {Request{ID: long, Verb: VerbStatus}, false},
		"no verb":                      {Request{ID: "1"}, false},
		"a verb with a space":          {Request{ID: "1", Verb: "a b"}, false},
		"a target that is too long":    {Request{ID: "1", Verb: VerbFence, Target: long}, false},
		"a target that forges a log":   {Request{ID: "1", Verb: VerbFence, Target: "a\nb"}, false},
		"an action with a zero byte":   {Request{ID: "1", Verb: VerbFence, Action: "off\x00"}, false},
		"an action that is too long":   {Request{ID: "1", Verb: VerbFence, Action: long}, false},
		"a verb nobody has heard of":   {Request{ID: "1", Verb: "dance"}, true},
		"a fence without a target yet": {Request{ID: "1", Verb: VerbFence}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.r.Check(); (err == nil) != c.ok {
				t.Errorf("Check = %v, want ok = %v", err, c.ok)
			}
		})
	}
}

func TestHelloAgreesOnTheGreatestCommonVersion(t *testing.T) {
	for name, c := range map[string]struct{ min, max, want int }{
		"the same":            {1, 1, 1},
		"a newer that can 1":  {1, 7, 1},
		"a newer that cannot": {2, 7, 0},
		"one that says less":  {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Hello{Min: c.min, Max: c.max}.Common()
			if got != c.want && err == nil || (err == nil) != (c.want > 0) {
				t.Errorf("Common = %d, %v; want %d", got, err, c.want)
			}
		})
	}
}
