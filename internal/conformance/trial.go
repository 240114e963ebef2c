package conformance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Trial is the comparison on one specimen.
type Trial struct {
	Specimen
	// Unfit says why the reference has no answer; there are no Differences
	// then.
	Unfit string
	// Partly says that the reference's transition has actions that never begin,
	// which Compare overlooks.
	Partly      bool
	Differences []Difference
}

// respelled matches the properties that Pacemaker 3 has other names for.
var respelled = regexp.MustCompile(`name="stonith-(enabled|action|timeout)"`)

// Try compares our answer with the reference's. The error says that the
// reference cannot be run.
func (r *Reference) Try(ctx context.Context, specimen Specimen) (Trial, error) {
	trial := Trial{Specimen: specimen}
	want, err := r.Ask(ctx, specimen.Document, specimen.Date)
	if errors.Is(err, ErrUnfit) || errors.Is(err, ErrRefused) {
		trial.Unfit = err.Error()
		return trial, nil
	}
	if err != nil {
		return trial, fmt.Errorf("ask the reference: %w", err)
	}
	trial.Partly = len(inVain(want.Graph)) > 0
	document := specimen.Document
	if specimen.Respelled {
		document = respelled.ReplaceAll(document, []byte(`name="fencing-$1"`))
	}
	got, err := Ours(document, specimen.Date)
	if err != nil {
		trial.Differences = []Difference{{Aspect: "failure", Lines: []string{"+ " + err.Error()}}}
		return trial, nil
	}
	trial.Differences = Compare(want, got)
	return trial, nil
}

// Aspects are the names of those that differ, in the order of Compare.
func (t *Trial) Aspects() []string {
	var out []string
	for _, d := range t.Differences {
		out = append(out, d.Aspect)
	}
	return out
}

// Reduce returns a smaller specimen that differs in the same aspects. It asks
// the reference up to tries times.
func (r *Reference) Reduce(ctx context.Context, t Trial, tries int) Specimen {
	aspects, small := t.Aspects(), t.Specimen
	small.Document = Minimise(t.Document, tries, func(document []byte) bool {
		smaller, err := r.Try(ctx, Specimen{Document: document, Date: t.Date, Respelled: t.Respelled})
		return err == nil && slices.Equal(smaller.Aspects(), aspects)
	})
	return small
}
