package ipaddr2

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// place is where an address belongs.
type place struct {
	link   netlink.Link
	prefix int
}

// place finds the interface and prefix of the address: as configured, the rest
// by the most specific route to it that needs no gateway.
func (c config) place() (place, error) {
	p := place{prefix: c.prefix}
	if c.nic != "" {
		link, err := netlink.LinkByName(c.nic)
		if err != nil {
			return p, fmt.Errorf("there is no interface %q on this host: %w", c.nic, err)
		}
		p.link = link
		if p.prefix >= 0 {
			return p, nil
		}
	}
	routes, err := netlink.RouteList(p.link, family(c.ip))
	if err != nil {
		return p, fmt.Errorf("cannot read this host's routes: %w", err)
	}
	var best *netlink.Route
	for i, r := range routes {
		if r.Gw != nil || r.Dst == nil || !r.Dst.Contains(c.ip.AsSlice()) || ones(r.Dst) == 0 {
			continue
		}
		if best == nil || ones(r.Dst) > ones(best.Dst) {
			best = &routes[i]
		}
	}
	if best == nil {
		return p, fmt.Errorf("no network of this host's interfaces contains %s: set nic and cidr_netmask", c.ip)
	}
	if p.prefix < 0 {
		p.prefix = ones(best.Dst)
	}
	if p.link == nil {
		p.link, err = netlink.LinkByIndex(best.LinkIndex)
		if err != nil {
			return p, fmt.Errorf("cannot find the interface of the route to %s: %w", c.ip, err)
		}
	}
	return p, nil
}

func ones(n *net.IPNet) int {
	bits, _ := n.Mask.Size()
	return bits
}

func linkOf(a netlink.Addr) (netlink.Link, error) {
	link, err := netlink.LinkByIndex(a.LinkIndex)
	if err != nil {
		return nil, fmt.Errorf("cannot find the interface of %s: %w", a.IP, err)
	}
	return link, nil
}

// down says why an interface carries nothing, "" if it does. Drivers that
// report no operational state (RFC 2863) count as up when they are set up.
func down(link netlink.Link) string {
	attrs := link.Attrs()
	switch {
	case attrs.Flags&net.FlagUp == 0:
		return "interface " + attrs.Name + " is set down"
	case attrs.OperState == netlink.OperDown, attrs.OperState == netlink.OperLowerLayerDown, attrs.OperState == netlink.OperNotPresent:
		return "interface " + attrs.Name + " has no link (" + attrs.OperState.String() + "); see its cable and switch"
	}
	return ""
}

// speaksARP tells whether anybody could answer on the interface.
func speaksARP(link netlink.Link) bool {
	attrs := link.Attrs()
	const noARP = 0x80 // IFF_NOARP, netdevice(7)
	return attrs.Flags&net.FlagLoopback == 0 && attrs.RawFlags&noARP == 0 && len(attrs.HardwareAddr) == 6
}
