package simulate

import (
	"fmt"
	"strconv"
	"time"
)

// Timings tells how long decisions took. measure is called once, and reports
// each file that it was about.
func Timings(out Output, measure func(report func(file string, took time.Duration))) error {
	out.prepare(&Options{})
	out.begin(chapter{title: "Timings", element: "timings"})
	measure(func(file string, took time.Duration) { out.event(timed{file, took.Seconds()}) })
	out.end()
	return out.failed()
}

// timed is how long the decisions for a file took.
type timed struct {
	file    string
	seconds float64
}

func (e timed) sentence() string {
	return fmt.Sprintf("Testing %s ... %.2f secs", e.file, e.seconds)
}

func (e timed) element() (string, attributes) {
	return "timing", attr("file", e.file).with("duration", strconv.FormatFloat(e.seconds, 'f', 6, 64))
}
