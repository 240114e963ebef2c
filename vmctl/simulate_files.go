package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/renameio/v2"

	"kvmha/internal/cib"
	"kvmha/internal/control"
	"kvmha/internal/simulate"
)

// simulateInput is what is decided on.
type simulateInput struct {
	cib *cib.CIB
	// text is the document that cib was read from, nil for the live one.
	text []byte
}

func (a *app) simulateInput(ctx context.Context, f *simulateFlags) (*simulateInput, error) {
	if f.live && f.file == "" {
		in := &simulateInput{cib: &cib.CIB{}}
		if err := a.ask(ctx, control.GetCIB, nil, in.cib); err != nil {
			return nil, &liveError{err}
		}
		return in, nil
	}
	in := &simulateInput{}
	name, file := f.file, os.Stdin
	if f.file == "-" {
		name = "standard input"
	} else {
		var err error
		if file, err = os.Open(f.file); err != nil && f.live {
			return nil, &liveError{err}
		} else if err != nil {
			return nil, &inputError{err}
		}
		defer file.Close()
	}
	var document io.Reader = file
	if f.saves() {
		text, err := io.ReadAll(file)
		if err != nil {
			return nil, &inputError{fmt.Errorf("%s: %w", name, err)}
		}
		in.text, document = text, bytes.NewReader(text)
	}
	var err error
	in.cib, err = a.decode(name, document, f.verbosity > 0)
	if file := new(os.PathError); errors.As(err, &file) {
		err = &inputError{err}
	}
	return in, err
}

// inputError is a CIB that cannot be read.
type inputError struct{ error }

func (e *inputError) Unwrap() error { return e.error }

func (a *app) decode(name string, r io.Reader, verbose bool) (*cib.CIB, error) {
	input, notices, err := cib.DecodeXML(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, n := range notices {
		switch {
		case n.Upgraded():
			a.warn("upgraded: %s: %s", name, n)
		case verbose:
			a.warn("warning: %s: %s", name, n)
		}
	}
	return input, nil
}

// saves tells whether a CIB is written.
func (f *simulateFlags) saves() bool { return f.saveInput != "" || f.saveOutput != "" || f.inPlace }

// run runs the simulation with the files that it writes.
func (f *simulateFlags) run(out *simulateOutput, in *simulateInput, opt simulate.Options) error {
	var files lateFiles
	if f.dot != "" {
		opt.DOT = files.add(f.dot)
	}
	if f.graph != "" {
		opt.Graph = files.add(f.graph)
	}
	if f.saveInput != "" {
		opt.SaveInput = func(x *cib.CIB) error { return in.save(f.saveInput, x, os.WriteFile) }
	}
	switch {
	case f.inPlace:
		opt.SaveOutput = func(x *cib.CIB) error { return in.save(f.file, x, replaceFile) }
	case f.saveOutput != "":
		// Better not to begin than to lose the result.
		if err := in.save(f.saveOutput, in.cib, os.WriteFile); err != nil {
			return err
		}
		opt.SaveOutput = func(x *cib.CIB) error { return in.save(f.saveOutput, x, os.WriteFile) }
	}
	return errors.Join(simulate.Run(out, in.cib, opt), files.close())
}

// replaceFile is os.WriteFile that leaves either the old file or the new one,
// whatever happens.
func replaceFile(path string, text []byte, mode os.FileMode) error {
	return renameio.WriteFile(path, text, mode)
}

// outputError is a file that cannot be written.
type outputError struct {
	path string
	err  error
}

func (e *outputError) Error() string {
	return fmt.Sprintf("Could not create '%s': %v", e.path, cause(e.err))
}

func (e *outputError) Unwrap() error { return e.err }

// cause is an error without the path that it repeats.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// save writes a CIB as the document it was read from, with what has changed.
func (in *simulateInput) save(path string, x *cib.CIB, write func(string, []byte, os.FileMode) error) error {
	var text bytes.Buffer
	err := error(nil)
	if in.text == nil {
		err = cib.EncodeXML(&text, x)
	} else {
		err = cib.ReviseXML(&text, bytes.NewReader(in.text), in.cib, x)
	}
	if err == nil {
		// Not for everybody: a CIB may hold passwords.
		err = write(path, text.Bytes(), 0o640)
	}
	if err != nil {
		return &outputError{path, err}
	}
	return nil
}

// lateFiles are files that are made when something is written to them.
type lateFiles []*lateFile

type lateFile struct {
	path string
	file *os.File
}

func (l *lateFiles) add(path string) io.Writer {
	f := &lateFile{path: path}
	*l = append(*l, f)
	return f
}

func (l *lateFiles) close() error {
	var errs []error
	for _, f := range *l {
		if f.file != nil {
			errs = append(errs, f.file.Close())
		}
	}
	return errors.Join(errs...)
}

func (f *lateFile) Write(text []byte) (int, error) {
	if f.file == nil {
		file, err := os.Create(f.path)
		if err != nil {
			return 0, &outputError{f.path, err}
		}
		f.file = file
	}
	return f.file.Write(text)
}
