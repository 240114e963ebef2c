package ipaddr2

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"kvmha/agents"
	"kvmha/internal/cib"
)

// config is what an operation's parameters say.
type config struct {
	ip        netip.Addr
	nic       string     // "" = by route
	prefix    int        // -1 = by route
	broadcast netip.Addr // invalid = the subnet's
	label     string     // the part after "NIC:"

	duplicateCheck bool
	probeCount     int
	probeInterval  time.Duration

	announceCount    int
	announceInterval time.Duration
	announceRefresh  int // announcements at every monitor
	background       bool

	noPrefixRoute bool
	preferredLife int // seconds, 0 = forever
}

// metadata describes the agent. The order is that of ocf:heartbeat:IPaddr2,
// its own parameters last.
var metadata = agents.Metadata{
	Name: "IPaddr2", Version: "1.1", ShortDesc: "a service address, IPv4 or IPv6",
	Parameters: []agents.Parameter{
		{Name: "ip", Unique: true, Required: true, Type: "string", ShortDesc: "the address"},
		{Name: "nic", Type: "string", ShortDesc: "the interface; default: by route"},
		{Name: "cidr_netmask", Type: "string", ShortDesc: "prefix length or netmask; default: by route"},
		{Name: "broadcast", Type: "string", ShortDesc: "broadcast address; default: the subnet's"},
		{Name: "iflabel", Type: "string", ShortDesc: "label of the address (IPv4)"},
		{Name: "lvs_support", Type: "boolean", Default: "false", ShortDesc: "not supported"},
		{Name: "lvs_ipv6_addrlabel", Type: "boolean", Default: "false", ShortDesc: "not supported"},
		{Name: "lvs_ipv6_addrlabel_value", Type: "integer", Default: "99", ShortDesc: "without effect"},
		{Name: "mac", Type: "string", ShortDesc: "not supported"},
		{Name: "clusterip_hash", Type: "string", Default: "sourceip-sourceport", ShortDesc: "without effect"},
		{Name: "unique_clone_address", Type: "boolean", Default: "false", ShortDesc: "not supported"},
		{Name: "arp_interval", Reloadable: true, Type: "integer", Default: "200", ShortDesc: "between announcements, in ms"},
		{Name: "arp_count", Reloadable: true, Type: "integer", Default: "5", ShortDesc: "announcements after start"},
		{Name: "arp_count_refresh", Reloadable: true, Type: "integer", Default: "0", ShortDesc: "announcements at every monitor"},
		{Name: "arp_bg", Reloadable: true, Type: "boolean", Default: "true", ShortDesc: "announce in the background"},
		{Name: "arp_sender", Type: "string", ShortDesc: "without effect"},
		{Name: "send_arp_opts", Type: "string", ShortDesc: "not supported"},
		{Name: "flush_routes", Type: "boolean", Default: "false", ShortDesc: "not supported"},
		{Name: "run_arping", Type: "boolean", Default: "false", ShortDesc: "without effect: see duplicate_check"},
		{Name: "nodad", Reloadable: true, Type: "boolean", Default: "false", ShortDesc: "no duplicate address detection (IPv6)"},
		{Name: "noprefixroute", Type: "boolean", Default: "false", ShortDesc: "add no route for the prefix"},
		{Name: "preferred_lft", Type: "string", Default: "forever", ShortDesc: "preferred life time in seconds (IPv6)"},
		{Name: "network_namespace", Type: "string", ShortDesc: "not supported"},
		{Name: "duplicate_check", Reloadable: true, Type: "boolean", Default: "true", ShortDesc: "ask who has the address before taking it"},
		{Name: "probe_count", Reloadable: true, Type: "integer", Default: "2", ShortDesc: "ARP probes"},
		{Name: "probe_interval", Reloadable: true, Type: "time", Default: "50ms", ShortDesc: "wait after each ARP probe"},
	},
	Actions: []agents.Action{
		{Name: "start", Timeout: "20s"}, {Name: "stop", Timeout: "20s"},
		{Name: "monitor", Timeout: "20s", Interval: "10s"},
		{Name: "reload-agent", Timeout: "20s"}, {Name: "validate-all", Timeout: "20s"},
	},
}

// unsupported are the parameters whose effect this agent does not have; what
// they may be set to is "" or a false value.
var unsupported = []string{"lvs_support", "lvs_ipv6_addrlabel", "mac", "unique_clone_address", "send_arp_opts", "flush_routes", "network_namespace"}

// reader reads parameters and collects what is wrong with them.
type reader struct {
	op   cib.Operation
	errs []error
}

// read returns the configuration of an operation, or all its errors.
func read(op cib.Operation) (config, error) {
	if err := metadata.CheckParams(op.Params); err != nil {
		return config{}, err
	}
	r := &reader{op: op}
	for _, name := range unsupported {
		text := op.Param(name)
		if b, err := cib.ParseBool(text); text != "" && (err != nil || b) {
			r.fail(name, "is not supported; use ocf:heartbeat:IPaddr2 for it")
		}
	}
	c := config{
		nic: op.Param("nic"), label: op.Param("iflabel"),
		ip: r.address("ip"), broadcast: r.address("broadcast"),
		duplicateCheck: r.boolean("duplicate_check", true) && !r.boolean("nodad", false),
		probeCount:     r.number("probe_count", 2, 1, 10),
		probeInterval:  r.duration("probe_interval", 50*time.Millisecond),
		announceCount:  r.number("arp_count", 5, 0, 1000),
		// In ms, as in ocf:heartbeat:IPaddr2.
		announceInterval: time.Duration(r.number("arp_interval", 200, 1, 60000)) * time.Millisecond,
		announceRefresh:  r.number("arp_count_refresh", 0, 0, 1000),
		background:       r.boolean("arp_bg", true),
		noPrefixRoute:    r.boolean("noprefixroute", false),
	}
	c.prefix = r.prefix(c.ip)
	if life := op.Param("preferred_lft"); life != "" && life != "forever" {
		c.preferredLife = r.number("preferred_lft", 0, 0, 1<<31-1)
	}
	if c.label != "" && c.ip.Is6() {
		r.fail("iflabel", "is for IPv4 only")
	}
	if c.nic == "" && c.ip.IsLinkLocalUnicast() {
		r.fail("nic", "is needed: a link-local address exists on every interface")
	}
	if len(c.nic) > 15 || c.nic != "" && len(c.nic+":"+c.label) > 15 && c.label != "" {
		r.fail("nic", "and iflabel together exceed the kernel's 15 characters")
	}
	return c, errors.Join(r.errs...)
}

func (r *reader) fail(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("parameter %s=%q %s", name, r.op.Param(name), fmt.Sprintf(format, args...)))
}

func (r *reader) address(name string) netip.Addr {
	text := r.op.Param(name)
	if text == "" {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.IsUnspecified() || ip.Zone() != "" {
		r.fail(name, "is no IPv4 or IPv6 address")
	}
	return ip.Unmap()
}

// prefix reads cidr_netmask: "24" or "255.255.255.0".
func (r *reader) prefix(ip netip.Addr) int {
	text := r.op.Param("cidr_netmask")
	if text == "" || !ip.IsValid() {
		return -1
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= ip.BitLen() {
		return n
	}
	if mask := net.ParseIP(text).To4(); mask != nil && ip.Is4() && strings.Contains(text, ".") {
		if ones, bits := net.IPMask(mask).Size(); bits == 32 && ones > 0 {
			return ones
		}
	}
	r.fail("cidr_netmask", "is neither a prefix length of 1 to %d nor a netmask", ip.BitLen())
	return -1
}

func (r *reader) boolean(name string, otherwise bool) bool {
	text := r.op.Param(name)
	if text == "" {
		return otherwise
	}
	b, err := cib.ParseBool(text)
	if err != nil {
		r.fail(name, "is neither true nor false")
	}
	return b
}

func (r *reader) number(name string, otherwise, low, high int) int {
	text := r.op.Param(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		r.fail(name, "is no whole number from %d to %d", low, high)
	}
	return n
}

func (r *reader) duration(name string, otherwise time.Duration) time.Duration {
	text := r.op.Param(name)
	if text == "" {
		return otherwise
	}
	d, err := cib.ParseDuration(text)
	if err != nil {
		r.fail(name, "is no time such as 50ms")
	}
	return d
}
