package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"kvmha/internal/cib"
	"kvmha/internal/simulate"
	"kvmha/policy"
)

// Ours answers with this project's scheduler, in this process. The scores and
// both graphs are decided for date (ISO 8601) unless it is empty, the summary
// for the CIB's own date: so the reference's cases were recorded.
func Ours(document []byte, date string) (answer Answer, err error) {
	// A panic is an answer too: a wrong one, which must not end the run.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the scheduler panicked: %v", p)
		}
	}()
	input, _, err := cib.DecodeXML(bytes.NewReader(document))
	if err != nil {
		return Answer{}, err
	}
	var summary, scores, dot, graph strings.Builder
	opt := simulate.Options{Schedule: policy.Schedule, Inspect: policy.Inspect, Simulate: true, Clock: time.Now()}
	if err := simulate.Run(simulate.Text(&summary, nil), input, opt); err != nil && !errors.Is(err, simulate.ErrInvalidTransition) {
		return Answer{}, fmt.Errorf("-S: %w", err)
	}
	opt.Scores, opt.Quiet, opt.DOT, opt.Graph = true, true, &dot, &graph
	if date != "" {
		if opt.Now, err = cib.ParseDate(date); err != nil {
			return Answer{}, err
		}
		opt.NowText = date
	}
	if err := simulate.Run(simulate.Text(&scores, nil), input, opt); err != nil && !errors.Is(err, simulate.ErrInvalidTransition) {
		return Answer{}, fmt.Errorf("-sSQ: %w", err)
	}
	return Answer{Scores: scores.String(), Summary: summary.String(), DOT: dot.String(), Graph: graph.String()}, nil
}
