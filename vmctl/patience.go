package main

import (
	"fmt"
	"time"
)

// patience tells on a terminal, beside the output, how long something has been
// going on, every second from the first on. The caller calls done when it is
// over, which takes the line away.
func (a *app) patience(what string) (done func()) {
	if !a.errTerminal {
		return func() {}
	}
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		begin := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-over:
				fmt.Fprint(a.errOut, "\r\x1b[K")
				return
			case now := <-tick.C:
				fmt.Fprintf(a.errOut, "\r%s: %d s\x1b[K", what, int(now.Sub(begin).Seconds()))
			}
		}
	}()
	return func() {
		close(over)
		<-gone
	}
}
