package embedded

import (
	"testing"
	"time"
)

const ms = time.Millisecond

func TestAPeerIsLostOnlyWhenSilenceAndGossipSaySo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		silence time.Duration
		says    gossip
		lost    bool
	}{
		{"heard just now", 0, gossipAlive, false},
		{"heard just now, gossip is mistaken", 0, gossipDead, false},
		{"slow for half of deadtime, gossip is mistaken", 500 * ms, gossipDead, false},
		{"silent for almost 0.7 deadtime", 699 * ms, gossipDead, false},
		{"silent for 0.7 deadtime and gossip agrees", 700 * ms, gossipDead, true},
		{"silent for 0.7 deadtime but gossip disagrees", 700 * ms, gossipAlive, false},
		{"silent for 0.7 deadtime and gossip never met it", 700 * ms, gossipUnknown, false},
		{"silent for deadtime whatever gossip says", 1000 * ms, gossipAlive, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := isLost(c.silence, time.Second, c.says); got != c.lost {
				t.Errorf("got %v, want %v", got, c.lost)
			}
		})
	}
}

func TestMemberlistIsDoneBeforeSevenTenthsOfDeadtime(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{2, 3, 5, 16} {
		// n-1 turns of the probe at worst, the probe itself, two of suspicion.
		worst := probeInterval(time.Second, nodes) * time.Duration(nodes+2)
		if worst > 700*ms {
			t.Errorf("%d nodes: memberlist needs up to %v", nodes, worst)
		}
	}
}

func TestAFlappingPeerIsHeldOffLongerEachTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ago := func(ds ...time.Duration) (at []time.Time) {
		for _, d := range ds {
			at = append(at, now.Add(-d))
		}
		return at
	}
	for _, c := range []struct {
		name   string
		losses []time.Time
		want   time.Duration
	}{
		{"a peer that was never lost comes at once", nil, 0},
		{"one that was lost twice comes at once", ago(20*time.Second, 0), 0},
		{"the third loss in a minute costs deadtime", ago(20*time.Second, 10*time.Second, 0), time.Second},
		{"the time since the loss counts", ago(20*time.Second, 10*time.Second, 400*ms), 600 * ms},
		{"the fourth loss costs twice as much", ago(30*time.Second, 20*time.Second, 10*time.Second, 0), 2 * time.Second},
		{"losses of long ago are forgiven", ago(time.Hour, 10*time.Minute, 0), 0},
		{"half a minute is the most", ago(9*ms, 8*ms, 7*ms, 6*ms, 5*ms, 4*ms, 3*ms, 2*ms, ms, 0), 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := holdOff(c.losses, now, time.Second); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestPausesDoNotCountAsSilence(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		beats []time.Duration // since start
		since time.Duration
		now   time.Duration
		want  time.Duration
		worst time.Duration
	}{
		{"a punctual node counts all silence", []time.Duration{0, 25 * ms, 50 * ms, 75 * ms}, 0, 75 * ms, 75 * ms, 0},
		{"a little lateness is normal", []time.Duration{0, 120 * ms}, 0, 120 * ms, 120 * ms, 0},
		{"a pause after the last sign of life is taken off", []time.Duration{0, 1025 * ms}, 0, 1025 * ms, 25 * ms, time.Second},
		{"a pause before it is not", []time.Duration{0, 1025 * ms}, 1025 * ms, 1125 * ms, 100 * ms, time.Second},
		{"of a pause around it only the rest is", []time.Duration{0, 1025 * ms}, 525 * ms, 1125 * ms, 100 * ms, time.Second},
		{"two pauses add up", []time.Duration{0, 525 * ms, 1050 * ms}, 0, 1100 * ms, 100 * ms, 500 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := pauses{period: 25 * ms, threshold: 200 * ms, keep: 10 * time.Second}
			for _, b := range c.beats {
				p.beat(start.Add(b))
			}
			if got := p.silence(start.Add(c.since), start.Add(c.now)); got != c.want {
				t.Errorf("silence %v, want %v", got, c.want)
			}
			if p.worst != c.worst {
				t.Errorf("worst gap %v, want %v", p.worst, c.worst)
			}
			if got := p.starved(start.Add(c.now), time.Second); got != (c.worst > 0) {
				t.Errorf("starved is %v", got)
			}
		})
	}
}

func TestOldPausesAreForgotten(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := pauses{period: 25 * ms, threshold: 50 * ms, keep: time.Second}
	for i := range 100 {
		p.beat(start.Add(time.Duration(i) * 500 * ms))
	}
	if len(p.spans) > 4 {
		t.Errorf("%d pauses are kept", len(p.spans))
	}
}

func TestTheWindowTakesEachPacketOnce(t *testing.T) {
	t.Parallel()
	var w window
	for _, c := range []struct {
		seq  uint64
		want bool
	}{{1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {3, false}, {100, true}, {36, false}, {37, true}, {37, false}, {1000, true}, {100, false}, {999, true}} {
		if got := w.fresh(c.seq); got != c.want {
			t.Errorf("packet %d: fresh is %v, want %v", c.seq, got, c.want)
		}
	}
}
