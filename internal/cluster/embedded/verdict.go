package embedded

import "time"

// The verdicts of this file are pure: what is known in, what follows out. All
// times are silences, already freed of the pauses of this node itself (see
// pauses.silence).

// gossip is what memberlist says about a peer.
type gossip int

const (
	gossipUnknown gossip = iota
	gossipAlive
	gossipDead
)

// isLost decides whether a peer that is silent on every link for that long is
// lost. Gossip alone never loses a peer that is heard on some link, and a peer
// that is silent for less than 0.7 deadtime is never lost: it may merely be
// slow. Between 0.7 deadtime and deadtime memberlist must agree; at deadtime
// the silence is enough.
func isLost(silence, deadtime time.Duration, says gossip) bool {
	if says == gossipDead && silence >= deadtime*7/10 {
		return true
	}
	return silence >= deadtime
}

// linkUp decides whether a link works in both directions: this node has heard
// the peer on it, and the peer has said that it hears this node.
func linkUp(silence, deafness, deadtime time.Duration) bool {
	return silence < deadtime && deafness < deadtime
}

// linkUsable decides whether a stream should stay on a link: a connection does
// not wait for deadtime when the link has missed three heartbeats and another
// link has not.
func linkUsable(silence, deafness, keepalive time.Duration) bool {
	return silence < 4*keepalive && deafness < 4*keepalive
}

// probeInterval spreads memberlist's verdict over 0.65 deadtime: it needs up
// to n-1 intervals until it is the silent peer's turn, one for the probe and
// two of suspicion.
func probeInterval(deadtime time.Duration, nodes int) time.Duration {
	return max(deadtime*65/100/time.Duration(nodes+2), 20*time.Millisecond)
}

// flapWindow is how long a lost peer is remembered as a flap.
const flapWindow = time.Minute

// holdOff returns how long a peer must stay out that was lost at these times
// (ascending). Two losses in a minute are bad luck; each further one doubles
// the wait, from deadtime up to half a minute, so that a loose cable does not
// keep a cluster in perpetual recovery.
func holdOff(losses []time.Time, now time.Time, deadtime time.Duration) time.Duration {
	recent := 0
	for _, t := range losses {
		if now.Sub(t) < flapWindow {
			recent++
		}
	}
	if recent < 3 {
		return 0
	}
	wait := min(deadtime<<min(recent-3, 8), flapWindow/2)
	return max(wait-now.Sub(losses[len(losses)-1]), 0)
}
