package embedded

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cluster"
)

// pair starts a and b and waits until they are one cluster.
func pair(t testing.TB, deadtime time.Duration) (*lab, *node, *node) {
	t.Helper()
	l := newLab(t, deadtime, "a", "b")
	a, b := l.start("a", "a1"), l.start("b", "b1")
	for _, n := range []*node{a, b} {
		n.await(t, 0, "a view of both with all links up", func(ev cluster.Event) bool {
			return members("a", "b")(ev) && allUp(ev)
		})
		n.awaitGossip(t)
	}
	return l, a, b
}

// message suits the message with that body.
func message(from, body string) func(cluster.Event) bool {
	return func(ev cluster.Event) bool {
		m, ok := ev.(cluster.Message)
		return ok && m.From == from && string(m.Body) == body
	}
}

func TestOneCutLinkIsDeadAndNobodyIsLost(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA, markB := a.mark(), b.mark()
	l.f.both(true, l.addr(1, 0), l.addr(1, 1))
	a.await(t, markA, "lan1 to b dead", linkState("b", "lan1", false))
	b.await(t, markB, "lan1 to a dead", linkState("a", "lan1", false))
	a.Send("b", []byte("over lan2"))
	b.await(t, markB, "the message", message("a", "over lan2"))
	a.never(t, markA, "lost b", members("a"))
	b.never(t, markB, "lost a", members("b"))

	l.f.both(false, l.addr(1, 0), l.addr(1, 1))
	a.await(t, a.mark(), "all links up", allUp)
	b.never(t, markB, "lost a", members("b"))
}

func TestALinkThatWorksOneWayIsDeadOnBothSides(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA, markB := a.mark(), b.mark()
	l.f.set(true, l.addr(1, 0), l.addr(1, 1))
	a.await(t, markA, "lan1 to b dead", linkState("b", "lan1", false))
	b.await(t, markB, "lan1 to a dead", linkState("a", "lan1", false))
	a.Send("b", []byte("ping"))
	b.await(t, markB, "the message", message("a", "ping"))
	b.Send("a", []byte("pong"))
	a.await(t, markA, "the answer", message("b", "pong"))
	a.never(t, markA, "lost b", members("a"))
	b.never(t, markB, "lost a", members("b"))
}

func TestLinksThatWorkInOppositeDirectionsKeepMembership(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA, markB := a.mark(), b.mark()
	l.f.set(true, l.addr(1, 0), l.addr(1, 1))
	a.await(t, markA, "lan1 to b dead", linkState("b", "lan1", false))
	b.never(t, markB, "lost a", members("b"))
	a.never(t, markA, "lost b", members("a"))
}

func TestAPeerSilentOnAllLinksIsDroppedWithinDeadtimeAndComesBack(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA, markB := a.mark(), b.mark()
	cut := time.Now()
	for link := 1; link <= 2; link++ {
		l.f.both(true, l.addr(link, 0), l.addr(link, 1))
	}
	_, lostA := a.await(t, markA, "b dropped", members("a"))
	_, lostB := b.await(t, markB, "a dropped", members("b"))
	for _, took := range []time.Duration{lostA.Sub(cut), lostB.Sub(cut)} {
		// The last sign of life came up to a keepalive before the cut; a
		// starved test machine may add its own pauses.
		limit := 1100*time.Millisecond + a.worstGap() + b.worstGap()
		if took < 590*time.Millisecond || took > limit {
			t.Errorf("dropped after %v, want 0.6 s to %v", took, limit)
		}
	}
	healed := time.Now()
	l.heal()
	_, back := a.await(t, a.mark(), "b back", members("a", "b"))
	t.Logf("dropped after %v and %v, back after %v", lostA.Sub(cut), lostB.Sub(cut), back.Sub(healed))
}

func TestAPeerThatHearsNothingMoreIsDroppedByBothSides(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, time.Second)
	markA, markB := a.mark(), b.mark()
	for link := 1; link <= 2; link++ {
		l.f.set(true, l.addr(link, 0), l.addr(link, 1))
	}
	b.await(t, markB, "a dropped", members("b"))
	a.await(t, markA, "b dropped", members("a"))
}

func TestTenThousandMessagesArriveInOrderThroughBrokenConnections(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, 3*time.Second)
	const count = 10_000
	markA, markB := a.mark(), b.mark()
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		place := markB
		for i := 1; i < 10; i++ {
			// Breaks fall into the traffic: each waits for its share of it.
			place, _ = b.await(t, place, "progress", message("a", fmt.Sprint(i*count/10)))
			l.f.breakConns()
		}
	}()
	for i := range count {
		a.Send("b", []byte(fmt.Sprint(i)))
		b.Send("a", []byte(fmt.Sprint(i)))
	}
	b.await(t, markB, "the last message", message("a", fmt.Sprint(count-1)))
	a.await(t, markA, "the last message", message("b", fmt.Sprint(count-1)))
	<-broken
	for _, n := range []*node{a, b} {
		inOrder(t, n, count)
	}
	a.never(t, markA, "lost b", members("a"))
	b.never(t, markB, "lost a", members("b"))
}

// inOrder checks that a node has received 0, 1, 2 … once each.
func inOrder(t *testing.T, n *node, count int) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	next := 0
	for _, ev := range n.events {
		m, ok := ev.(cluster.Message)
		if !ok {
			continue
		}
		if string(m.Body) != fmt.Sprint(next) {
			t.Fatalf("node %s: got %s, want %d", n.name, m.Body, next)
		}
		next++
	}
	if next != count {
		t.Fatalf("node %s: got %d messages, want %d", n.name, next, count)
	}
}

func TestAStreamMovesToAnotherLinkWithoutLoss(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t, 3*time.Second)
	const count = 1000
	markA, markB := a.mark(), b.mark()
	for i := range count {
		if i == count/2 {
			l.f.both(true, l.addr(1, 0), l.addr(1, 1))
		}
		a.Send("b", []byte(fmt.Sprint(i)))
		b.Send("a", []byte(fmt.Sprint(i)))
	}
	began := time.Now()
	_, at := b.await(t, markB, "the last message", message("a", fmt.Sprint(count-1)))
	a.await(t, markA, "the last message", message("b", fmt.Sprint(count-1)))
	t.Logf("moved after %v", at.Sub(began))
	inOrder(t, a, count)
	inOrder(t, b, count)
	a.never(t, markA, "lost b", members("a"))
}

func TestAGoodbyeShowsAsLeftAfterTheLastMessage(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t, 3*time.Second)
	mark := b.mark()
	a.Send("b", []byte("last words"))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	if err := a.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	a.stop()
	mark, _ = b.await(t, mark, "the last message", message("a", "last words"))
	mark, at := b.await(t, mark, "a as Left", func(ev cluster.Event) bool {
		v, ok := ev.(cluster.View)
		return ok && v.Member("a") != nil && v.Member("a").Left
	})
	b.await(t, mark, "a gone", members("b"))
	if took := at.Sub(began); took > time.Second {
		t.Errorf("seen as Left after %v; a goodbye must not wait for deadtime", took)
	}
	b.never(t, mark, "a came back", members("a", "b"))
}

func TestARestartedPeerIsANewStream(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "b"} {
		t.Run("when "+name+" restarts", func(t *testing.T) {
			t.Parallel()
			l, a, b := pair(t, 3*time.Second)
			dead, alive := a, b
			if name == "b" {
				dead, alive = b, a
			}
			mark := alive.mark()
			dead.stop()
			began := time.Now()
			again := l.start(name, "second")
			mark, at := alive.await(t, mark, "the new incarnation", func(ev cluster.Event) bool {
				v, ok := ev.(cluster.View)
				return ok && v.Member(name) != nil && v.Member(name).Incarnation == "second"
			})
			t.Logf("seen after %v", at.Sub(began))
			again.await(t, 0, "a view of both", members("a", "b"))
			alive.Send(name, []byte("hello again"))
			again.await(t, 0, "the message", message(alive.name, "hello again"))
			again.Send(alive.name, []byte("hello yourself"))
			alive.await(t, mark, "the answer", message(name, "hello yourself"))
		})
	}
}

func TestThreeNodesKeepTwoWhenOneVanishes(t *testing.T) {
	t.Parallel()
	l := newLab(t, time.Second, "a", "b", "c")
	a, b, c := l.start("a", "a1"), l.start("b", "b1"), l.start("c", "c1")
	for _, n := range []*node{a, b, c} {
		n.await(t, 0, "a view of all", members("a", "b", "c"))
	}
	for _, n := range []*node{a, b} {
		n.awaitGossip(t)
	}
	markA, markB := a.mark(), b.mark()
	l.vanish(2)
	a.await(t, markA, "c dropped", members("a", "b"))
	b.await(t, markB, "c dropped", members("a", "b"))
	a.never(t, markA, "lost b", members("a"))
}

func TestAFlappingPeerIsHeldOff(t *testing.T) {
	t.Parallel()
	const deadtime = time.Second
	l, a, _ := pair(t, deadtime)
	mark := a.mark()
	for loss := 1; loss <= 3; loss++ {
		l.vanish(1)
		var lost, back time.Time
		mark, lost = a.await(t, mark, "b dropped", members("a"))
		l.heal()
		mark, back = a.await(t, mark, "b back", members("a", "b"))
		a.awaitGossip(t)
		if took := back.Sub(lost); loss == 3 && took < deadtime*9/10 {
			t.Errorf("back %v after its third loss, want to wait for %v", took, deadtime)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !strings.Contains(a.log.String(), "msg=peer-flaps") {
		t.Errorf("the log does not say why b had to wait:\n%s", a.log.String())
	}
}
