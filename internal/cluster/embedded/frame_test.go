package embedded

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFramesSurviveTheWire(t *testing.T) {
	t.Parallel()
	for _, f := range []frame{
		{Kind: frameData, Seq: 7, Body: []byte("body")},
		{Kind: frameData, Seq: 8},
		{Kind: frameAck, Seq: 1 << 60},
		{Kind: frameGoodbye, Seq: 9},
		{Kind: frameOpen, Body: []byte("{}")},
		{Kind: frameData, Seq: 1, Body: bytes.Repeat([]byte("x"), MaxMessage)},
	} {
		var b bytes.Buffer
		if err := writeFrame(&b, &f); err != nil {
			t.Fatal(err)
		}
		got, err := readFrame(&b, maxFrame)
		if err != nil {
			t.Fatalf("kind %d: %v", f.Kind, err)
		}
		if got.Kind != f.Kind || got.Seq != f.Seq || !bytes.Equal(got.Body, f.Body) {
			t.Errorf("kind %d: got seq %d, %d bytes", f.Kind, got.Seq, len(got.Body))
		}
	}
}

func TestBadFramesAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   string
		want error
	}{
		{"nothing", "", io.EOF},
		{"half a header", "\x00\x00", io.ErrUnexpectedEOF},
		{"length zero", "\x00\x00\x00\x00\x03", errFrame},
		{"an oversized frame", "\xff\xff\xff\xff\x03", errFrame},
		{"an unknown kind", "\x00\x00\x00\x01\x63", errFrame},
		{"data without a sequence number", "\x00\x00\x00\x03\x03ab", errFrame},
		{"an acknowledgement with a body", "\x00\x00\x00\x0a\x0412345678x", errFrame},
		{"a truncated sequence number", "\x00\x00\x00\x09\x041234", io.ErrUnexpectedEOF},
		{"a truncated body", "\x00\x00\x10\x09\x0312345678abc", io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := readFrame(bytes.NewReader([]byte(c.in)), maxFrame); !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0c\x0312345678abc"))
	f.Add([]byte("\xff\xff\xff\xff\x03"))
	f.Add([]byte("\x00\x00\x00\x09\x0412345678"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		got, err := readFrame(r, maxFrame)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeFrame(&out, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), in[:len(in)-r.Len()]) {
			t.Errorf("%x was read as %+v and written as %x", in, got, out.Bytes())
		}
	})
}

func FuzzDecodePacket(f *testing.F) {
	key := []byte("key")
	p := packet{Major: protocolMajor, Kind: packetHeartbeat, From: "a", Body: (&heartbeat{Session: 3, Heard: []uint32{1, 2}}).encode()}
	f.Add(p.encode(key))
	f.Add([]byte("KV\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := decodePacket(in)
		if err != nil {
			return
		}
		authentic(key, in)
		_, _ = decodeHeartbeat(p.Body)
	})
}

func FuzzReadHello(f *testing.F) {
	f.Add([]byte("KVH1\x00\x02{}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, _ = readHello(bytes.NewReader(in))
	})
}

func FuzzReadProposal(f *testing.F) {
	for _, text := range []string{
		`{"incarnation":"i","boot_id":"b","fresh":1}`, `{"incarnation":"i","fresh":-1}`, `{"resume":18446744073709551615}`, `[]`, `{`,
	} {
		var frames bytes.Buffer
		if err := writeFrame(&frames, &frame{Kind: frameOpen, Body: []byte(text)}); err != nil {
			f.Fatal(err)
		}
		f.Add(frames.Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if p, err := readProposal(bytes.NewReader(in)); err == nil && (p.Incarnation == "" || p.Fresh == 0) {
			t.Errorf("%q was taken for a whole proposal: %+v", in, p)
		}
		_ = readJSON(bytes.NewReader(in), frameOpened, &opened{})
	})
}
