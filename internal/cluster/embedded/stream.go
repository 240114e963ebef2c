package embedded

import (
	"errors"
	"fmt"
	"sync"
)

// maxUnacked bounds what waits for one peer, in bytes of messages and in
// messages. A peer that lets more wait is as good as lost and is dropped from
// the view.
const (
	maxUnackedBytes  = 64 << 20
	maxUnackedFrames = 1 << 16
)

var (
	errOverflow = errors.New("too much is waiting for the peer")
	errSequence = errors.New("sequence broken")
)

// stream is the two directions of one session, whatever connection carries
// it: what was sent and is not yet acknowledged, and how far the peer's
// messages have arrived. It lives as long as the session; connections come and
// go. Safe for concurrent use.
type stream struct {
	mu       sync.Mutex
	queue    []frame // unacknowledged, in order; queue[0].Seq is acked+1
	acked    uint64  // up to here the peer has everything
	written  uint64  // up to here the present connection has carried it
	bytes    int     // of the bodies in queue
	received uint64  // up to here everything of the peer has arrived
	ackDue   bool
	overflow bool
	finish   bool
	carrier  *carrier
}

// carrier is the right of one connection to carry a stream. A stream has one
// carrier at a time; what an older one would still pull goes to the newest.
type carrier struct{ wake chan struct{} }

func newCarrier() *carrier { return &carrier{wake: make(chan struct{}, 1)} }

func newStream() *stream { return &stream{carrier: newCarrier()} }

// push queues a message or goodbye.
func (s *stream) push(kind frameKind, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overflow || s.finish {
		return
	}
	if s.bytes+len(body) > maxUnackedBytes || len(s.queue) >= maxUnackedFrames {
		s.overflow = true
		return
	}
	s.queue = append(s.queue, frame{Kind: kind, Seq: s.acked + uint64(len(s.queue)) + 1, Body: body})
	s.bytes += len(body)
	s.notify()
}

// overflowed tells whether the peer has let too much wait.
func (s *stream) overflowed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overflow
}

// drained tells whether the peer has acknowledged everything.
func (s *stream) drained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) == 0
}

// finishing lets the writer end its connection once nothing is left to write.
func (s *stream) finishing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish = true
	s.notify()
}

// ack forgets what the peer has.
func (s *stream) ack(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq <= s.acked {
		return nil
	}
	n := seq - s.acked
	if n > uint64(len(s.queue)) {
		return fmt.Errorf("%w: peer acknowledges %d, sent are %d", errSequence, seq, s.acked+uint64(len(s.queue)))
	}
	for i := range s.queue[:n] {
		s.bytes -= len(s.queue[i].Body)
		s.queue[i].Body = nil
	}
	s.queue = s.queue[n:]
	s.acked = seq
	s.written = max(s.written, seq)
	return nil
}

// carry begins a new connection on which the peer has everything up to seq.
func (s *stream) carry(seq uint64) (*carrier, error) {
	if err := s.ack(seq); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq < s.acked {
		return nil, fmt.Errorf("%w: peer has %d, had acknowledged %d", errSequence, seq, s.acked)
	}
	s.carrier = newCarrier()
	s.written = seq
	s.ackDue = true
	s.notify()
	return s.carrier, nil
}

// have returns how far the peer's messages have arrived.
func (s *stream) have() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

// accept notes the arrival of seq and reports whether it is new. A gap is an
// error: the connection must be resumed.
func (s *stream) accept(seq uint64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq > s.received+1 {
		return false, fmt.Errorf("%w: got %d after %d", errSequence, seq, s.received)
	}
	s.ackDue = true
	s.notify()
	if seq <= s.received {
		return false, nil
	}
	s.received = seq
	return true, nil
}

// pull takes what the connection of c has to write next: some frames, and an
// acknowledgement if one is due. done is true when another connection has
// taken over, or the stream is finishing and nothing is left.
func (s *stream) pull(c *carrier, into []frame) (batch []frame, done bool) {
	const most = 64
	s.mu.Lock()
	defer s.mu.Unlock()
	batch = into[:0]
	if s.carrier != c {
		return batch, true
	}
	if s.ackDue {
		s.ackDue = false
		batch = append(batch, frame{Kind: frameAck, Seq: s.received})
	}
	from := int(s.written - s.acked)
	to := min(from+most, len(s.queue))
	batch = append(batch, s.queue[from:to]...)
	s.written += uint64(to - from)
	return batch, s.finish && len(batch) == 0
}

func (s *stream) notify() {
	select {
	case s.carrier.wake <- struct{}{}:
	default:
	}
}
