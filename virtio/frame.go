package virtio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"
)

// Limits of the format.
const (
	// FormatVersion is the frame's version byte: a reader skips frames of
	// another one.
	FormatVersion = 1
	// MaxBody bounds a frame's body in bytes.
	MaxBody = 64 << 10
	// headerSize: magic 4, version 1, type 1, zero 2, length 4, checksum of the
	// body 4, checksum of these 16 bytes 4; integers big-endian, checksums CRC-32
	// (IEEE). A header that was cut anywhere fails its own checksum.
	headerSize = 20
	checked    = headerSize - 4
)

// magic begins every frame. Its first byte occurs in no UTF-8 text and so in no
// body: where it shows up, a frame begins.
var magic = []byte{0xF8, 'k', 'v', 'm'}

// Type tells what a frame's body is.
type Type byte

// Frame is one message on the wire. Body is JSON.
type Frame struct {
	Type Type
	Body []byte
}

// ErrTooLong means that a body exceeds MaxBody.
var ErrTooLong = errors.New("frame body is too long")

// errNotText means that a body is not UTF-8, which a reader could not tell from
// the beginning of the next frame.
var errNotText = errors.New("frame body is not UTF-8 text")

// Append adds the encoded frame to b.
func (f Frame) Append(b []byte) ([]byte, error) {
	if len(f.Body) > MaxBody {
		return b, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(f.Body), MaxBody)
	}
	if !utf8.Valid(f.Body) {
		return b, errNotText
	}
	start := len(b)
	b = append(b, magic...)
	b = append(b, FormatVersion, byte(f.Type), 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.Body)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(f.Body))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
	return append(b, f.Body...), nil
}

// Reader reads frames from a stream that may hold anything.
type Reader struct {
	r io.Reader
	// buf[start:end] is what was read and not yet used. It holds one frame of
	// the greatest length, and no more.
	buf        []byte
	start, end int
	skipped    uint64
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r, buf: make([]byte, headerSize+MaxBody)}
}

// Skipped is the number of bytes so far that belonged to no frame.
func (r *Reader) Skipped() uint64 { return r.skipped }

// buffered is the number of bytes that were read and are not used yet.
func (r *Reader) buffered() int { return r.end - r.start }

// Next returns the next frame; its Body is valid until the next call. Errors are
// those of the stream alone.
func (r *Reader) Next() (Frame, error) {
	for {
		if f, ok := r.parse(); ok {
			return f, nil
		}
		if err := r.fill(); err != nil {
			return Frame{}, err
		}
	}
}

// parse takes a frame from the buffer, dropping what cannot be part of one. It
// returns false when more bytes are needed.
func (r *Reader) parse() (Frame, bool) {
	for {
		r.seek()
		have := r.buf[r.start:r.end]
		if len(have) < headerSize {
			return Frame{}, false
		}
		length := int(binary.BigEndian.Uint32(have[8:]))
		if !goodHeader(have) || length > MaxBody {
			r.skip(1)
			continue
		}
		body := have[headerSize:min(len(have), headerSize+length)]
		if next := bytes.IndexByte(body, magic[0]); next >= 0 {
			// The frame was cut short: another begins inside it.
			r.skip(headerSize + next)
			continue
		}
		if len(body) < length {
			return Frame{}, false
		}
		if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(have[12:]) {
			r.skip(1)
			continue
		}
		r.start += headerSize + length
		return Frame{Type: Type(have[5]), Body: body}, true
	}
}

// goodHeader checks the parts of a header that every frame has alike.
func goodHeader(h []byte) bool {
	return h[4] == FormatVersion && h[6] == 0 && h[7] == 0 &&
		crc32.ChecksumIEEE(h[:checked]) == binary.BigEndian.Uint32(h[checked:])
}

// seek drops bytes up to what is, or may become, the magic.
func (r *Reader) seek() {
	for {
		have := r.buf[r.start:r.end]
		i := bytes.IndexByte(have, magic[0])
		if i < 0 {
			r.skip(len(have))
			return
		}
		r.skip(i)
		if have = have[i:]; bytes.HasPrefix(have, magic) || bytes.HasPrefix(magic, have) {
			return
		}
		r.skip(1)
	}
}

func (r *Reader) skip(n int) {
	r.start += n
	r.skipped += uint64(n)
}

// fill reads once.
func (r *Reader) fill() error {
	if r.start > 0 {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	n, err := r.r.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	return err
}
