package ipaddr2

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ARP operations (RFC 826).
const (
	arpRequest = 1
	arpReply   = 2
)

// arpMessage is an ARP message for IPv4 over Ethernet (RFC 826).
type arpMessage struct {
	op                   uint16
	senderMAC, targetMAC [6]byte
	senderIP, targetIP   [4]byte
}

// arpHeader is hardware type 1, protocol 0x0800, and the lengths 6 and 4.
var arpHeader = [6]byte{0, 1, 8, 0, 6, 4}

func (m arpMessage) encode() []byte {
	b := append(make([]byte, 0, 28), arpHeader[:]...)
	b = binary.BigEndian.AppendUint16(b, m.op)
	b = append(append(b, m.senderMAC[:]...), m.senderIP[:]...)
	return append(append(b, m.targetMAC[:]...), m.targetIP[:]...)
}

func decodeARP(b []byte) (m arpMessage, ok bool) {
	if len(b) < 28 || [6]byte(b[:6]) != arpHeader {
		return m, false
	}
	m.op = binary.BigEndian.Uint16(b[6:])
	m.senderMAC, m.senderIP = [6]byte(b[8:]), [4]byte(b[14:])
	m.targetMAC, m.targetIP = [6]byte(b[18:]), [4]byte(b[24:])
	return m, true
}

// conflicts tells whether a message shows that another host has ip or is
// about to take it (RFC 5227, 2.1.1).
func (m arpMessage) conflicts(ip netip.Addr, ours [6]byte) bool {
	if m.senderMAC == ours {
		return false
	}
	probing := m.op == arpRequest && m.senderIP == [4]byte{} && m.targetIP == ip.As4()
	return m.senderIP == ip.As4() || probing
}

// probe asks the network who has the address and returns an error that names
// the one who answers.
func probe(ctx context.Context, link netlink.Link, c config) error {
	conn, err := listen(link, unix.ETH_P_ARP)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	ours := [6]byte(link.Attrs().HardwareAddr)
	question := arpMessage{op: arpRequest, senderMAC: ours, targetIP: c.ip.As4()}.encode()
	for range c.probeCount {
		if _, err := conn.WriteTo(question, &packet.Addr{HardwareAddr: broadcast}); err != nil {
			return fmt.Errorf("cannot ask on %s who has %s: %w", link.Attrs().Name, c.ip, err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(c.probeInterval))
		if ctx.Err() != nil {
			return fmt.Errorf("%s was not taken: %w", c.ip, ctx.Err())
		}
		if err := listenForOwner(conn, link, c.ip); err != nil {
			return err
		}
	}
	return nil
}

// listenForOwner reads until the deadline of conn, or until somebody claims ip.
func listenForOwner(conn *packet.Conn, link netlink.Link, ip netip.Addr) error {
	ours := [6]byte(link.Attrs().HardwareAddr)
	buf := make([]byte, 128)
	for {
		n, _, err := conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot listen on %s for who has %s: %w", link.Attrs().Name, ip, err)
		}
		if m, ok := decodeARP(buf[:n]); ok && m.conflicts(ip, ours) {
			return fmt.Errorf("%s is in use by %s on the network of %s: another host still has it; stop it there, or fence that host",
				ip, net.HardwareAddr(m.senderMAC[:]), link.Attrs().Name)
		}
	}
}

// broadcast is Ethernet's.
var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// listen opens a packet socket for one protocol of an interface.
func listen(link netlink.Link, protocol int) (*packet.Conn, error) {
	attrs := link.Attrs()
	conn, err := packet.Listen(&net.Interface{Index: attrs.Index, Name: attrs.Name, MTU: attrs.MTU, HardwareAddr: attrs.HardwareAddr},
		packet.Datagram, protocol, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot open a packet socket on %s (is hostd root?): %w", attrs.Name, err)
	}
	return conn, nil
}
