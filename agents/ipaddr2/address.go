package ipaddr2

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// list reads all addresses of a family. The kernel interrupts the dump when
// addresses change meanwhile; then it is read again.
func list(ip netip.Addr) ([]netlink.Addr, error) {
	for {
		all, err := netlink.AddrList(nil, family(ip))
		if errors.Is(err, netlink.ErrDumpInterrupted) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read this host's addresses: %w", err)
		}
		return all, nil
	}
}

// holders are the entries of ip on this host's interfaces, mostly none or one.
func holders(ip netip.Addr) ([]netlink.Addr, error) {
	all, err := list(ip)
	var held []netlink.Addr
	for _, a := range all {
		if got, ok := netip.AddrFromSlice(a.IP); ok && got.Unmap() == ip {
			held = append(held, a)
		}
	}
	return held, err
}

// add puts the address on its interface.
func add(c config, p place) error {
	a := &netlink.Addr{
		IPNet:       &net.IPNet{IP: c.ip.AsSlice(), Mask: net.CIDRMask(p.prefix, c.ip.BitLen())},
		PreferedLft: c.preferredLife,
	}
	if c.preferredLife > 0 {
		a.ValidLft = -1 // stays valid for ever, only deprecated
	}
	if c.broadcast.IsValid() {
		a.Broadcast = c.broadcast.AsSlice()
	}
	if c.label != "" {
		a.Label = p.link.Attrs().Name + ":" + c.label
	}
	if c.noPrefixRoute {
		a.Flags |= unix.IFA_F_NOPREFIXROUTE
	}
	if c.ip.Is6() && !c.duplicateCheck {
		a.Flags |= unix.IFA_F_NODAD
	}
	if err := netlink.AddrAdd(p.link, a); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("cannot put %s/%d on %s: %w", c.ip, p.prefix, p.link.Attrs().Name, err)
	}
	return nil
}

// remove takes the address from wherever it is.
func remove(ip netip.Addr) error {
	held, err := holders(ip)
	if err != nil {
		return err
	}
	for _, a := range held {
		if err := removeOne(a); err != nil {
			return fmt.Errorf("cannot remove %s: %w", ip, err)
		}
	}
	return nil
}

// removeOne removes one entry. When the first IPv4 address of a subnet goes,
// the kernel takes the others of the subnet along, which may be services of
// their own; promote_secondaries keeps them.
func removeOne(a netlink.Addr) error {
	link, err := linkOf(a)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil // the interface is gone, and the address with it
	}
	if err != nil {
		return err // the address may still be there
	}
	dependent, err := hasSecondaries(a)
	if err != nil {
		return err
	}
	if dependent {
		knob := "/proc/sys/net/ipv4/conf/" + link.Attrs().Name + "/promote_secondaries"
		if err := os.WriteFile(knob, []byte("1"), 0); err != nil {
			return fmt.Errorf("it would take other addresses of its subnet along, and %s cannot be set: %w", knob, err)
		}
	}
	err = netlink.AddrDel(link, &netlink.Addr{IPNet: a.IPNet, Peer: a.Peer})
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// hasSecondaries tells whether other addresses depend on this one.
func hasSecondaries(first netlink.Addr) (bool, error) {
	if first.IP.To4() == nil || first.Flags&unix.IFA_F_SECONDARY != 0 {
		return false, nil
	}
	ip, _ := netip.AddrFromSlice(first.IP)
	all, err := list(ip.Unmap())
	for _, a := range all {
		if a.LinkIndex == first.LinkIndex && a.Flags&unix.IFA_F_SECONDARY != 0 && first.Contains(a.IP) {
			return true, nil
		}
	}
	return false, err
}

func dadFailed(a netlink.Addr) bool { return a.Flags&unix.IFA_F_DADFAILED != 0 }

func tentative(a netlink.Addr) bool { return a.Flags&unix.IFA_F_TENTATIVE != 0 }

func family(ip netip.Addr) int {
	if ip.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}
