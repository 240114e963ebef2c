package configs

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"kvmha/internal/nearest"
)

// Error is one thing that is wrong in a configuration file.
type Error struct {
	// File is empty for what does not come from a file (NewVM, NewResource).
	File string
	// Line and Col count from 1.
	Line, Col int
	// Key is the place in the document, such as node[1].links.hb0.
	Key string
	// Text says what is wrong and what to write instead.
	Text string
}

// Error gives file:line:column, key and text, in the form editors jump to.
func (e *Error) Error() string {
	key := ""
	if e.Key != "" {
		key = e.Key + ": "
	}
	if e.File == "" {
		return key + e.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", e.File, e.Line, e.Col, key, e.Text)
}

// Errors is everything that is wrong in a file, in the order of its lines.
type Errors []*Error

// Error gives one line for each error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single Error.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// problems collects what is found wrong or doubtful in one document.
type problems struct {
	file     string
	where    positions
	errors   Errors
	warnings []string
}

// add notes an error at the key path.
func (p *problems) add(path, format string, args ...any) {
	p.errors = append(p.errors, p.at(path, fmt.Sprintf(format, args...)))
}

// wrong tells whether an error at path is noted already, so that a check does
// not complain about a value that could not be read.
func (p *problems) wrong(path string) bool {
	return slices.ContainsFunc(p.errors, func(e *Error) bool { return e.Key == path })
}

// warn notes something that works but will hurt.
func (p *problems) warn(path, format string, args ...any) {
	p.warnings = append(p.warnings, p.at(path, fmt.Sprintf(format, args...)).Error())
}

func (p *problems) at(path, text string) *Error {
	pos := p.where.nearest(path)
	return &Error{File: p.file, Line: pos.Line, Col: pos.Col, Key: path, Text: text}
}

// sorted returns the errors in the order of the file, without repetitions.
func (p *problems) sorted() Errors {
	sort.SliceStable(p.errors, func(i, j int) bool {
		a, b := p.errors[i], p.errors[j]
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		if a.Col != b.Col || a.File != "" {
			return a.Col < b.Col
		}
		return a.Key < b.Key
	})
	var out Errors
	for _, e := range p.errors {
		if n := len(out); n > 0 && *out[n-1] == *e {
			continue
		}
		out = append(out, e)
	}
	return out
}

// didYouMean returns `; did you mean "x"?` for the candidate nearest to name,
// or "" when none is near enough to be what was meant.
func didYouMean(name string, candidates []string) string {
	if near := nearest.To(name, slices.Values(candidates)); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
