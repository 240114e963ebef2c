package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"kvmha/internal/simulate"
)

// simulateOutput is where a simulation tells what it finds. What it prints is
// gathered: with scores that may be a hundred thousand lines. What goes to the
// error output still comes in its place.
type simulateOutput struct {
	simulate.Output
	errs     io.Writer
	buffered *bufio.Writer
	// file is the one to write to, nil for the standard output.
	file *os.File
}

// simulateOutput is the output in the form and at the place asked for.
func (a *app) simulateOutput(f *simulateFlags) (*simulateOutput, error) {
	to, errs := a.out, a.errOut
	switch f.format {
	case "text", "xml":
	case "none":
		to, errs = io.Discard, io.Discard
	default:
		return nil, &usageError{&formatError{f.format}}
	}
	o := &simulateOutput{}
	if f.output != "" && f.output != "-" {
		var err error
		if o.file, err = os.Create(f.output); err != nil {
			return nil, &outputError{f.output, err}
		}
		to = o.file
	}
	o.buffered = bufio.NewWriterSize(to, 1<<16)
	o.errs = &follower{o.buffered, errs}
	if f.format == "xml" {
		o.Output = simulate.XML(o.buffered, quoted(a.line))
	} else {
		o.Output = simulate.Text(o.buffered, o.errs)
	}
	return o, nil
}

// end writes what is left: how it ended, which is err and the exit status for
// it. It returns err, or why that cannot be written.
func (o *simulateOutput) end(err error, status func(error) int) error {
	code := status(err)
	failures := []error{o.Finish(code, statusMeanings[code]), o.buffered.Flush()}
	if o.file != nil {
		failures = append(failures, o.file.Close())
	}
	for _, failure := range failures {
		// A writer that has failed once says the same ever after.
		if !errors.Is(err, failure) {
			err = errors.Join(err, failure)
		}
	}
	return err
}

// formatError is a form of output that there is not.
type formatError struct{ format string }

func (e *formatError) Error() string {
	return fmt.Sprintf("Error creating output format %s: Unknown output format: write text or xml", e.format)
}

// quoted is a command line, what has spaces in it between apostrophes.
func quoted(line []string) string {
	words := make([]string, 0, len(line))
	for _, w := range line {
		if strings.Contains(w, " ") {
			w = "'" + strings.ReplaceAll(w, "'", `\'`) + "'"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// follower is written to when earlier is empty.
type follower struct {
	earlier *bufio.Writer
	w       io.Writer
}

func (f *follower) Write(text []byte) (int, error) {
	if err := f.earlier.Flush(); err != nil {
		return 0, err
	}
	return f.w.Write(text)
}

// lazyCollection lets the heap grow to five times what is in use before
// garbage is collected, unless the user set GOGC: nearly all that a simulation
// allocates is in use to its end. It returns what ends that.
func lazyCollection() (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(400)
	return func() { debug.SetGCPercent(before) }
}
