package lab

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/mdlayher/packet"
)

const (
	etherTypeARP = 0x0806
	arpRequest   = 1
	arpReply     = 2
	arpLength    = 28
	etherHeader  = 14
)

// Prober is a client on the service LAN that asks every 5 ms who has a service
// address, and notes every answer. It is the lab's witness that an address is
// served, by whom, and never by two.
type Prober struct {
	address netip.Addr
	self    netip.Addr // the fabric's own address on the service LAN
	conn    *packet.Conn
	mac     net.HardwareAddr

	mu      sync.Mutex
	last    map[string]time.Time // by answering MAC
	answers []time.Time          // of anybody, in order
	changed chan struct{}        // closed and renewed at each answer
	doubles []string
}

const probeInterval = 5 * time.Millisecond

// NewProber starts asking for address until ctx ends.
func (s *Site) NewProber(ctx context.Context, address string) (*Prober, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return nil, err
	}
	nic, err := net.InterfaceByName("br-" + ServiceLAN)
	if err != nil {
		return nil, err
	}
	conn, err := packet.Listen(nic, packet.Raw, etherTypeARP, nil)
	if err != nil {
		return nil, fmt.Errorf("listen for ARP: %w", err)
	}
	self, err := fabricAddress(ServiceLAN)
	if err != nil {
		return nil, err
	}
	p := &Prober{address: ip, self: self, conn: conn, mac: nic.HardwareAddr, last: map[string]time.Time{}, changed: make(chan struct{})}
	s.goroutines.Go(func() {
		<-ctx.Done()
		_ = conn.Close()
	})
	s.goroutines.Go(p.listen)
	s.goroutines.Go(func() { p.ask(ctx) })
	return p, nil
}

func (p *Prober) ask(ctx context.Context) {
	broadcast := &packet.Addr{HardwareAddr: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	request := p.request()
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_, _ = p.conn.WriteTo(request, broadcast)
		}
	}
}

// request is an ARP question with the fabric's own addresses. A question
// without a sender's IP address would be a probe of somebody who wants the
// address for himself (RFC 5227), and be taken for a conflict.
func (p *Prober) request() []byte {
	frame := make([]byte, etherHeader+arpLength)
	copy(frame[0:6], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	copy(frame[6:12], p.mac)
	binary.BigEndian.PutUint16(frame[12:], etherTypeARP)
	arp := frame[etherHeader:]
	binary.BigEndian.PutUint16(arp[0:], 1)      // Ethernet
	binary.BigEndian.PutUint16(arp[2:], 0x0800) // IPv4
	arp[4], arp[5] = 6, 4
	binary.BigEndian.PutUint16(arp[6:], arpRequest)
	copy(arp[8:14], p.mac)
	own := p.self.As4()
	copy(arp[14:18], own[:])
	ip := p.address.As4()
	copy(arp[24:28], ip[:])
	return frame
}

func (p *Prober) listen() {
	buffer := make([]byte, 128)
	for {
		n, _, err := p.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if n < etherHeader+arpLength {
			continue
		}
		arp := buffer[etherHeader:n]
		sender, _ := netip.AddrFromSlice(arp[14:18])
		if binary.BigEndian.Uint16(arp[6:]) != arpReply || sender != p.address {
			continue
		}
		p.note(net.HardwareAddr(arp[8:14]).String(), time.Now())
	}
}

// doubleWindow is how close two answers of different machines must be to mean
// that both have the address: one question's answers are far closer.
const doubleWindow = 2 * time.Millisecond

func (p *Prober) note(mac string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for other, at := range p.last {
		if other != mac && now.Sub(at) < doubleWindow {
			p.doubles = append(p.doubles, fmt.Sprintf("%s is answered by %s and %s at %s", p.address, other, mac, now.Format("15:04:05.000")))
		}
	}
	p.last[mac] = now
	p.answers = append(p.answers, now)
	close(p.changed)
	p.changed = make(chan struct{})
}

// WaitAnswer waits for an answer that comes after since and returns its time.
func (p *Prober) WaitAnswer(ctx context.Context, since time.Time) (time.Time, error) {
	for {
		p.mu.Lock()
		changed := p.changed
		for _, at := range p.last {
			if at.After(since) {
				p.mu.Unlock()
				return at, nil
			}
		}
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("nobody answers for %s: %w", p.address, context.Cause(ctx))
		}
	}
}

// Doubles lists the moments at which two machines had the address.
func (p *Prober) Doubles() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.doubles...)
}

// LongestGap is the longest silence between two answers since a moment; a
// silence that lasts is not counted before it ends.
func (p *Prober) LongestGap(since time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	longest, before := time.Duration(0), since
	for _, at := range p.answers {
		if at.After(since) {
			longest, before = max(longest, at.Sub(before)), at
		}
	}
	return longest
}
