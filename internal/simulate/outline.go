package simulate

import (
	"fmt"
	"io"
	"strings"
)

// outline prints nested lists. The fancy form has titles, bullets and
// indentation; the plain one, used beside scores, has the items alone.
type outline struct {
	w     io.Writer
	plain bool
	depth int
	err   error
}

func (o *outline) print(format string, args ...any) {
	if o.err == nil {
		_, o.err = fmt.Fprintf(o.w, format, args...)
	}
}

func (o *outline) write(text string) {
	if o.err == nil {
		_, o.err = io.WriteString(o.w, text)
	}
}

// list opens a list. Every list opened has to be closed.
func (o *outline) list(format string, args ...any) {
	if !o.plain {
		o.print("%s%s:\n", o.indent(), fmt.Sprintf(format, args...))
	}
	o.depth++
}

func (o *outline) endList() { o.depth-- }

// item prints one entry of the innermost list, with a name before it if label
// is not empty.
func (o *outline) item(label, format string, args ...any) {
	o.entry(label, fmt.Sprintf(format, args...))
}

// entry is item for a text that is complete.
func (o *outline) entry(label, text string) {
	switch {
	case o.plain:
		o.write(text + "\n")
	case label != "":
		o.print("%s%s: %s\n", o.indent(), label, text)
	default:
		o.print("%s%s\n", o.indent(), text)
	}
}

// info prints a line outside all lists.
func (o *outline) info(format string, args ...any) { o.print(format+"\n", args...) }

func (o *outline) spacer() { o.print("\n") }

func (o *outline) indent() string {
	if o.depth == 0 {
		return ""
	}
	return strings.Repeat("  ", o.depth) + "* "
}
