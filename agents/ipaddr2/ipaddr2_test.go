package ipaddr2

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"kvmha/agents"
	"kvmha/internal/cib"
	"kvmha/internal/need"
)

func op(name string, params ...string) cib.Operation {
	o := cib.Operation{Resource: "vip", Name: name}
	for i := 0; i < len(params); i += 2 {
		o.Params = append(o.Params, cib.NV{Name: params[i], Value: params[i+1]})
	}
	return o
}

func newAgent(t *testing.T) *Agent {
	t.Helper()
	a := New(slog.New(slog.DiscardHandler))
	t.Cleanup(a.Close)
	return a
}

func want(t *testing.T, got agents.Outcome, rc cib.RC, reason string) {
	t.Helper()
	if got.RC != rc || !strings.Contains(got.ExitReason, reason) {
		t.Fatalf("got %v (%s), want %v (…%s…)", got.RC, got.ExitReason, rc, reason)
	}
}

func TestParametersAreReadOrRefused(t *testing.T) {
	tests := map[string]struct {
		params []string
		wrong  string // "" = accepted
	}{
		"an address alone":                   {[]string{"ip", "10.9.0.100"}, ""},
		"all that is usual":                  {[]string{"ip", "10.9.0.100", "nic", "eth0", "cidr_netmask", "24", "broadcast", "10.9.0.255", "iflabel", "a", "lvs_support", "false", "arp_bg", "yes", "mac", ""}, ""},
		"a dotted netmask":                   {[]string{"ip", "10.9.0.100", "cidr_netmask", "255.255.255.0"}, ""},
		"no address":                         {nil, `"ip" is required`},
		"an address that is none":            {[]string{"ip", "10.77.9.300"}, `ip="10.77.9.300" is no IPv4 or IPv6 address`},
		"a prefix too long":                  {[]string{"ip", "10.9.0.100", "cidr_netmask", "33"}, "prefix length of 1 to 32"},
		"a netmask with a hole":              {[]string{"ip", "10.9.0.100", "cidr_netmask", "255.0.255.0"}, "cidr_netmask"},
		"an unknown name":                    {[]string{"ip", "10.9.0.100", "cidr_netmsk", "24"}, `did you mean "cidr_netmask"?`},
		"what CLUSTERIP needed":              {[]string{"ip", "10.9.0.100", "mac", "aa:bb"}, "use ocf:heartbeat:IPaddr2"},
		"LVS":                                {[]string{"ip", "10.9.0.100", "lvs_support", "true"}, "use ocf:heartbeat:IPaddr2"},
		"a label too long for the kernel":    {[]string{"ip", "10.9.0.100", "nic", "enp0s31f6", "iflabel", "service"}, "15 characters"},
		"a link-local address on no link":    {[]string{"ip", "fe80::1"}, "is needed"},
		"a label on IPv6":                    {[]string{"ip", "fd00::1", "iflabel", "a"}, "IPv4 only"},
		"a count that is no number":          {[]string{"ip", "10.9.0.100", "arp_count", "many"}, "arp_count"},
		"an interval that is no time":        {[]string{"ip", "10.9.0.100", "probe_interval", "soon"}, "probe_interval"},
		"a switch that is neither on or off": {[]string{"ip", "10.9.0.100", "duplicate_check", "perhaps"}, "neither true nor false"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(op("start", tt.params...))
			if tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("got %v, want %q", err, tt.wrong)
			}
		})
	}
}

func TestARPMessagesSurviveTheWireAndTellConflicts(t *testing.T) {
	ip, ours, theirs := netip.MustParseAddr("10.9.0.100"), [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	tests := map[string]struct {
		m    arpMessage
		want bool
	}{
		"a reply of the owner":           {arpMessage{op: arpReply, senderMAC: theirs, senderIP: ip.As4()}, true},
		"an announcement of the owner":   {arpMessage{op: arpRequest, senderMAC: theirs, senderIP: ip.As4(), targetIP: ip.As4()}, true},
		"somebody else's probe":          {arpMessage{op: arpRequest, senderMAC: theirs, targetIP: ip.As4()}, true},
		"our own probe, coming back":     {arpMessage{op: arpRequest, senderMAC: ours, targetIP: ip.As4()}, false},
		"a neighbour asking for it":      {arpMessage{op: arpRequest, senderMAC: theirs, senderIP: [4]byte{10, 9, 0, 2}, targetIP: ip.As4()}, false},
		"a reply about another address":  {arpMessage{op: arpReply, senderMAC: theirs, senderIP: [4]byte{10, 9, 0, 2}}, false},
		"a probe of another's new start": {arpMessage{op: arpRequest, senderMAC: theirs, targetIP: [4]byte{10, 9, 0, 3}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := decodeARP(tt.m.encode())
			if !ok || got != tt.m {
				t.Fatalf("decoded %+v, want %+v", got, tt.m)
			}
			if got.conflicts(ip, ours) != tt.want {
				t.Errorf("conflicts: %t", !tt.want)
			}
		})
	}
	if _, ok := decodeARP([]byte("short")); ok {
		t.Error("garbage was decoded")
	}
}

func FuzzDecodeARP(f *testing.F) {
	f.Add(arpMessage{op: arpReply, senderIP: [4]byte{10, 9, 0, 100}}.encode())
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if m, ok := decodeARP(frame); ok && string(m.encode()) != string(frame[:28]) {
			t.Errorf("%x became %+v", frame, m)
		}
	})
}

func TestAnAddressComesAnnouncedAndGoes(t *testing.T) {
	n := newNetwork(t)
	a := newAgent(t)
	seen := n.capture(t, unix.ETH_P_ARP)
	vip := []string{"ip", "10.9.0.100", "iflabel", "v", "arp_interval", "10"}

	want(t, a.Run(t.Context(), op("monitor", vip...)), cib.NotRunning, "")
	began := time.Now()
	want(t, a.Run(t.Context(), op("start", vip...)), cib.OK, "")
	if took := time.Since(began); took > time.Second {
		t.Errorf("start took %v, 100 ms is expected", took)
	}
	want(t, a.Run(t.Context(), op("monitor", vip...)), cib.OK, "")
	want(t, a.Run(t.Context(), op("start", vip...)), cib.OK, "")

	held, err := holders(netip.MustParseAddr("10.9.0.100"))
	if err != nil || len(held) != 1 || held[0].Label != "svc0:v" || ones(held[0].IPNet) != 24 {
		t.Errorf("held %+v, %v", held, err)
	}
	mine, err := netlink.LinkByName("svc0")
	if err != nil {
		t.Fatal(err)
	}
	m := arpMessage{op: arpRequest, senderMAC: [6]byte(mine.Attrs().HardwareAddr), targetMAC: [6]byte(broadcast),
		senderIP: [4]byte{10, 9, 0, 100}, targetIP: [4]byte{10, 9, 0, 100}}
	seen(m.encode())
	m.op = arpReply
	for range 4 {
		seen(m.encode()) // the rest comes from the background
	}

	want(t, a.Run(t.Context(), op("stop", vip...)), cib.OK, "")
	want(t, a.Run(t.Context(), op("stop", vip...)), cib.OK, "")
	recurring := op("monitor", vip...)
	recurring.Interval = time.Second
	want(t, a.Run(t.Context(), recurring), cib.NotRunning, "is on no interface of this host any more")
}

func TestAnAddressThatAnotherHostHasIsNotTaken(t *testing.T) {
	n := newNetwork(t)
	a := newAgent(t)
	n.owns(t, "10.9.0.100/24")
	got := a.Run(t.Context(), op("start", "ip", "10.9.0.100"))
	want(t, got, cib.UnknownError, n.link.Attrs().HardwareAddr.String())
	if held, err := holders(netip.MustParseAddr("10.9.0.100")); err != nil || len(held) != 0 {
		t.Errorf("held %v, %v", held, err)
	}
	want(t, a.Run(t.Context(), op("start", "ip", "10.9.0.100", "duplicate_check", "off")), cib.OK, "")
}

func TestIPv6WaitsForTheKernelsDuplicateDetection(t *testing.T) {
	n := newNetwork(t)
	need.File(t, "/proc/sys/net/ipv6/conf/svc0", "a kernel with IPv6")
	a := newAgent(t)
	n.owns(t, "fd00:9::200/64")
	want(t, a.Run(t.Context(), op("start", "ip", "fd00:9::200")), cib.UnknownError, "duplicate address detection found another host")
	want(t, a.Run(t.Context(), op("monitor", "ip", "fd00:9::200")), cib.NotRunning, "")

	seen := n.capture(t, unix.ETH_P_IPV6)
	want(t, a.Run(t.Context(), op("start", "ip", "fd00:9::100")), cib.OK, "")
	want(t, a.Run(t.Context(), op("monitor", "ip", "fd00:9::100")), cib.OK, "")
	const advertisement = 136
	seen([]byte{advertisement, 0})
	want(t, a.Run(t.Context(), op("stop", "ip", "fd00:9::100")), cib.OK, "")
}

func TestALostLinkFailsTheAddress(t *testing.T) {
	n := newNetwork(t)
	a := newAgent(t)
	want(t, a.Run(t.Context(), op("start", "ip", "10.9.0.100")), cib.OK, "")
	changes := watch(t, a, op("monitor", "ip", "10.9.0.100"))
	if err := n.h.LinkSetDown(n.link); err != nil {
		t.Fatal(err)
	}
	await(t, changes, func() bool {
		got := a.Run(t.Context(), op("monitor", "ip", "10.9.0.100"))
		return got.RC == cib.UnknownError && strings.Contains(got.ExitReason, "svc0 has no link")
	})
	want(t, a.Run(t.Context(), op("start", "ip", "10.9.0.101")), cib.UnknownError, "svc0 has no link")
}

func TestARemovedAddressIsSeenWithinMilliseconds(t *testing.T) {
	newNetwork(t)
	a := newAgent(t)
	want(t, a.Run(t.Context(), op("start", "ip", "10.9.0.100")), cib.OK, "")
	changes := watch(t, a, op("monitor", "ip", "10.9.0.100"))
	began := time.Now()
	if err := remove(netip.MustParseAddr("10.9.0.100")); err != nil {
		t.Fatal(err)
	}
	await(t, changes, func() bool {
		return a.Run(t.Context(), op("monitor", "ip", "10.9.0.100")).RC == cib.NotRunning
	})
	took := time.Since(began)
	t.Logf("noticed after %v", took)
	if took > 500*time.Millisecond {
		t.Errorf("noticed only after %v", took)
	}
}

func TestRemovingTheFirstAddressOfASubnetKeepsTheOthers(t *testing.T) {
	newNetwork(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/svc0/promote_secondaries", []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	a := newAgent(t)
	for _, ip := range []string{"10.8.0.1", "10.8.0.2"} {
		want(t, a.Run(t.Context(), op("start", "ip", ip, "nic", "svc0", "cidr_netmask", "24")), cib.OK, "")
	}
	want(t, a.Run(t.Context(), op("stop", "ip", "10.8.0.1")), cib.OK, "")
	want(t, a.Run(t.Context(), op("monitor", "ip", "10.8.0.2")), cib.OK, "")
}

func TestAPlaceThatIsNotThereIsNamed(t *testing.T) {
	newNetwork(t)
	a := newAgent(t)
	want(t, a.Run(t.Context(), op("start", "ip", "192.0.2.1")), cib.NotConfigured, "set nic and cidr_netmask")
	want(t, a.Run(t.Context(), op("start", "ip", "192.0.2.1", "nic", "eth7")), cib.NotConfigured, `no interface "eth7"`)
	want(t, a.Run(t.Context(), op("start", "ip", "10.9.0.100", "nic", "lo", "cidr_netmask", "24")), cib.UnknownError, "lo is set down")
}

func TestAnEndedContextTakesNoAddress(t *testing.T) {
	newNetwork(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, newAgent(t).Run(ctx, op("start", "ip", "10.9.0.100")), cib.UnknownError, "was not taken")
	if held, _ := holders(netip.MustParseAddr("10.9.0.100")); len(held) != 0 {
		t.Errorf("held %v", held)
	}
}

// watch starts a Watch that ends with the test, and returns its calls.
func watch(t *testing.T, a *Agent, o cib.Operation) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan string, 64), make(chan error, 1)
	go func() { ended <- a.Watch(ctx, o, func(why string) { changes <- why }) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	<-changes // it listens
	return changes
}

// await looks again at every change until it is as wanted.
func await(t *testing.T, changes <-chan string, asWanted func() bool) {
	t.Helper()
	limit := time.After(5 * time.Second)
	for {
		select {
		case <-changes:
			if asWanted() {
				return
			}
		case <-limit:
			t.Fatal("nothing was noticed in 5 s")
		}
	}
}
