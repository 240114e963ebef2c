package main

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// growth is the CPU time that a steady cluster of one size takes.
type growth struct {
	size
	reference, ours time.Duration
}

// histories is how many resources all nodes have to tell of.
func (g growth) histories() int { return g.nodes * g.resources }

// printGrowth prints by which power of the number of histories both grow from
// one size to the next: 1 is linear, 2 quadratic.
func printGrowth(list []growth) {
	fmt.Println("| from | to | histories | reference's CPU | grows with power | our CPU | grows with power |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for i := 1; i < len(list); i++ {
		a, b := list[i-1], list[i]
		more := float64(b.histories()) / float64(a.histories())
		power := func(before, after time.Duration) string {
			return fmt.Sprintf("%.2f", math.Log(after.Seconds()/before.Seconds())/math.Log(more))
		}
		fmt.Printf("| %s | %s | x %.3g | x %.3g | %s | x %.3g | %s |\n", a.size, b.size, more,
			b.reference.Seconds()/a.reference.Seconds(), power(a.reference, b.reference),
			b.ours.Seconds()/a.ours.Seconds(), power(a.ours, b.ours))
	}
}

// The drawing's frame, in pixels: both axes are logarithmic.
const (
	left, top     = 70, 20
	width, height = 520, 300
)

// drawGrowth draws CPU time by number of histories, as an SVG.
func drawGrowth(list []growth) []byte {
	var b bytes.Buffer
	if len(list) == 0 {
		return nil
	}
	first, last := list[0], list[len(list)-1]
	x := axis{math.Floor(math.Log10(float64(first.histories()))), math.Ceil(math.Log10(float64(last.histories()))), left, left + width}
	y := axis{math.Floor(math.Log10(first.ours.Seconds())), math.Ceil(math.Log10(last.reference.Seconds())), top + height, top}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", left+width+120, top+height+50)
	fmt.Fprintln(&b, `<rect width="100%" height="100%" fill="white"/>`)
	for e := x.from; e <= x.to; e++ {
		at := x.at(math.Pow(10, e))
		fmt.Fprintf(&b, `<path d="M%.0f %d V%d" stroke="#ddd"/><text x="%.0f" y="%d" text-anchor="middle">%.0f</text>`+"\n", at, top, top+height, at, top+height+18, math.Pow(10, e))
	}
	for e := y.from; e <= y.to; e++ {
		at := y.at(math.Pow(10, e))
		fmt.Fprintf(&b, `<path d="M%d %.0f H%d" stroke="#ddd"/><text x="%d" y="%.0f" text-anchor="end">%g s</text>`+"\n", left, at, left+width, left-8, at+4, math.Pow(10, e))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">nodes x resources</text>`+"\n", left+width/2, top+height+40)
	drawLine(&b, list, x, y, "reference", "#b33", func(g growth) time.Duration { return g.reference })
	drawLine(&b, list, x, y, "kvmha", "#36c", func(g growth) time.Duration { return g.ours })
	fmt.Fprintln(&b, "</svg>")
	return b.Bytes()
}

func drawLine(b *bytes.Buffer, list []growth, x, y axis, name, colour string, of func(growth) time.Duration) {
	command, path := "M", ""
	var atX, atY float64
	for _, g := range list {
		atX, atY = x.at(float64(g.histories())), y.at(of(g).Seconds())
		path += fmt.Sprintf("%s%.1f %.1f ", command, atX, atY)
		command = "L"
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %s</title></circle>`+"\n", atX, atY, colour, g.size, seconds(of(g)))
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/><text x="%.0f" y="%.0f" fill="%s">%s</text>`+"\n", path, colour, atX+8, atY+4, colour, name)
}

// axis maps powers of ten to pixels.
type axis struct{ from, to, begin, end float64 }

func (a axis) at(value float64) float64 {
	return a.begin + (math.Log10(value)-a.from)/(a.to-a.from)*(a.end-a.begin)
}
