package embedded

import (
	"testing"
	"time"
)

func TestTwoNodesFindEachOtherAtOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t, 3*time.Second, "a", "b")
	a := l.start("a", "a1")
	a.await(t, 0, "a view of a alone", members("a"))
	began := time.Now()
	b := l.start("b", "b1")
	_, atB := b.await(t, 0, "a view of both", members("a", "b"))
	_, atA := a.await(t, 0, "a view of both", members("a", "b"))
	t.Logf("formed after %v and %v", atA.Sub(began), atB.Sub(began))
	a.await(t, 0, "all links up", allUp)
	b.await(t, 0, "all links up", allUp)
}
