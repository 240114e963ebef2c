package main

import (
	"bufio"
	"io"
	"os"
	"runtime/debug"

	"kvmha/internal/simulate"
)

// bufferOutput gathers what a simulation prints: with scores that may be a
// hundred thousand lines. What goes to the error output still comes in its
// place.
func bufferOutput(out io.Writer, opt *simulate.Options) *bufio.Writer {
	buffered := bufio.NewWriterSize(out, 1<<16)
	opt.Errors = inOrder(buffered, opt.Errors)
	opt.Notices = inOrder(buffered, opt.Notices)
	return buffered
}

// inOrder is w, or nil for nil, which is written to when earlier is empty.
func inOrder(earlier *bufio.Writer, w io.Writer) io.Writer {
	if w == nil {
		return nil
	}
	return &follower{earlier, w}
}

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
