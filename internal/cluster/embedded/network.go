package embedded

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Network makes the engine's sockets. Each is bound to one address of this
// node, so that a link's traffic stays on that link.
type Network interface {
	// ListenPacket opens a UDP socket.
	ListenPacket(ctx context.Context, local netip.AddrPort) (net.PacketConn, error)
	// Listen opens a TCP listener.
	Listen(ctx context.Context, local netip.AddrPort) (net.Listener, error)
	// Dial opens a TCP connection from local to remote.
	Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error)
}

// hostNetwork is the host's own network.
type hostNetwork struct{}

var _ Network = hostNetwork{}

func (hostNetwork) ListenPacket(ctx context.Context, local netip.AddrPort) (net.PacketConn, error) {
	lc := net.ListenConfig{Control: freeBind}
	return lc.ListenPacket(ctx, "udp", local.String())
}

func (hostNetwork) Listen(ctx context.Context, local netip.AddrPort) (net.Listener, error) {
	lc := net.ListenConfig{Control: freeBind}
	return lc.Listen(ctx, "tcp", local.String())
}

func (hostNetwork) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
	return d.DialContext(ctx, "tcp", remote.String())
}

// freeBind lets a socket be bound before its address exists: a link whose
// cable is out when hostd starts works as soon as the address comes up.
func freeBind(network, _ string, c syscall.RawConn) error {
	var err error
	ctl := c.Control(func(fd uintptr) {
		if network == "udp6" || network == "tcp6" {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
			return
		}
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
	})
	if ctl != nil {
		return ctl
	}
	return err
}

// limitUnanswered makes the kernel give a connection up whose data nobody
// acknowledges for that long (TCP_USER_TIMEOUT), so that a session moves to
// another link instead of waiting for minutes.
func limitUnanswered(conn net.Conn, d time.Duration) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	// A kernel without the option only makes the move slower.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
}
