package ipaddr2

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"kvmha/internal/need"
)

// inNamespace marks the copy of the test binary that runs in a network
// namespace of its own, with all its threads.
const inNamespace = "KVMHA_TEST_IN_NAMESPACE"

func TestMain(m *testing.M) {
	if os.Getenv(inNamespace) == "" && os.Geteuid() == 0 {
		again := exec.Command("/proc/self/exe", os.Args[1:]...)
		again.Env = append(os.Environ(), inNamespace+"=1")
		again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
		again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		err := again.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.ExitCode())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "run the tests in a network namespace:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// network is a veth pair: "svc0" in this namespace with 10.9.0.1/24 and
// fd00:9::1/64, "peer0" in a namespace of its own, which is another host.
type network struct {
	peer netns.NsHandle
	h    *netlink.Handle
	link netlink.Link // peer0
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Getenv(inNamespace) == "" {
		need.Skip(t, "needs root, to make network namespaces")
	}
	n := &network{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	n.peer = newNamespace(t)
	must(netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "svc0"}, PeerName: "peer0"}))
	mine, err := netlink.LinkByName("svc0")
	must(err)
	t.Cleanup(func() { _ = netlink.LinkDel(mine) })
	theirs, err := netlink.LinkByName("peer0")
	must(err)
	must(netlink.LinkSetNsFd(theirs, int(n.peer)))
	n.h, err = netlink.NewHandleAt(n.peer)
	must(err)
	t.Cleanup(n.h.Close)
	n.link, err = n.h.LinkByName("peer0")
	must(err)
	must(n.h.LinkSetUp(n.link))
	must(netlink.LinkSetUp(mine))
	add := func(cidr string) {
		a, err := netlink.ParseAddr(cidr)
		must(err)
		a.Flags = unix.IFA_F_NODAD
		must(netlink.AddrAdd(mine, a))
	}
	add("10.9.0.1/24")
	if os.WriteFile("/proc/sys/net/ipv6/conf/svc0/disable_ipv6", []byte("0"), 0) == nil {
		add("fd00:9::1/64")
	}
	n.awaitUp(t)
	return n
}

// awaitUp waits for the kernel to see the carrier, by its notifications.
func (n *network) awaitUp(t *testing.T) {
	t.Helper()
	updates, done := make(chan netlink.LinkUpdate), make(chan struct{})
	if err := netlink.LinkSubscribeWithOptions(updates, done, netlink.LinkSubscribeOptions{ListExisting: true}); err != nil {
		t.Fatal(err)
	}
	for u := range updates {
		if u.Link.Attrs().Name == "svc0" && u.Link.Attrs().OperState == netlink.OperUp {
			close(done)
			for range updates { // until it is closed
			}
		}
	}
}

// owns gives the peer an address.
func (n *network) owns(t *testing.T, cidr string) {
	t.Helper()
	a, err := netlink.ParseAddr(cidr)
	if err != nil {
		t.Fatal(err)
	}
	a.Flags = unix.IFA_F_NODAD
	if err := n.h.AddrAdd(n.link, a); err != nil {
		t.Fatal(err)
	}
}

// capture returns what waits for a frame of the protocol that the peer
// receives and that contains want.
func (n *network) capture(t *testing.T, protocol int) func(want []byte) {
	t.Helper()
	var conn *packet.Conn
	var err error
	within(t, n.peer, func() {
		conn, err = packet.Listen(&net.Interface{Index: n.link.Attrs().Index, MTU: 1500, HardwareAddr: n.link.Attrs().HardwareAddr}, packet.Datagram, protocol, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return func(want []byte) {
		t.Helper()
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		buf := make([]byte, 2000)
		for {
			got, _, err := conn.ReadFrom(buf)
			if err != nil {
				t.Fatalf("the peer did not receive it: %v", err)
			}
			if bytes.Contains(buf[:got], want) {
				return
			}
		}
	}
}

// newNamespace makes a network namespace without leaving ours.
func newNamespace(t *testing.T) netns.NsHandle {
	t.Helper()
	var made netns.NsHandle
	var err error
	onThread(func() { made, err = netns.New() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	return made
}

func within(t *testing.T, ns netns.NsHandle, do func()) {
	t.Helper()
	var err error
	onThread(func() {
		if err = netns.Set(ns); err == nil {
			do()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// onThread runs do on a thread that ends with it, so that the namespace the
// thread has entered is nobody else's.
func onThread(do func()) {
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		do()
	}()
	<-ended
}
