package conformance

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/simulate"
	"kvmha/policy"
)

// patience is far more than any decision on what the fuzzer makes may take.
const patience = 30 * time.Second

// FuzzSchedule looks for CIBs that the reader lets through and the scheduler
// or the simulation then panics at, or does not come to an end with. The
// fuzzer changes the text and the seed of a mutation of what the text says.
func FuzzSchedule(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(Generate(seed, 1+int(seed%5)), seed)
	}
	f.Fuzz(func(t *testing.T, document []byte, seed uint64) {
		if len(document) > 64<<10 {
			t.Skip("the reader's limits are tested elsewhere")
		}
		play(t, document)
		if m, err := Mutate(document, document, seed); err == nil {
			play(t, m.Document)
		}
	})
}

// play decides on a document and plays the decision through, if it can be read:
// once told as text, once as XML.
func play(t *testing.T, document []byte) {
	hung := time.AfterFunc(patience, func() { panic("no decision after " + patience.String()) })
	defer hung.Stop()
	input, _, err := cib.DecodeXML(bytes.NewReader(document))
	if err != nil {
		return
	}
	opt := simulate.Options{Schedule: policy.Schedule, Inspect: policy.Inspect, Simulate: true, Scores: true, Utilization: true,
		DOT: io.Discard, Graph: io.Discard, Notices: io.Discard, Clock: time.Unix(now, 0)}
	// An error is an answer; a panic is none.
	_ = simulate.Run(simulate.Text(io.Discard, nil), input, opt)

	var told, graph bytes.Buffer
	opt.Attributes, opt.FailCounts, opt.DOT, opt.Graph = true, true, nil, &graph
	out := simulate.XML(&told, "crm_simulate")
	err = simulate.Run(out, input, opt)
	if err := out.Finish(0, "OK"); err != nil {
		t.Errorf("the document is not finished: %v", err)
	}
	if err := wellFormed(told.Bytes()); err != nil {
		t.Errorf("the document is no XML: %v\n%s", err, told.Bytes())
	}
	if err != nil {
		return // there may be no graph then, or a part of one
	}
	if err := wellFormed(graph.Bytes()); err != nil {
		t.Errorf("the graph is no XML: %v\n%s", err, graph.Bytes())
	}
}

// wellFormed reads a document to its end: there must be one element, with what
// is in it.
func wellFormed(document []byte) error {
	d := xml.NewDecoder(bytes.NewReader(document))
	depth, roots := 0, 0
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && roots == 1:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%d elements are outermost", roots)
		case err != nil:
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				roots++
			}
		case xml.EndElement:
			depth--
		}
	}
}
