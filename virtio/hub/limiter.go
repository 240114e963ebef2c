package hub

import "time"

// limiter is a token bucket: rate tokens a second, at most burst saved up. It is
// for one goroutine.
type limiter struct {
	rate, burst float64
	tokens      float64
	last        time.Time
}

func newLimiter(rate, burst float64, now time.Time) *limiter {
	return &limiter{rate: rate, burst: burst, tokens: burst, last: now}
}

// take removes cost tokens and returns how long to wait for them. A cost above
// burst is paid off by later waits.
func (l *limiter) take(cost float64, now time.Time) time.Duration {
	l.tokens = min(l.burst, l.tokens+now.Sub(l.last).Seconds()*l.rate) - cost
	l.last = now
	if l.tokens >= 0 {
		return 0
	}
	return time.Duration(-l.tokens / l.rate * float64(time.Second))
}
