package ipaddr2

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// announce tells the network where the address is now: once at once, the rest
// of count in the background unless the configuration wants to wait for it. An
// announcement that fails is logged; the address works without it as soon as
// the neighbours' caches expire.
func (a *Agent) announce(ctx context.Context, resource string, c config, link netlink.Link, count int) {
	if count == 0 || !speaksARP(link) {
		return
	}
	say, done, err := announcer(link, c.ip)
	if err == nil {
		err = say()
	}
	if err != nil {
		a.log.Warn("announce-failed", "resource", resource, "ip", c.ip, "error", err)
		if done != nil {
			done()
		}
		return
	}
	if !c.background {
		a.repeat(ctx, resource, c, say, count-1)
		done()
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx.Err() != nil {
		done()
		return
	}
	if end := a.announcing[resource]; end != nil {
		end()
	}
	ctx, a.announcing[resource] = context.WithCancel(a.ctx)
	a.tasks.Go(func() {
		defer done()
		a.repeat(ctx, resource, c, say, count-1)
	})
}

func (a *Agent) repeat(ctx context.Context, resource string, c config, say func() error, count int) {
	tick := time.NewTicker(c.announceInterval)
	defer tick.Stop()
	for range count {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := say(); err != nil {
			a.log.Warn("announce-failed", "resource", resource, "ip", c.ip, "error", err)
			return
		}
	}
}

// endAnnouncement stops announcing what is about to go.
func (a *Agent) endAnnouncement(resource string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if end := a.announcing[resource]; end != nil {
		end()
		delete(a.announcing, resource)
	}
}

// announcer returns what announces ip on link once, and what ends it.
func announcer(link netlink.Link, ip netip.Addr) (say func() error, done func(), err error) {
	mac := [6]byte(link.Attrs().HardwareAddr)
	protocol, to := unix.ETH_P_ARP, broadcast
	var frames [][]byte
	if ip.Is4() {
		// Some neighbours learn from requests only, some from replies only.
		for _, op := range []uint16{arpRequest, arpReply} {
			frames = append(frames, arpMessage{op: op, senderMAC: mac, targetMAC: [6]byte(broadcast), senderIP: ip.As4(), targetIP: ip.As4()}.encode())
		}
	} else {
		protocol, to = unix.ETH_P_IPV6, net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
		frame, err := advertisement(ip, mac)
		if err != nil {
			return nil, nil, err
		}
		frames = append(frames, frame)
	}
	conn, err := listen(link, protocol)
	if err != nil {
		return nil, nil, err
	}
	say = func() error {
		for _, f := range frames {
			if _, err := conn.WriteTo(f, &packet.Addr{HardwareAddr: to}); err != nil {
				return fmt.Errorf("cannot announce %s on %s: %w", ip, link.Attrs().Name, err)
			}
		}
		return nil
	}
	return say, func() { _ = conn.Close() }, nil
}

// advertisement is an unsolicited neighbour advertisement to all nodes, with
// the override flag and the target link-layer address option (RFC 4861, 7.2.6).
func advertisement(ip netip.Addr, mac [6]byte) ([]byte, error) {
	const override = 0x20
	header := &layers.IPv6{
		Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: ip.AsSlice(), DstIP: net.IPv6linklocalallnodes,
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborAdvertisement, 0)}
	if err := icmp.SetNetworkLayerForChecksum(header); err != nil {
		return nil, fmt.Errorf("make a neighbour advertisement for %s: %w", ip, err)
	}
	body := &layers.ICMPv6NeighborAdvertisement{
		Flags: override, TargetAddress: ip.AsSlice(),
		Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: mac[:]}},
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, header, icmp, body)
	if err != nil {
		return nil, fmt.Errorf("make a neighbour advertisement for %s: %w", ip, err)
	}
	return buf.Bytes(), nil
}
