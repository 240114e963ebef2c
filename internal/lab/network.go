package lab

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
)

// LAN is one network of the site: a bridge in the fabric's namespace and, on
// every host, an interface of the LAN's name.
type LAN struct {
	Name   string
	Prefix string // the first three octets; host N has .N, the fabric .254
}

// The three LANs of a site. The service LAN is where clients and service
// addresses are.
var lans = []LAN{{"hb0", "10.77.0"}, {"hb1", "10.77.1"}, {"svc0", "10.77.9"}}

// ServiceLAN is the name of the LAN of clients and service addresses.
const ServiceLAN = "svc0"

// fabricAddress is the fabric's own address on a LAN.
func fabricAddress(name string) (netip.Addr, error) {
	for _, lan := range lans {
		if lan.Name == name {
			return netip.ParseAddr(lan.Prefix + ".254")
		}
	}
	return netip.Addr{}, fmt.Errorf("no LAN %q", name)
}

// buildLANs makes the bridges in the current network namespace.
func buildLANs() error {
	if lo, err := netlink.LinkByName("lo"); err == nil {
		if err := netlink.LinkSetUp(lo); err != nil {
			return fmt.Errorf("bring up lo: %w", err)
		}
	}
	// Frames between the hosts are not the business of a firewall.
	_ = os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("0"), 0o644)
	for _, lan := range lans {
		bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br-" + lan.Name}}
		if err := netlink.LinkAdd(bridge); err != nil {
			return fmt.Errorf("make bridge %s: %w", bridge.Name, err)
		}
		if err := addAddress(bridge, lan.Prefix+".254"); err != nil {
			return err
		}
		if err := netlink.LinkSetUp(bridge); err != nil {
			return fmt.Errorf("bring up %s: %w", bridge.Name, err)
		}
	}
	return nil
}

// plug connects host number n, whose first process is pid, to every LAN. The
// far ends get their addresses inside the host, by configureLinks.
func plug(n, pid int) error {
	for _, lan := range lans {
		near := fmt.Sprintf("%s-%d", lan.Name, n)
		if old, err := netlink.LinkByName(near); err == nil {
			_ = netlink.LinkDel(old)
		}
		veth := &netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: near},
			PeerName:  near + "p",
		}
		if err := netlink.LinkAdd(veth); err != nil {
			return fmt.Errorf("make cable %s: %w", near, err)
		}
		far, err := netlink.LinkByName(near + "p")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetNsPid(far, pid); err != nil {
			return fmt.Errorf("give cable %s to host %d: %w", near, n, err)
		}
		bridge, err := netlink.LinkByName("br-" + lan.Name)
		if err != nil {
			return err
		}
		if err := netlink.LinkSetMaster(veth, bridge); err != nil {
			return fmt.Errorf("plug %s into %s: %w", near, bridge.Attrs().Name, err)
		}
		if err := netlink.LinkSetUp(veth); err != nil {
			return fmt.Errorf("bring up %s: %w", near, err)
		}
	}
	return nil
}

// unplug takes all cables of a host away.
func unplug(n int) {
	for _, lan := range lans {
		if link, err := netlink.LinkByName(fmt.Sprintf("%s-%d", lan.Name, n)); err == nil {
			_ = netlink.LinkSetDown(link)
		}
	}
}

// setCable plugs or unplugs one LAN of a host: the host's carrier stays, its
// packets vanish, as when a switch fails.
func setCable(n int, lan string, plugged bool) error {
	link, err := netlink.LinkByName(fmt.Sprintf("%s-%d", lan, n))
	if err != nil {
		return err
	}
	if !plugged {
		return netlink.LinkSetNoMaster(link)
	}
	bridge, err := netlink.LinkByName("br-" + lan)
	if err != nil {
		return err
	}
	return netlink.LinkSetMaster(link, bridge)
}

// configureLinks names and addresses the interfaces inside host number n. It
// runs in the host's network namespace, after plug.
func configureLinks(n int) error {
	if lo, err := netlink.LinkByName("lo"); err == nil {
		if err := netlink.LinkSetUp(lo); err != nil {
			return fmt.Errorf("bring up lo: %w", err)
		}
	}
	for _, lan := range lans {
		link, err := netlink.LinkByName(fmt.Sprintf("%s-%dp", lan.Name, n))
		if err != nil {
			return fmt.Errorf("find the cable of %s: %w", lan.Name, err)
		}
		if err := netlink.LinkSetName(link, lan.Name); err != nil {
			return fmt.Errorf("name %s: %w", lan.Name, err)
		}
		if err := addAddress(link, fmt.Sprintf("%s.%d", lan.Prefix, n)); err != nil {
			return err
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return fmt.Errorf("bring up %s: %w", lan.Name, err)
		}
	}
	return nil
}

func addAddress(link netlink.Link, ip string) error {
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(ip), Mask: net.CIDRMask(24, 32)}}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("give %s to %s: %w", ip, link.Attrs().Name, err)
	}
	return nil
}
