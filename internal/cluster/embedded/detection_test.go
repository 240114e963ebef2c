package embedded

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkDetection measures at deadtime 1 s how long after its end a peer
// leaves the view, and how soon it is seen again. Run it with -benchtime 20x.
func BenchmarkDetection(b *testing.B) {
	b.Run("power cut", func(b *testing.B) {
		detect(b, func(l *lab, _ *node) { l.vanish(1) }, func(l *lab) { l.heal() })
	})
	b.Run("hostd killed", func(b *testing.B) {
		detect(b, func(_ *lab, peer *node) { peer.stop() }, func(l *lab) { l.start("b", "b2") })
	})
}

func detect(b *testing.B, end func(*lab, *node), again func(*lab)) {
	var lost, back []time.Duration
	for range b.N {
		b.StopTimer()
		l, x, peer := pair(b, time.Second)
		mark := x.mark()
		b.StartTimer()
		ended := time.Now()
		end(l, peer)
		mark, at := x.await(b, mark, "b dropped", members("a"))
		lost = append(lost, at.Sub(ended))
		ended = time.Now()
		again(l)
		_, at = x.await(b, mark, "b back", members("a", "b"))
		back = append(back, at.Sub(ended))
		b.StopTimer()
		l.cancel()
		for _, n := range l.nodes {
			<-n.done
		}
	}
	report(b, "lost", lost)
	report(b, "back", back)
}

func report(b *testing.B, what string, took []time.Duration) {
	slices.Sort(took)
	for name, d := range map[string]time.Duration{"min": took[0], "median": took[len(took)/2], "max": took[len(took)-1]} {
		b.ReportMetric(float64(d.Microseconds())/1000, what+"-"+name+"-ms")
	}
}

// BenchmarkRoundTrip measures a message and its answer.
func BenchmarkRoundTrip(b *testing.B) {
	_, x, y := pair(b, 3*time.Second)
	atX, atY := x.mark(), y.mark()
	b.ResetTimer()
	for range b.N {
		x.Send("b", []byte("ping"))
		atY, _ = y.await(b, atY, "ping", message("a", "ping"))
		y.Send("a", []byte("pong"))
		atX, _ = x.await(b, atX, "pong", message("b", "pong"))
	}
}
