package virtio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func encoded(t testing.TB, frames ...Frame) []byte {
	t.Helper()
	var b []byte
	for _, f := range frames {
		var err error
		if b, err = f.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// forged is a frame whose header is right in form and claims a length.
func forged(length uint32, body string) []byte {
	b := append([]byte(nil), magic...)
	b = append(b, FormatVersion, byte(TypeRequest), 0, 0)
	b = binary.BigEndian.AppendUint32(b, length)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(body)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return append(b, body...)
}

func readAll(t testing.TB, r io.Reader) (bodies []string, skipped uint64) {
	t.Helper()
	frames := NewReader(r)
	for {
		f, err := frames.Next()
		if errors.Is(err, io.EOF) {
			return bodies, frames.Skipped()
		}
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(f.Body))
	}
}

func TestFramesAreFoundAmongEverythingElse(t *testing.T) {
	one, two := Frame{TypeHello, []byte(`{"a":1}`)}, Frame{TypeAck, []byte(`{"b":2}`)}
	first, second := encoded(t, one), encoded(t, two)
	flipped := bytes.Clone(first)
	flipped[len(flipped)-1] ^= 1
	otherVersion := bytes.Clone(first)
	otherVersion[4] = 9
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		stream []byte
		want   string
	}{
		"two frames":                              {join(first, second), `{"a":1} {"b":2}`},
		"an empty body":                           {encoded(t, Frame{TypePing, nil}, one), ` {"a":1}`},
		"garbage before":                          {join([]byte("garbage\xF8\xF8kv"), first), `{"a":1}`},
		"garbage between":                         {join(first, bytes.Repeat([]byte{0xF8}, 1000), second), `{"a":1} {"b":2}`},
		"a frame cut in its header":               {join(first[:9], second), `{"b":2}`},
		"a frame cut in its last checksum":        {join(first[:18], second), `{"b":2}`},
		"a frame cut before its body":             {join(first[:20], second), `{"b":2}`},
		"a frame cut in its body":                 {join(first[:len(first)-3], second), `{"b":2}`},
		"a frame without its beginning":           {join(first[7:], second), `{"b":2}`},
		"a body with a wrong checksum":            {join(flipped, second), `{"b":2}`},
		"a version not known":                     {join(otherVersion, second), `{"b":2}`},
		"a length above the limit":                {join(forged(MaxBody+1, ""), second), `{"b":2}`},
		"the greatest number as length":           {join(forged(1<<32-1, ""), second), `{"b":2}`},
		"a length that is a lie within the limit": {join(forged(60000, "short"), second), `{"b":2}`},
		"only the magic at the end":               {join(first, magic), `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{bytes.NewReader(c.stream), iotest.OneByteReader(bytes.NewReader(c.stream))} {
				bodies, _ := readAll(t, r)
				if got := strings.Join(bodies, " "); got != c.want {
					t.Errorf("bodies = %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestAFrameThatWasCutDoesNotHoldUpTheNext(t *testing.T) {
	// The stream does not end, so a reader that waited for the rest of the
	// first frame would wait for ever.
	r, w := io.Pipe()
	defer w.Close()
	first := encoded(t, Frame{TypeReply, []byte(`"` + strings.Repeat("x", 5000) + `"`)})
	second := encoded(t, Frame{TypeHello, []byte(`{}`)})
	go w.Write(append(first[:100:100], second...))
	f, err := NewReader(r).Next()
	if err != nil || f.Type != TypeHello {
		t.Errorf("next frame is %v, %v; want the hello", f.Type, err)
	}
}

func TestBodiesThatCannotBeToldFromFramesAreNotSent(t *testing.T) {
	if _, err := (Frame{Body: make([]byte, MaxBody+1)}).Append(nil); !errors.Is(err, ErrTooLong) {
		t.Errorf("a body that is too long: %v", err)
	}
	if _, err := (Frame{Body: magic}).Append(nil); !errors.Is(err, errNotText) {
		t.Errorf("a body with the magic: %v", err)
	}
	if bodies, skipped := readAll(t, bytes.NewReader(encoded(t, Frame{TypeReply, make([]byte, MaxBody)}))); len(bodies) != 1 || skipped != 0 {
		t.Errorf("the longest body gives %d frames, %d bytes skipped", len(bodies), skipped)
	}
}

// FuzzReader: whatever comes before a frame, the reader neither fails nor keeps
// more than one frame's bytes, and finds the frame unless what came before
// claims it as a part of itself.
func FuzzReader(f *testing.F) {
	good := encoded(f, Frame{TypeRequest, []byte(`{"id":"1"}`)})
	f.Add([]byte{}, uint64(0))
	f.Add([]byte("garbage"), uint64(1))
	f.Add(good[:12], uint64(2))
	f.Add(forged(100, "x"), uint64(3))
	f.Fuzz(func(t *testing.T, before []byte, seed uint64) {
		stream := append(bytes.Clone(before), good...)
		random := rand.New(rand.NewPCG(seed, 0))
		frames := NewReader(&chunks{stream, random})
		var last []byte
		total := 0
		for {
			frame, err := frames.Next()
			if frames.buffered() > headerSize+MaxBody {
				t.Fatalf("the reader holds %d bytes", frames.buffered())
			}
			if errors.Is(err, io.EOF) {
				break
			}
			last = bytes.Clone(frame.Body)
			total += headerSize + len(frame.Body)
		}
		if string(last) != `{"id":"1"}` {
			t.Errorf("the frame after %x was not found", before)
		}
		if accounted := uint64(total) + frames.Skipped() + uint64(frames.buffered()); accounted != uint64(len(stream)) {
			t.Errorf("%d bytes of %d are accounted for", accounted, len(stream))
		}
	})
}

// chunks reads in pieces of random length.
type chunks struct {
	left   []byte
	random *rand.Rand
}

func (c *chunks) Read(b []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.left[:1+c.random.IntN(len(c.left))])
	c.left = c.left[n:]
	return n, nil
}
