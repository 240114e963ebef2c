package embedded

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkDetection measures how long after its power cut a peer leaves the
// view at deadtime 1 s, and how soon it is back. Run it with -benchtime 20x.
func BenchmarkDetection(b *testing.B) {
	var lost, back []time.Duration
	for range b.N {
		b.StopTimer()
		l, x, _ := pair(b, time.Second)
		mark := x.mark()
		b.StartTimer()
		cut := time.Now()
		l.vanish(1)
		mark, at := x.await(b, mark, "b dropped", members("a"))
		lost = append(lost, at.Sub(cut))
		healed := time.Now()
		for link := 1; link <= 2; link++ {
			l.f.both(false, l.addr(link, 0), l.addr(link, 1))
		}
		_, at = x.await(b, mark, "b back", members("a", "b"))
		back = append(back, at.Sub(healed))
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
