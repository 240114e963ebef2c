package embedded

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
)

// Protocol versions. Nodes of another major version are refused. The hello
// tells the minor version: a node sends an older one only what that one knows.
const (
	protocolMajor = 1
	protocolMinor = 0
)

// packetKind tells what a UDP packet carries.
type packetKind uint8

const (
	packetHeartbeat packetKind = 1
	packetGossip    packetKind = 2 // a packet of memberlist
	packetRefusal   packetKind = 3 // a reason in plain text, not authenticated
)

const (
	packetMagic  = "KV"
	packetMAC    = 16
	packetFixed  = 2 + 1 + 1 + 8 + 8 + 8 + 8 + 4 + 4 + 1
	maxDatagram  = 65507
	maxHeartbeat = 8 + 1 + 1 + 4*maxLinks
)

// packet is one UDP packet between two nodes. Cluster and Key come first and
// are readable without the secret, so that a refusal can name its cause.
//
//	"KV" major kind | cluster 8 | key 8 | run 8 | seq 8 | link 4 | to 4 | len name | body | MAC 16
type packet struct {
	Major       uint8
	Kind        packetKind
	Cluster     [8]byte // hash of the cluster's name
	Fingerprint [8]byte // public name of the secret
	Run         uint64  // hash of the sender's incarnation
	Seq         uint64  // grows with every packet of a run; copies share it
	Link        uint32  // linkID of the link it was sent on
	To          uint32  // linkID of the receiver's name
	From        string  // the sender's name
	Body        []byte
}

var (
	errPacketShort = errors.New("truncated packet")
	errPacketMagic = errors.New("not a packet of kvmha")
)

// encode appends the packet and its authentication to nothing.
func (p *packet) encode(key []byte) []byte {
	b := make([]byte, 0, packetFixed+len(p.From)+len(p.Body)+packetMAC)
	b = append(b, packetMagic...)
	b = append(b, p.Major, byte(p.Kind))
	b = append(b, p.Cluster[:]...)
	b = append(b, p.Fingerprint[:]...)
	b = binary.BigEndian.AppendUint64(b, p.Run)
	b = binary.BigEndian.AppendUint64(b, p.Seq)
	b = binary.BigEndian.AppendUint32(b, p.Link)
	b = binary.BigEndian.AppendUint32(b, p.To)
	b = append(b, byte(len(p.From)))
	b = append(b, p.From...)
	b = append(b, p.Body...)
	return append(b, packetSum(key, b)...)
}

func packetSum(key, b []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(b)
	return mac.Sum(nil)[:packetMAC]
}

// decodePacket splits a packet without judging it. Body aliases b.
func decodePacket(b []byte) (*packet, error) {
	if len(b) < len(packetMagic)+1 || string(b[:2]) != packetMagic {
		return nil, errPacketMagic
	}
	p := &packet{Major: b[2]}
	if p.Major != protocolMajor {
		// Another major version may look different from here on.
		return p, nil
	}
	if len(b) < packetFixed+packetMAC {
		return nil, errPacketShort
	}
	p.Kind = packetKind(b[3])
	copy(p.Cluster[:], b[4:12])
	copy(p.Fingerprint[:], b[12:20])
	p.Run = binary.BigEndian.Uint64(b[20:28])
	p.Seq = binary.BigEndian.Uint64(b[28:36])
	p.Link = binary.BigEndian.Uint32(b[36:40])
	p.To = binary.BigEndian.Uint32(b[40:44])
	n := int(b[44])
	if n > maxName || len(b) < packetFixed+n+packetMAC {
		return nil, errPacketShort
	}
	p.From = string(b[packetFixed : packetFixed+n])
	p.Body = b[packetFixed+n : len(b)-packetMAC]
	return p, nil
}

// authentic checks the packet's authentication against the whole datagram b.
func authentic(key, b []byte) bool {
	cut := len(b) - packetMAC
	return cut > 0 && hmac.Equal(packetSum(key, b[:cut]), b[cut:])
}

// heartbeat is the body of a heartbeat packet: what the sender tells one peer.
type heartbeat struct {
	Session uint64   // the session that the sender holds with the peer; 0 is none
	Leaving bool     // the sender goes on purpose
	Heard   []uint32 // links on which the sender hears the peer
}

func (h *heartbeat) encode() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, maxHeartbeat), h.Session)
	var flags byte
	if h.Leaving {
		flags |= 1
	}
	b = append(b, flags, byte(len(h.Heard)))
	for _, l := range h.Heard {
		b = binary.BigEndian.AppendUint32(b, l)
	}
	return b
}

func decodeHeartbeat(b []byte) (heartbeat, error) {
	if len(b) < 10 {
		return heartbeat{}, fmt.Errorf("heartbeat of %d bytes: %w", len(b), errPacketShort)
	}
	h := heartbeat{Session: binary.BigEndian.Uint64(b), Leaving: b[8]&1 != 0}
	n := int(b[9])
	if n > maxLinks || len(b) < 10+4*n {
		return heartbeat{}, fmt.Errorf("heartbeat of %d bytes names %d links: %w", len(b), n, errPacketShort)
	}
	for i := range n {
		h.Heard = append(h.Heard, binary.BigEndian.Uint32(b[10+4*i:]))
	}
	return h, nil
}

// clusterHash is a cluster's name on the wire.
func clusterHash(name string) (h [8]byte) {
	sum := sha256.Sum256([]byte("kvmha cluster " + name))
	copy(h[:], sum[:])
	return h
}

// runHash is an incarnation on the wire; never 0.
func runHash(incarnation string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(incarnation))
	return max(h.Sum64(), 1)
}

// window tells new sequence numbers from repeated ones while they arrive
// somewhat out of order ("RFC 4303, 3.4.3"). The zero window has seen nothing.
type window struct {
	top  uint64
	seen uint64 // bit i: top-i was seen
}

// fresh reports whether seq is new, and notes it.
func (w *window) fresh(seq uint64) bool {
	if seq > w.top {
		w.seen = w.seen<<min(seq-w.top, 64) | 1
		w.top = seq
		return true
	}
	back := w.top - seq
	if back >= 64 || w.seen&(1<<back) != 0 {
		return false
	}
	w.seen |= 1 << back
	return true
}

// printable makes text of a stranger safe for a log line.
func printable(b []byte) string {
	const most = 200
	return string(bytes.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r > 0x7e {
			return '.'
		}
		return r
	}, b[:min(len(b), most)]))
}
