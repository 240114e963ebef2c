package main

// colour is the code of a terminal's colour.
type colour string

const (
	bold   colour = "1"
	dim    colour = "2"
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
)

// paint colours text where colours are wanted.
func (a *app) paint(c colour, text string) string { return paintIf(a.colours, c, text) }

func paintIf(on bool, c colour, text string) string {
	if !on || c == "" || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
