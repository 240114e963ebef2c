package main

import (
	"strings"
	"unicode/utf8"
)

// cell is a text of a table with its colour.
type cell struct {
	text   string
	colour colour
}

// textTable aligns columns whose colours must not count as width.
type textTable struct{ rows [][]cell }

func (t *textTable) row(cells ...cell) { t.rows = append(t.rows, cells) }

// render gives a line for each row, each behind indent.
func (t *textTable) render(indent string, colours bool) string {
	var widths []int
	for _, r := range t.rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	lines := make([]string, len(t.rows))
	for n, r := range t.rows {
		last := len(r)
		for last > 0 && r[last-1].text == "" {
			last--
		}
		var b strings.Builder
		b.WriteString(indent)
		for i, c := range r[:last] {
			b.WriteString(paintIf(colours, c.colour, c.text))
			if i < last-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+2))
			}
		}
		lines[n] = b.String()
	}
	return strings.Join(lines, "\n")
}
