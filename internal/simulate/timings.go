package simulate

import "time"

// Timings tells how long decisions took. measure is called once, and reports
// each file that it was about.
func Timings(out Output, measure func(report func(file string, took time.Duration))) error {
	out.prepare(&Options{})
	out.begin(chapter{title: "Timings", element: "timings"})
	measure(func(file string, took time.Duration) { out.event(timed{file, took.Seconds()}) })
	out.end()
	return out.failed()
}
