package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

func pullAll(s *stream, c *carrier) (out []frame) {
	for {
		batch, _ := s.pull(c, nil)
		if len(batch) == 0 {
			return out
		}
		out = append(out, batch...)
	}
}

func TestAResumedStreamLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for run := range 200 {
		from, to := newStream(), newStream()
		sent, got := 0, 0
		for got < 300 {
			for range rnd.IntN(40) {
				if sent < 300 {
					from.push(frameData, []byte(fmt.Sprint(sent)))
					sent++
				}
			}
			// A connection that carries some of it and breaks anywhere.
			c, err := from.carry(to.have())
			if err != nil {
				t.Fatal(err)
			}
			frames := pullAll(from, c)
			for _, f := range frames[:rnd.IntN(len(frames)+1)] {
				if f.Kind != frameData {
					continue
				}
				fresh, err := to.accept(f.Seq)
				if err != nil {
					t.Fatalf("run %d: %v", run, err)
				}
				if fresh {
					if string(f.Body) != fmt.Sprint(got) {
						t.Fatalf("run %d: got %s, want %d", run, f.Body, got)
					}
					got++
				}
				if rnd.IntN(3) == 0 {
					if err := from.ack(to.have()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

func TestAnOldConnectionGetsNothingMore(t *testing.T) {
	t.Parallel()
	s := newStream()
	old, err := s.carry(0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.carry(0); err != nil {
		t.Fatal(err)
	}
	s.push(frameData, []byte("x"))
	if batch, done := s.pull(old, nil); len(batch) > 0 || !done {
		t.Errorf("the old connection was given %d frames, done is %v", len(batch), done)
	}
}

func TestAStreamRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	s := newStream()
	s.push(frameData, []byte("x"))
	if err := s.ack(2); !errors.Is(err, errSequence) {
		t.Errorf("acknowledging what was never sent: %v", err)
	}
	if _, err := s.accept(2); !errors.Is(err, errSequence) {
		t.Errorf("a gap: %v", err)
	}
	if err := s.ack(1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.carry(0); !errors.Is(err, errSequence) {
		t.Errorf("a peer that has forgotten what it had: %v", err)
	}
}

func TestAPeerThatTakesNothingOverflows(t *testing.T) {
	t.Parallel()
	s := newStream()
	for range 1 + maxUnackedBytes/MaxMessage {
		s.push(frameData, make([]byte, MaxMessage))
	}
	if !s.overflowed() {
		t.Error("no overflow")
	}
}
