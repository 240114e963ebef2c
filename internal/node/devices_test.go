package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kvmha/internal/cib"
)

func stonithDevice(id string, pairs ...string) *cib.Resource {
	r := &cib.Resource{ID: id, Kind: cib.Primitive, Class: "stonith", Type: "fence_x", Params: []cib.NVSet{{ID: id + "-p"}}}
	for i := 0; i < len(pairs); i += 2 {
		r.Params[0].Pairs = append(r.Params[0].Pairs, cib.NV{Name: pairs[i], Value: pairs[i+1]})
	}
	return r
}

func coreWith(t *testing.T, conf cib.Configuration) *Core {
	t.Helper()
	c, err := New(Config{Node: "a", Cluster: "c", Incarnation: "i", BootID: "b", Seed: 7, Initial: conf,
		Quorum: quorumOf("a", "b"), Schedule: tinySchedule})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Pacemaker Explained, "Fencing": which devices fence a node, in what order.
func TestDevicesAreResolvedForATarget(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		devices []*cib.Resource
		levels  []cib.FencingLevel
		want    string
	}{
		{"a device that lists the target", []*cib.Resource{stonithDevice("d", "pcmk_host_list", "a b")}, nil, "1:d(nodename=b port=b)"},
		{"a device that lists others", []*cib.Resource{stonithDevice("d", "pcmk_host_list", "a c")}, nil, ""},
		{"a map gives the port", []*cib.Resource{stonithDevice("d", "pcmk_host_map", "a:1;b:2,3")}, nil, "1:d(nodename=b port=2,3)"},
		{"another argument for the port", []*cib.Resource{stonithDevice("d", "pcmk_host_map", "b:2", "pcmk_host_argument", "plug")}, nil, "1:d(nodename=b plug=2)"},
		{"no argument at all", []*cib.Resource{stonithDevice("d", "pcmk_host_argument", "none", "ip", "10.0.0.1")}, nil, "1:d(ip=10.0.0.1 nodename=b)"},
		{"host check none takes every target", []*cib.Resource{stonithDevice("d", "pcmk_host_list", "a", "pcmk_host_check", "none")}, nil, "1:d(nodename=b port=b)"},
		{"without a topology one device after the other", []*cib.Resource{stonithDevice("d2"), stonithDevice("d1")}, nil, "1:d1(nodename=b port=b) 2:d2(nodename=b port=b)"},
		{"a topology by name, its levels in order", []*cib.Resource{stonithDevice("d1"), stonithDevice("d2"), stonithDevice("d3")},
			[]cib.FencingLevel{{Target: "b", Index: 2, Devices: []string{"d3"}}, {Target: "b", Index: 1, Devices: []string{"d1", "d2"}}, {Target: "a", Index: 1, Devices: []string{"d3"}}},
			"1:d1(nodename=b port=b)+d2(nodename=b port=b) 2:d3(nodename=b port=b)"},
		{"a topology by pattern", []*cib.Resource{stonithDevice("d1"), stonithDevice("d2")},
			[]cib.FencingLevel{{TargetPattern: "^b$", Index: 1, Devices: []string{"d2"}}}, "1:d2(nodename=b port=b)"},
		{"a topology by attribute", []*cib.Resource{stonithDevice("d1"), stonithDevice("d2")},
			[]cib.FencingLevel{{TargetAttr: "rack", TargetValue: "2", Index: 1, Devices: []string{"d2"}}}, "1:d2(nodename=b port=b)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := coreWith(t, cib.Configuration{Resources: tc.devices, Fencing: tc.levels,
				Nodes: []cib.Node{{ID: "b", Uname: "b", Attributes: []cib.NVSet{{Pairs: []cib.NV{{Name: "rack", Value: "2"}}}}}}})
			levels, _ := c.fenceLevels("b")
			var got []string
			for _, l := range levels {
				var devices []string
				for _, d := range l.Devices {
					var params []string
					for _, p := range d.Params {
						params = append(params, p.Name+"="+p.Value)
					}
					devices = append(devices, d.ID+"("+strings.Join(params, " ")+")")
				}
				got = append(got, fmt.Sprintf("%d:%s", l.Index, strings.Join(devices, "+")))
			}
			if text := strings.Join(got, " "); text != tc.want {
				t.Errorf("got  %s\nwant %s", text, tc.want)
			}
		})
	}
}

func TestFencingDelaysAreThoseOfTheDevice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		base, most string
		from, to   time.Duration
	}{
		{"none", "", "", 0, 0},
		{"a base", "2s", "", 2 * time.Second, 2 * time.Second},
		{"a base for each node", "a:9s;b:3s", "", 3 * time.Second, 3 * time.Second},
		{"a random part up to the most", "1s", "4s", time.Second, 4 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := coreWith(t, cib.Configuration{Resources: []*cib.Resource{stonithDevice("d", "pcmk_delay_base", tc.base, "pcmk_delay_max", tc.most)}})
			for range 50 {
				if _, got := c.fenceLevels("b"); got < tc.from || got > tc.to {
					t.Errorf("delay %v, want %v to %v", got, tc.from, tc.to)
				}
			}
		})
	}
}
