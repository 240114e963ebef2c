package embedded

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// hello is exchanged in plain text before TLS begins, dialer first, so that
// both sides can say why they will not talk: TLS alone would only say "bad
// certificate". It proves nothing; TLS does.
type hello struct {
	Major       int    `json:"major"`
	Minor       int    `json:"minor"`
	Cluster     string `json:"cluster"`
	Node        string `json:"node"`
	To          string `json:"to,omitempty"`
	Fingerprint string `json:"fingerprint"`
	// Refused is the acceptor's reason to close the connection.
	Refused string `json:"refused,omitempty"`
}

const helloMagic = "KVH1"

// maxHello bounds a hello in bytes.
const maxHello = 1024

// refusal is an error that the operator should see on both sides. Its kind is
// the reason without what the other side has said: there are as many kinds as
// calls of refuse.
type refusal struct{ kind, reason string }

func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error {
	return &refusal{kind: format, reason: fmt.Sprintf(format, args...)}
}

func writeHello(w io.Writer, h *hello) error {
	body, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode hello: %w", err)
	}
	b := append([]byte(helloMagic), 0, 0)
	binary.BigEndian.PutUint16(b[4:], uint16(len(body)))
	_, err = w.Write(append(b, body...))
	return err
}

func readHello(r io.Reader) (*hello, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, cutShort(err)
	}
	n := int(binary.BigEndian.Uint16(head[4:]))
	if string(head[:4]) != helloMagic || n > maxHello {
		return nil, refuse("not a peer of kvmha: %q", head)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, cutShort(err)
	}
	h := &hello{}
	if err := json.Unmarshal(body, h); err != nil {
		return nil, refuse("unreadable hello: %v", err)
	}
	h.Refused = printable([]byte(h.Refused))
	return h, nil
}

// judgeHello returns why the other side's hello is refused, or nil.
func (e *Engine) judgeHello(h *hello) error {
	return e.judgeStranger(h.Major, h.Node, h.Cluster == e.opts.Cluster, fmt.Sprintf("%q", h.Cluster), h.Fingerprint)
}

// judgeStranger finds the first reason not to talk to somebody who says this
// about himself. The words name both sides, for they are read on both.
func (e *Engine) judgeStranger(major int, node string, sameCluster bool, cluster, fingerprint string) error {
	mine := hex.EncodeToString(e.id.fingerprint[:])
	switch {
	case major != protocolMajor:
		return refuse("node %q speaks protocol %d, node %q speaks %d: install the same major version on both", node, major, e.opts.Node, protocolMajor)
	case !sameCluster:
		return refuse("node %q belongs to cluster %s, node %q to %q: check the cluster name and the addresses", node, cluster, e.opts.Node, e.opts.Cluster)
	case fingerprint != mine:
		return refuse("node %q has another secret (fingerprint %s) than node %q (%s): copy the secret file of one to the other", node, fingerprint, e.opts.Node, mine)
	case node == e.opts.Node:
		return refuse("another host calls itself %q: node names must differ", node)
	case e.peers[node] == nil:
		return refuse("node %q is not configured on node %q: give all nodes the same configuration", node, e.opts.Node)
	}
	return nil
}

func (e *Engine) ourHello(to string) *hello {
	return &hello{
		Major: protocolMajor, Minor: protocolMinor, Cluster: e.opts.Cluster,
		Node: e.opts.Node, To: to, Fingerprint: hex.EncodeToString(e.id.fingerprint[:]),
	}
}

// greetAsDialer exchanges hellos and begins TLS as the dialing side.
func (e *Engine) greetAsDialer(conn net.Conn, peer string) (*tls.Conn, error) {
	if err := writeHello(conn, e.ourHello(peer)); err != nil {
		return nil, fmt.Errorf("send hello: %w", err)
	}
	h, err := readHello(conn)
	if err != nil {
		return nil, fmt.Errorf("read hello: %w", err)
	}
	if h.Refused != "" {
		return nil, refuse("refused by the other side: %s", h.Refused)
	}
	if err := e.judgeHello(h); err != nil {
		return nil, err
	}
	if h.Node != peer {
		return nil, refuse("node %q answers at an address of node %q: check the addresses", printable([]byte(h.Node)), peer)
	}
	tc := tls.Client(conn, e.id.tlsConfig(peer))
	if err := tc.Handshake(); err != nil {
		return nil, handshakeError(peer, err)
	}
	return tc, nil
}

// greetAsAcceptor exchanges hellos and begins TLS as the accepting side; it
// returns the peer's proven name.
func (e *Engine) greetAsAcceptor(conn net.Conn) (*tls.Conn, string, error) {
	h, err := readHello(conn)
	if err != nil {
		return nil, "", fmt.Errorf("read hello: %w", err)
	}
	verdict := e.judgeHello(h)
	if verdict == nil && h.To != e.opts.Node {
		verdict = refuse("node %q looks for node %q at an address of node %q: check the addresses", h.Node, printable([]byte(h.To)), e.opts.Node)
	}
	answer := e.ourHello(h.Node)
	if verdict != nil {
		answer.Refused = verdict.Error()
		// The reason is a courtesy; the connection is closed either way.
		_ = writeHello(conn, answer)
		return nil, "", verdict
	}
	if err := writeHello(conn, answer); err != nil {
		return nil, "", fmt.Errorf("send hello: %w", err)
	}
	tc := tls.Server(conn, e.id.tlsConfig(h.Node))
	if err := tc.Handshake(); err != nil {
		return nil, "", handshakeError(h.Node, err)
	}
	return tc, h.Node, nil
}

// handshakeError tells a peer that fails to prove itself, which is a refusal,
// from a connection that broke on the way, which says nothing about the peer
// and is tried again on the next link.
func handshakeError(node string, err error) error {
	var op *net.OpError
	broken := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &op) && op.Op != "remote error" // TLS's word for an alert of the other side
	if broken {
		return fmt.Errorf("TLS with node %q: %w", node, err)
	}
	return refuse("TLS with node %q: %v", node, err)
}

// handshakeTime bounds a handshake: long enough for a busy host, short enough
// to try another link within deadtime.
func (o *Options) handshakeTime() time.Duration {
	return max(o.DeadTime/2, 300*time.Millisecond)
}
