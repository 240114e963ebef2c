package conformance

import (
	"bytes"
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
		play(document)
		if m, err := Mutate(document, document, seed); err == nil {
			play(m.Document)
		}
	})
}

// play decides on a document and plays the decision through, if it can be read.
func play(document []byte) {
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
}
