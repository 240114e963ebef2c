package pause

import (
	"context"
	"testing"
	"time"
)

func TestAPauseLastsUntilItsTimeOrTheContextEnds(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx  context.Context
		d    time.Duration
		want bool
	}{
		"to its end":                 {t.Context(), time.Millisecond, true},
		"of no time":                 {t.Context(), 0, true},
		"of less than none":          {t.Context(), -time.Hour, true},
		"of no time after the end":   {ended, 0, false},
		"cut short by the end":       {ended, time.Hour, false},
		"of a moment, after the end": {ended, 1, false},
	} {
		if got := For(c.ctx, c.d); got != c.want {
			t.Errorf("a pause %s: %t", name, got)
		}
	}
}
