package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatTakesLongerThanASecondSaysSoOnATerminal(t *testing.T) {
	for name, tt := range map[string]struct {
		terminal bool
		takes    time.Duration
		want     string
	}{
		"three seconds":         {true, 3*time.Second + time.Second/2, "\rtrying: 1 s\x1b[K\rtrying: 2 s\x1b[K\rtrying: 3 s\x1b[K\r\x1b[K"},
		"less than a second":    {true, time.Second / 2, "\r\x1b[K"},
		"long, into a file":     {false, 5 * time.Second, ""},
		"not long, into a file": {false, time.Second / 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var errOut bytes.Buffer
				a := &app{errOut: &errOut, errTerminal: tt.terminal}
				done := a.patience("trying")
				<-time.After(tt.takes)
				done()
				if got := errOut.String(); got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
			})
		})
	}
}
