package policy

import (
	"encoding/json"
	"sync"
	"testing"
)

// TestWhatIsMadeAheadChangesNoAnswer asks the same with no workers and with
// many, and whether all that was begun has ended.
func TestWhatIsMadeAheadChangesNoAnswer(t *testing.T) {
	t.Parallel()
	w := world{nodes: []string{"n1", "n2", "n3", "n4", "n5", "n6"}, resources: primXML("a", "resource-stickiness=10") + primXML("b", ""),
		constraints: `<rsc_colocation id="ab" rsc="a" with-rsc="b" score="INFINITY"/><rsc_location id="l" rsc="b" node="n3" score="-INFINITY"/>`,
		status:      known("n1 n2 n3 n4 n5 n6", "a b")}
	in := Input{CIB: w.cib(t), Now: now}
	for _, subject := range []string{"a", "b"} {
		want := answerText(t, in, subject, Workers{})
		for _, atOnce := range []int{2, 3, 50} {
			var begun sync.WaitGroup
			asked := 0
			team := Workers{AtOnce: atOnce, Begin: func(work func()) func() {
				asked++
				done := make(chan struct{})
				begun.Go(func() { defer close(done); work() })
				return func() { <-done }
			}}
			if got := answerText(t, in, subject, team); got != want {
				t.Errorf("with %d at once the answer on %s is\n%s\nand not\n%s", atOnce, subject, got, want)
			}
			if asked == 0 {
				t.Errorf("nothing was begun for %s with %d at once", subject, atOnce)
			}
			begun.Wait()
		}
	}
}

func answerText(t *testing.T, in Input, subject string, team Workers) string {
	t.Helper()
	answer, known := Explain(in, subject, team)
	text, err := json.Marshal(answer)
	if !known || err != nil {
		t.Fatalf("%s: %v", subject, err)
	}
	return string(text)
}
