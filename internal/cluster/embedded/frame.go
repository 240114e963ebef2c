package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// frameKind tells what a frame of a peer stream carries.
type frameKind uint8

const (
	frameOpen    frameKind = 1 // dialer's proposal (JSON), first frame of a connection
	frameOpened  frameKind = 2 // acceptor's answer (JSON)
	frameData    frameKind = 3 // sequence number and message
	frameAck     frameKind = 4 // sequence number up to which all has arrived
	frameGoodbye frameKind = 5 // sequence number; nothing follows
	frameRefuse  frameKind = 6 // reason in plain text
)

// MaxMessage is the longest message that Send takes, in bytes.
const MaxMessage = 16 << 20

const (
	frameHeader = 4 + 1
	maxFrame    = MaxMessage + 8 + 1
	// maxOpen bounds what a peer may make this node hold before it is a member.
	maxOpen = 4096
)

// frame is one frame of a peer stream:
//
//	length 4 (of what follows) | kind 1 | sequence number 8 (data, ack, goodbye) | body
type frame struct {
	Kind frameKind
	Seq  uint64
	Body []byte
}

var errFrame = errors.New("bad frame")

// sequenced tells whether a kind carries a sequence number.
func (k frameKind) sequenced() bool {
	return k == frameData || k == frameAck || k == frameGoodbye
}

// appendHeader appends everything of the frame but its body.
func (f *frame) appendHeader(b []byte) []byte {
	n := 1 + len(f.Body)
	if f.Kind.sequenced() {
		n += 8
	}
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = append(b, byte(f.Kind))
	if f.Kind.sequenced() {
		b = binary.BigEndian.AppendUint64(b, f.Seq)
	}
	return b
}

// writeFrame writes a frame.
func writeFrame(w io.Writer, f *frame) error {
	if _, err := w.Write(f.appendHeader(make([]byte, 0, frameHeader+8))); err != nil {
		return err
	}
	if len(f.Body) == 0 {
		return nil
	}
	_, err := w.Write(f.Body)
	return err
}

// readFrame reads a frame of at most limit bytes. What cannot be a frame is
// errFrame; the connection is useless then. Memory for the body is taken as it
// arrives, not as it is announced.
func readFrame(r io.Reader, limit int) (*frame, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[:4]))
	f := &frame{Kind: frameKind(head[4])}
	if f.Kind < frameOpen || f.Kind > frameRefuse {
		return nil, fmt.Errorf("%w: unknown kind %d", errFrame, f.Kind)
	}
	if n < 1 || n > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", errFrame, n, limit)
	}
	n--
	if f.Kind.sequenced() {
		if n < 8 || (f.Kind != frameData && n != 8) {
			return nil, fmt.Errorf("%w: kind %d with %d bytes", errFrame, f.Kind, n)
		}
		var seq [8]byte
		if _, err := io.ReadFull(r, seq[:]); err != nil {
			return nil, cutShort(err)
		}
		f.Seq = binary.BigEndian.Uint64(seq[:])
		n -= 8
	}
	var err error
	f.Body, err = readBody(r, int(n))
	return f, err
}

func readBody(r io.Reader, n int) ([]byte, error) {
	const step = 64 << 10
	if n == 0 {
		return nil, nil
	}
	body := make([]byte, 0, min(n, step))
	for len(body) < n {
		have := len(body)
		more := min(n-have, max(step, have))
		body = append(body, make([]byte, more)...)
		if _, err := io.ReadFull(r, body[have:]); err != nil {
			return nil, cutShort(err)
		}
	}
	return body, nil
}

// cutShort makes an end in the middle of a frame an error.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
