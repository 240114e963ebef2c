package embedded

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestOptionsSayEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	addr := func(s string) netip.Addr { return netip.MustParseAddr(s) }
	good := func() Options {
		return Options{
			Cluster: "alpha", Node: "a", Incarnation: "1", Secret: make([]byte, 32),
			Nodes: []Node{
				{Name: "a", Links: map[string]netip.Addr{"lan1": addr("10.0.0.1")}},
				{Name: "b", Links: map[string]netip.Addr{"lan1": addr("10.0.0.2")}},
			},
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Options)
		says   []string
	}{
		{"good options", func(*Options) {}, nil},
		{"no cluster name and a short secret", func(o *Options) { o.Cluster, o.Secret = "", nil }, []string{"cluster name", "vm-ctl keygen"}},
		{"a node that is not configured", func(o *Options) { o.Node = "x" }, []string{`"x" is not among`}},
		{"one node only", func(o *Options) { o.Nodes = o.Nodes[:1] }, []string{"1 nodes configured"}},
		{"one address twice", func(o *Options) { o.Nodes[1].Links["lan1"] = addr("10.0.0.1") }, []string{"is also a link lan1"}},
		{"an address that is none", func(o *Options) { o.Nodes[1].Links["lan1"] = addr("0.0.0.0") }, []string{"no address of a host"}},
		{"keepalive too near to deadtime", func(o *Options) { o.KeepAlive, o.DeadTime = 500*ms, time.Second }, []string{"third of deadtime"}},
		{"warntime beyond deadtime", func(o *Options) { o.WarnTime = time.Minute }, []string{"warntime 1m0s"}},
		{"one port for both", func(o *Options) { o.GossipPort, o.PeerPort = 99, 99 }, []string{"both 99"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := good()
			c.change(&o)
			_, err := New(o)
			if len(c.says) == 0 && err != nil {
				t.Fatal(err)
			}
			for _, text := range c.says {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("%v does not say %q", err, text)
				}
			}
		})
	}
}

func TestAnAddressInUseIsNamed(t *testing.T) {
	t.Parallel()
	l := newLab(t, time.Second, "a", "b")
	l.start("a", "a1").await(t, 0, "a view", members("a"))
	again := newEngine(t, l, func(o *Options) { o.Node = "a" })
	err := again.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is another hostd running") || !strings.Contains(err.Error(), l.addr(1, 0).String()) {
		t.Errorf("error is %v", err)
	}
}
